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

// dashIsAbsent is what a text log can say of a value.
func dashIsAbsent(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

// want is the event that comes of r.
func (r request) want() event {
	return event{Time: "2024-12-09T17:00:19Z", Client: r.addr, Method: "GET", Target: r.target, User: dashIsAbsent(r.user),
		Referer: dashIsAbsent(r.referer), Agent: dashIsAbsent(r.agent), Status: 200, Bytes: 5}
}

// parsePlain parses line with p.
func parsePlain(t *rapid.T, p parse.Parser, line string) event {
	var ev parse.Event
	if err := p.Parse([]byte(line), &ev, new(parse.Arena)); err != nil {
		t.Fatalf("%v\n%q", err, line)
	}
	return plain(&ev)
}

func TestRoundTripCombined(t *testing.T) {
	p, spelled := newParser(t, "combined", parse.Options{}), newParser(t, `%h - %l [%t] "%r" %s %b "%R" "%u"`, parse.Options{})
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		line := r.combined(drawEscape(t))
		for _, p := range []parse.Parser{p, spelled} {
			if diff := cmp.Diff(r.want(), parsePlain(t, p, line)); diff != "" {
				t.Fatalf("(-want +got)\n%s\n%q", diff, line)
			}
		}
	})
}

func TestRoundTripUnquoted(t *testing.T) {
	p := newParser(t, `%h [%t] GET %U %s %b`, parse.Options{})
	rapid.Check(t, func(t *rapid.T) {
		r := request{addr: drawAddr(t), target: "/" + drawText(t, "target", 6)}
		line := fmt.Sprintf("%s [10/Dec/2024:00:00:19 +0700] GET %s 200 5", r.addr, escapeNginx(r.target))
		want := r.want()
		want.Method = ""
		if diff := cmp.Diff(want, parsePlain(t, p, line)); diff != "" {
			t.Fatalf("(-want +got)\n%s\n%q", diff, line)
		}
	})
}

// TestVhostNeverWrong writes hostile Host headers unchecked in front of the address: such a line may be refused, never misread.
func TestVhostNeverWrong(t *testing.T) {
	p := newParser(t, "vhost_combined", parse.Options{})
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		line := escapeNginx(drawText(t, "host", 4)) + ":443 " + r.combined(escapeNginx)
		var ev parse.Event
		if err := p.Parse([]byte(line), &ev, new(parse.Arena)); err == nil && ev.Client.String() != r.addr {
			t.Fatalf("client %s, not %s\n%q", ev.Client, r.addr, line)
		}
	})
}

func TestRoundTripNginxJSON(t *testing.T) {
	p := newParser(t, "nginx-json", parse.Options{})
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		escape := rapid.SampledFrom([]func(string) string{escapeJSON, escapeNginx}).Draw(t, "escape")
		line := fmt.Sprintf(`{"http_x":"%s","time":"2024-12-10T00:00:19+07:00","remote_user":"%s","request":"GET %s HTTP/1.1","remote_addr":"%s",`+
			`"status":200,"body_bytes_sent":5,"upstream":%s,"http_referer":"%s","http_user_agent":"%s"}`, escape(r.user), escape(r.user), escape(r.target), r.addr,
			rapid.SampledFrom([]string{"", "-", "1.5", `"a"`, `[1,"]"]`}).Draw(t, "upstream"), escape(r.referer), escape(r.agent))
		got := parsePlain(t, p, line)
		got.Headers = nil
		if diff := cmp.Diff(r.want(), got); diff != "" {
			t.Fatalf("(-want +got)\n%s\n%q", diff, line)
		}
	})
}

func TestRoundTripCaddy(t *testing.T) {
	p := newParser(t, "caddy", parse.Options{})
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		for _, s := range []*string{&r.user, &r.target, &r.referer, &r.agent} {
			*s = strings.ToValidUTF8(*s, "?") // encoding/json would
		}
		names := rapid.SliceOfNDistinct(rapid.SampledFrom(pieces), 0, 4, rapid.ID).Draw(t, "names")
		headers := map[string][]string{"User-Agent": {r.agent}, "Referer": {r.referer}}
		for _, name := range names {
			headers[strings.ToValidUTF8(name, "?")] = []string{r.user, r.agent}
		}
		line := caddyJSON(t, r, headers)
		got := parsePlain(t, p, line)
		want := r.want()
		want.User, want.Referer, want.Agent = r.user, r.referer, r.agent
		if len(got.Headers) != 2*len(headers)-2 {
			t.Fatalf("%d headers of %v", len(got.Headers), headers)
		}
		got.Headers = nil
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got)\n%s\n%s", diff, line)
		}
	})
}

