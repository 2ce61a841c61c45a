package parse_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cidrx/detect/parse"
)

// withoutControl is s as far as HTTP lets clients send it: Go's server refuses the rest.
func withoutControl(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}

// orDefault is how Traefik writes a quoted field.
func orDefault(s string) string {
	if s == "" {
		s = "-"
	}
	return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"`
}

// traefik writes r as Traefik does.
func (r request) traefik() string {
	return fmt.Sprintf(`%s - %s [10/Dec/2024:00:00:19 +0700] "GET %s HTTP/2.0" 200 5 %s %s 17 "r@docker" "http://10.0.0.1:80" 3ms`,
		r.addr, orDash(r.user), r.target, orDefault(r.referer), orDefault(r.agent))
}

// TestRoundTripTraefik reads lines of hostile requests. Those whose user or target imitates an address or a stamp may be refused.
func TestRoundTripTraefik(t *testing.T) {
	p := newParser(t, "traefik", parse.Options{})
	read := 0
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		r.user, r.target, r.referer, r.agent = withoutControl(r.user), withoutControl(r.target), withoutControl(r.referer), withoutControl(r.agent)
		line := r.traefik()
		var ev parse.Event
		err := p.Parse([]byte(line), &ev, new(parse.Arena))
		imitates := strings.Contains(r.user+r.target, "6") || strings.Contains(r.user, ":") || strings.Contains(r.user, "192.0.2.1") || strings.Contains(r.user+r.target, "/Dec/")
		if err != nil && !imitates {
			t.Fatalf("%v\n%q", err, line)
		}
		if err != nil {
			return
		}
		read++
		if diff := cmp.Diff(r.want(), plain(&ev)); diff != "" {
			t.Fatalf("(-want +got)\n%s\n%q", diff, line)
		}
	})
	if read < 20 {
		t.Errorf("%d lines were read", read)
	}
}

// TestTraefikNeverWrong has a proxy in front that adds the client's address to what the client sent, and mutates no line's beginning.
func TestTraefikNeverWrong(t *testing.T) {
	p := newParser(t, "traefik", parse.Options{})
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		real := r.addr
		if sent := withoutControl(drawText(t, "forwarded", 5)); sent != "" {
			r.addr = sent + ", " + r.addr
		}
		r.user, r.target, r.agent = withoutControl(r.user), withoutControl(r.target), withoutControl(r.agent)
		r.referer = withoutControl(r.referer)
		line := r.traefik()
		var ev parse.Event
		if err := p.Parse([]byte(line), &ev, new(parse.Arena)); err == nil && ev.Client.String() != real {
			t.Fatalf("client %s, not %s\n%q", ev.Client, real, line)
		}
	})
}

// jsonLine writes fields as Go's and Envoy's encoders do.
func jsonLine(t *rapid.T, fields map[string]any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(rapid.Bool().Draw(t, "html"))
	if err := enc.Encode(fields); err != nil {
		t.Fatal(err)
	}
	return rapid.SampledFrom([]string{"", "2024-12-09T17:00:19.5Z stdout F ", "2024-12-09T17:00:19.5+07:00 stderr F "}).Draw(t, "head") + strings.TrimSuffix(b.String(), "\n")
}

// bracketed writes an address and a port as Go does.
func bracketed(addr string) string {
	if strings.Contains(addr, ":") {
		return "[" + addr + "]:4711"
	}
	return addr + ":4711"
}

func TestRoundTripProxyJSON(t *testing.T) {
	traefik, envoy := newParser(t, "traefik-json", parse.Options{}), newParser(t, "envoy-json", parse.Options{})
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		for _, s := range []*string{&r.user, &r.target, &r.referer, &r.agent} {
			*s = strings.ToValidUTF8(*s, "?") // encoding/json would
		}
		fields := map[string]any{"ClientAddr": bracketed(r.addr), "ClientHost": r.addr, "ClientUsername": orDash(r.user), "DownstreamContentSize": 5, "DownstreamStatus": 200,
			"RequestMethod": "GET", "RequestPath": r.target, "StartUTC": "2024-12-09T17:00:19Z", "request_User-Agent": r.agent, "request_Referer": r.referer}
		for _, name := range rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 4).Draw(t, "names") {
			fields["request_"+strings.ToValidUTF8(name, "?")] = r.agent
		}
		got := parsePlain(t, traefik, jsonLine(t, fields))
		got.Headers = nil
		if diff := cmp.Diff(r.want(), got); diff != "" {
			t.Fatalf("Traefik: (-want +got)\n%s\n%q", diff, fields)
		}
		fields = map[string]any{"downstream_remote_address": bracketed(r.addr), "x-forwarded-for": r.user, "method": "GET", "path": r.target, "bytes_sent": 5, "response_code": 200,
			"start_time": "2024-12-09T17:00:19Z", "user-agent": r.agent, "referer": r.referer, "requested_server_name": nil, "upstream_host": r.user}
		want := r.want()
		want.User = ""
		if diff := cmp.Diff(want, parsePlain(t, envoy, jsonLine(t, fields))); diff != "" {
			t.Fatalf("Envoy: (-want +got)\n%s\n%q", diff, fields)
		}
	})
}

