package parse_test

import (
	"fmt"
	"strings"
	"testing"

	"cidrx/detect/parse"
)

// TestDetectEach finds each format by one, five and fifty lines, alone, behind lines that say nothing, and with another server's among
// them.
func TestDetectEach(t *testing.T) {
	for format, line := range samples() {
		for _, n := range []int{1, 5, 50} {
			t.Run(fmt.Sprintf("%s, %d", format, n), func(t *testing.T) {
				lines := [][]byte{[]byte("rubbish")}
				for i := range n {
					lines = append(lines, []byte(strings.Replace(line, "203.0.113.9", fmt.Sprintf("192.0.2.%d", i+1), 1)))
				}
				checkDetected(t, format, lines[1:])
				checkDetected(t, format, lines)
				if n == 50 { // a tenth of another kind
					for other, line := range samples() {
						if other != format {
							checkDetected(t, format, append(lines, []byte(line), []byte(line), []byte(line), []byte(line), []byte(line)))
						}
					}
				}
			})
		}
	}
}

// checkDetected looks at lines with Detect, and with a parser that finds out by itself.
func checkDetected(t *testing.T, want string, lines [][]byte) {
	t.Helper()
	if got, ok := parse.Detect(lines); got != want || !ok {
		t.Errorf("Detect = %s, %v; want %s", got, ok, want)
	}
	auto, own := newParser(t, "auto", parse.Options{Year: in2024}), newParser(t, want, parse.Options{Year: in2024})
	for _, line := range lines {
		var got, ev parse.Event
		err, wanted := auto.Parse(line, &got, new(parse.Arena)), own.Parse(line, &ev, new(parse.Arena))
		if (err == nil) != (wanted == nil) || err == nil && string(parse.AppendJSON(nil, &got)) != string(parse.AppendJSON(nil, &ev)) {
			t.Errorf("auto: error %v; %s: error %v\n%s", err, want, wanted, line)
		}
	}
}

// TestDetectForms finds formats in the other forms that they come in.
func TestDetectForms(t *testing.T) {
	const container = "2024-12-09T17:00:19.189830187Z stdout F "
	alone := haproxyLine[strings.Index(haproxyLine, "203."):]
	for _, c := range []struct{ name, line, want string }{
		{"Envoy in a container", container + envoyJSONLine, "envoy-json"},
		{"Traefik in a container", container + traefikLine, "traefik"},
		{"Traefik's JSON in a container", container + traefikJSON, "traefik-json"},
		{"HAProxy in a container", container + alone, "haproxy"},
		{"HAProxy alone", alone, "haproxy"},
		{"HAProxy with a new stamp", "2024-12-10T00:00:19.326+07:00 lb haproxy[7]: " + alone, "haproxy"},
		{"HAProxy's TCP log", "Feb  6 12:12:56 localhost haproxy[14387]: 192.0.2.1:33313 [06/Feb/2009:12:12:51.443] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0", "haproxy"},
		{"sshd without a login", "Dec 10 00:00:19 host sshd[1]: Server listening on 0.0.0.0 port 22.", "sshd"},
		{"Apache before 2.4", `[Mon Dec 02 10:44:23 2013] [error] [client 192.0.2.5] user admin: authentication failure for "/admin": Password Mismatch`, "apache-error"},
		{"Apache without refusals", `[Tue Dec 10 00:00:19.208340 2024] [mpm_event:notice] [pid 1:tid 2] AH00489: Apache/2.4 configured`, "apache-error"},
		{"combined with a field more", combinedLine + ` 445`, "combined"},
		{"combined with Traefik's fields in the agent", strings.Replace(combinedLine, "Mozilla", `x\x22 1 \x22a\x22 \x22b\x22 0ms`, 1), "combined"},
		{"generic lines of Traefik", `172.17.0.1 - - [08/Dec/2021:09:16:05 +0000] "GET / HTTP/1.1" 200 405 "-" "-"`, "combined"},
	} {
		for _, n := range []int{1, 5, 50} {
			lines := make([][]byte, n)
			for i := range lines {
				lines[i] = []byte(c.line)
			}
			if got, ok := parse.Detect(lines); got != c.want || !ok {
				t.Errorf("%s, %d lines: Detect = %s, %v; want %s", c.name, n, got, ok, c.want)
			}
		}
	}
}