// caddyJSON writes r as Caddy does.
func caddyJSON(t *rapid.T, r request, headers map[string][]string) string {
	req := map[string]any{"remote_ip": r.addr, "client_ip": r.addr, "method": "GET", "uri": r.target, "headers": headers, "tls": map[string]any{"sni": r.user}}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(rapid.Bool().Draw(t, "html"))
	if err := enc.Encode(map[string]any{"ts": 1733763619, "msg": "handled request", "request": req, "size": 5, "status": 200, "user_id": r.user,
		"resp_headers": headers}); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// TestRoundTripSSHD writes names as sshd does: cut at 100 bytes, control characters as \ooo, messages cut at 500. Lines may be refused,
// never misread; those that hold no second address must be accepted.
func TestRoundTripSSHD(t *testing.T) {
	p := newParser(t, "sshd", parse.Options{})
	rapid.Check(t, func(t *rapid.T) {
		addr := drawAddr(t)
		full := drawText(t, "user", 12)
		if rapid.Bool().Draw(t, "long") {
			full = strings.Repeat("A", rapid.IntRange(300, 500).Draw(t, "padding")) + full
		}
		user := full[:min(len(full), 100)]
		message := rapid.SampledFrom([]string{
			"Failed password for invalid user " + user + " from " + addr + " port 4711 ssh2",
			"Invalid user " + user + " from " + addr + " port 4711",
			"Invalid user " + user + " from " + addr,
			"Connection closed by invalid user " + full + " " + addr + " port 4711 [preauth]",
			"Disconnected from invalid user " + full + " " + addr + " port 4711 [preauth]",
			"Disconnecting invalid user " + full + " " + addr + " port 4711: Change of username or service not allowed: (" + full + ",x) -> (y,x) [preauth]",
			"error: maximum authentication attempts exceeded for invalid user " + user + " from " + addr + " port 4711 ssh2 [preauth]",
			"Failed publickey for root from " + addr + " port 4711 ssh2: RSA-CERT SHA256:x ID " + full + " (serial 0) CA RSA SHA256:y",
			"Received disconnect from " + addr + " port 4711:11: " + full + " [preauth]",
		}).Draw(t, "message")
		message = visible(message)
		message = message[:min(len(message), 500)]
		var ev parse.Event
		err := p.Parse([]byte("Dec 10 00:00:19 host sshd[1]: "+message), &ev, new(parse.Arena))
		if err == nil && ev.Client.String() != addr {
			t.Fatalf("client %s, not %s\n%q", ev.Client, addr, message)
		}
		if err != nil && len(message) < 500 && !strings.Contains(full, " port ") {
			t.Fatalf("%v\n%q", err, message)
		}
	})
}

// visible writes control characters as vis(3) does.
func visible(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c < ' ' || c == 0x7f {
			fmt.Fprintf(&b, `\%03o`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// TestNginxErrorNeverWrong writes messages as nginx does, with raw newlines where clients can send them, and reads all lines of the file.
func TestNginxErrorNeverWrong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, err := parse.New("nginx-error", parse.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		for range rapid.IntRange(1, 4).Draw(t, "messages") {
			message := nginxMessage(t)
			log.WriteString(message[:min(len(message), 2047)] + "\n")
		}
		for _, line := range strings.Split(log.String(), "\n") {
			var ev parse.Event
			if err := p.Parse([]byte(line), &ev, new(parse.Arena)); err == nil && ev.Client.String() != "192.0.2.1" {
				t.Fatalf("client %s\n%s", ev.Client, log.String())
			}
		}
	})
}

// nginxMessage makes a message about a request of 192.0.2.1.
func nginxMessage(t *rapid.T) string {
	const head = "2026/11/21 20:26:00 [error] 9503#9503: *6 "
	noLineEnd := func(s string) string {
		return strings.NewReplacer("\n", "", "\r", "", "192.0.2.1", "6.6.6.6").Replace(s)
	}
	text := func(label string) string { return noLineEnd(drawText(t, label, 5)) }
	forged := "\n" + head + "access forbidden by rule, client: 6.6.6.6, server: x, request: \"GET / HTTP/1.1\"\n"
	path := text("path") + rapid.SampledFrom([]string{"", forged, `" failed (2: x), client: 6.6.6.6, server: x, request: "GET /"` + forged + forged}).Draw(t, "forged") + text("rest")
	user := strings.ReplaceAll(strings.ReplaceAll(drawText(t, "user", 5), "192.0.2.1", ""), ":", "")
	own := rapid.SampledFrom([]string{
		`access forbidden by rule`,
		`limiting requests, excess: 1.000 by zone "one"`,
		`user "` + user + `" was not found in "/etc/nginx/pw"`,
		`user "` + user + `": password mismatch`,
		`open() "/html/` + path + `" failed (2: No such file or directory)`,
		`directory index of "/html/` + path + `" is forbidden`,
	}).Draw(t, "own")
	return head + own + `, client: 192.0.2.1, server: x, request: "GET /` + text("target") + ` HTTP/1.1", host: "` + text("host") + `", referrer: "` + text("referrer") + `"`
}