// escapeHAProxy writes a value as HAProxy does, with the bytes of also besides.
func escapeHAProxy(s, also string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' || c == '"' || c == '#' || strings.IndexByte(also, c) >= 0 {
			fmt.Fprintf(&b, "#%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func TestRoundTripHAProxy(t *testing.T) {
	p := newParser(t, "haproxy", parse.Options{Year: in2024})
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		head := rapid.SampledFrom([]string{"", "<134>", "Dec 10 00:00:19 h haproxy[7]: ", "2024-12-10T00:00:19+07:00 h haproxy: ", "2024-12-10T00:00:19Z stdout F "}).Draw(t, "head")
		agent := "x/1" + r.agent
		captured := fmt.Sprintf("{h|%s} {} ", escapeHAProxy(agent, "{|}"))
		cookie := rapid.SampledFrom([]string{"-", "S=" + strings.NewReplacer(`"`, "", "\n", "").Replace(r.user)}).Draw(t, "cookie")
		line := fmt.Sprintf(`%s%s:4711 [09/Dec/2024:17:00:19] a~ b/c 0/0/1/48/49 200 5 %s - ---- 3/2/0/0/0 0/0 %s"GET %s HTTP/1.1"`, head, r.addr, cookie, captured, escapeHAProxy(r.target, ""))
		want := r.want()
		want.User, want.Referer, want.Agent = "", "", agent
		if diff := cmp.Diff(want, parsePlain(t, p, line)); diff != "" {
			t.Fatalf("(-want +got)\n%s\n%q", diff, line)
		}
		cut := line[:len(line)-rapid.IntRange(0, len(line)).Draw(t, "cut")]
		var ev parse.Event
		if err := p.Parse([]byte(cut), &ev, new(parse.Arena)); err == nil && ev.Client.String() != r.addr {
			t.Fatalf("client %s of %q", ev.Client, cut)
		}
	})
}

func TestRoundTripALB(t *testing.T) {
	p := newParser(t, "alb", parse.Options{})
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		line := fmt.Sprintf(`h2 2024-12-09T17:00:19Z app/n/1 %s:4711 - -1 -1 -1 200 - 3 5 "GET https://www.example.com:443%s HTTP/2.0" "%s" - - - "%s" "%s" "-"`,
			r.addr, escapeNginx(r.target), orDash(escapeNginx(r.agent)), escapeNginx(r.user), escapeNginx(r.referer))
		want := r.want()
		want.User, want.Referer, want.Host, want.Forwarded = "", "", "www.example.com", true
		if diff := cmp.Diff(want, parsePlain(t, p, line)); diff != "" {
			t.Fatalf("(-want +got)\n%s\n%q", diff, line)
		}
	})
}

// TestApacheErrorNeverWrong writes messages as Apache does and reads them back; those about something else must not be taken for a refusal.
func TestApacheErrorNeverWrong(t *testing.T) {
	p := newParser(t, "apache-error", parse.Options{})
	escape := func(s string) string { return strings.ReplaceAll(escapeApache(s), `\"`, `"`) }
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		name := strings.ReplaceAll(r.user, ":", "") // ends a name
		message, want := fmt.Sprintf("AH01618: user %s not found: %s", escape(name), escape(r.target)), "name"
		switch rapid.IntRange(0, 3).Draw(t, "message") {
		case 0:
			message, want = fmt.Sprintf("AH00126: Invalid URI in request GET %s HTTP/1.1", escape(r.target)), "ignored"
		case 1:
			message, want = fmt.Sprintf("AH01630: client denied by server configuration: /var/www%s", escape(r.target)), "denied"
		case 2:
			message = fmt.Sprintf(`AH01617: user %s: authentication failure for "%s": Password Mismatch`, escape(name), escape(r.target))
		}
		if r.referer != "" {
			message += ", referer: " + escape(r.referer)
		}
		line := fmt.Sprintf("[Mon Dec 09 17:00:19.5 2024] [a_b:error] [pid 7:tid 9] [client %s:4711] %s", r.addr, message)
		var ev parse.Event
		err := p.Parse([]byte(line), &ev, new(parse.Arena))
		if got := verdict(&ev, err); want == "ignored" && got != want || want != "ignored" && got != r.addr {
			t.Fatalf("got %s (%v)\n%q", got, err, line)
		}
		if got := plain(&ev); want == "name" && (got.User != name || got.Outcome != parse.Failure || got.Status != 401) {
			t.Fatalf("user %q, want %q\n%q", got.User, name, line)
		}
	})
}
