package control

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestDecode(t *testing.T) {
	tests := []struct {
		name, body string
		decode     func([]byte) (any, error)
		want       string // what was understood, as JSON; or what the error says
	}{
		{"ban", `{"prefix":"192.0.2.0/24"}`, as[BanRequest], `{"prefix":"192.0.2.0/24"}`},
		{"mapped prefix", `{"prefix":"::ffff:192.0.2.0/120"}`, as[BanRequest], `{"prefix":"192.0.2.0/24"}`},
		{"white space around", " \n{ \"prefix\" : \"2001:db8::/48\" , \"for_s\":60 }\n", as[BanRequest], `{"prefix":"2001:db8::/48","for_s":60}`},
		{"wider than mapped", `{"prefix":"::ffff:0.0.0.0/90"}`, as[BanRequest], "write IPv4 networks as IPv4"},
		{"no prefix", `{}`, as[BanRequest], "no prefix is given"},
		{"empty prefix", `{"prefix":""}`, as[BanRequest], "no prefix is given"},
		{"null", `null`, as[BanRequest], "not a JSON object"},
		{"address", `{"prefix":"192.0.2.7"}`, as[BanRequest], `networks in it like "192.0.2.7/32"`},
		{"zone", `{"prefix":"fe80::1%eth0/64"}`, as[BanRequest], "zones"},
		{"octal", `{"prefix":"192.0.02.0/24"}`, as[BanRequest], "leading zero"},
		{"host bits", `{"prefix":"2001:db8::1/64"}`, as[BanRequest], "did you mean 2001:db8::/64 or 2001:db8::1/128?"},
		{"unknown field", `{"prefix":"192.0.2.0/24","fro_s":60}`, as[BanRequest], `unknown field "fro_s"`},
		{"field twice", `{"prefix":"192.0.2.0/24","prefix":"192.0.3.0/24"}`, as[BanRequest], "is repeated"},
		{"other case", `{"Prefix":"192.0.2.0/24"}`, as[BanRequest], "not in lower case"},
		{"trailing", `{"prefix":"192.0.2.0/24"} {}`, as[BanRequest], "something follows"},
		{"trailing rubbish", `{"prefix":"192.0.2.0/24"}x`, as[BanRequest], "something follows"},
		{"array", `[]`, as[BanRequest], "not a JSON object"},
		{"cut short", `{"prefix":`, as[BanRequest], "body: "},
		{"negative time", `{"prefix":"192.0.2.0/24","for_s":-1}`, as[BanRequest], "no time between"},
		{"time beyond all time", `{"prefix":"192.0.2.0/24","for_s":9223372036854775807}`, as[BanRequest], "no time between"},
		{"fraction", `{"prefix":"192.0.2.0/24","for_s":1.5}`, as[BanRequest], "cannot unmarshal"},
		{"escape sequence", `{"prefix":"192.0.2.0/24","reason":"\u001b[2J"}`, as[BanRequest], "do not print"},
		{"line break", `{"prefix":"192.0.2.0/24","note":"a\nb"}`, as[AllowRequest], "do not print"},
		{"long text", `{"prefix":"192.0.2.0/24","note":"` + strings.Repeat("x", 501) + `"}`, as[AllowRequest], "say it in 500"},
		{"unblock all", `{"all":true,"grace_s":0}`, as[UnblockRequest], `{"all":true,"grace_s":0}`},
		{"unblock some", `{"prefixes":["192.0.2.0/24","::ffff:192.0.2.1/128"]}`, as[UnblockRequest], `{"prefixes":["192.0.2.0/24","192.0.2.1/32"]}`},
		{"unblock nothing", `{"prefixes":[]}`, as[UnblockRequest], "either prefixes or all"},
		{"unblock both", `{"prefixes":["192.0.2.0/24"],"all":true}`, as[UnblockRequest], "either prefixes or all"},
		{"one of them bad", `{"prefixes":["192.0.2.0/24","192.0.2.1/24"]}`, as[UnblockRequest], "host bits"},
		{"negative grace", `{"all":true,"grace_s":-1}`, as[UnblockRequest], "no time between"},
		{"mode", `{"mode":"enforce","confirm_s":600}`, as[ModeRequest], `{"mode":"enforce","confirm_s":600}`},
		{"no mode", `{"mode":"off"}`, as[ModeRequest], `there is no mode "off"`},
		{"observe for a while", `{"mode":"observe","confirm_s":600}`, as[ModeRequest], "go with mode enforce"},
		{"preview of a trial", `{"mode":"enforce","preview":true,"confirm_s":600}`, as[ModeRequest], "one of the two"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := tt.decode([]byte(tt.body))
			got, _ := json.Marshal(v)
			if err != nil {
				got = []byte(err.Error())
			}
			if (err != nil) == strings.HasPrefix(tt.want, "{") || !strings.Contains(string(got), tt.want) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func as[R checked[R]](body []byte) (any, error) { return decode[R](body) }

// Whatever a peer sends, what comes out is an error or a request that the agent may rely on, and reading that again gives the same.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"prefix":"192.0.2.0/24","for_s":60,"reason":"x"}`, `{"prefix":"::ffff:192.0.2.0/120","note":"ü"}`,
		`{"prefixes":["192.0.2.0/24","2001:db8::/64"],"grace_s":0}`, `{"all":true}`, `{"mode":"enforce","confirm_s":600}`, `{"prefix":null}`, `{"a":{"a":[1,{}]}}`, `{`, ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if r, err := decode[BanRequest](body); err == nil {
			wantSound(t, r, r.ForS, r.Reason)
		}
		if r, err := decode[AllowRequest](body); err == nil {
			wantSound(t, r, r.ForS, r.Note)
		}
		if r, err := decode[ModeRequest](body); err == nil {
			wantSound(t, r, r.ConfirmS, r.Mode)
		}
		if r, err := decode[UnblockRequest](body); err == nil {
			for _, p := range r.Prefixes {
				wantSound(t, BanRequest{Prefix: p}, 0, "")
			}
		}
	})
}

func wantSound[R checked[R]](t *testing.T, r R, seconds int64, text string) {
	t.Helper()
	body, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	again, err := decode[R](body)
	if twice, _ := json.Marshal(again); err != nil || string(twice) != string(body) {
		t.Errorf("%s becomes %s, %v", body, twice, err)
	}
	if b, ok := any(r).(BanRequest); ok {
		if p := b.Prefix; !p.IsValid() || p != p.Masked() || p.Addr().Is4In6() || p.Addr().Zone() != "" {
			t.Errorf("prefix %v is not in normal form", p)
		}
	}
	if seconds < 0 || len(text) > MaxText || !utf8.ValidString(text) || strings.ContainsAny(text, "\n\r\x1b\x00") {
		t.Errorf("%d seconds, text %q", seconds, text)
	}
}
