package parse_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"cidrx/detect/parse"
)

// jsonFormats are the formats whose lines are one JSON object each.
var jsonFormats = []string{"caddy", "nginx-json", "traefik-json", "envoy-json"}

// behind makes a block in which lines are not the last, so that they are read by their marks.
func behind(lines ...string) []byte {
	return []byte(strings.Join(lines, "\n") + "\n" + strings.Repeat("{}", 32) + "\n")
}

// TestQuickJSON tells which lines are read by their marks, so that what servers write does not come to be read slowly, and some that
// must not be.
func TestQuickJSON(t *testing.T) {
	nested := strings.Replace(caddyLine, `"tls":{`, `"tls":{"a":[{"b":["c","d\"]}"]},[[],{}]],"e":{},`, 1)
	for _, c := range []struct {
		name, format, line string
		quick              bool
	}{
		{"Caddy", "caddy", caddyLine, true},
		{"IPv6", "caddy", strings.ReplaceAll(caddyLine, "203.0.113.9", "2001:db8::1"), true},
		{"behind a proxy", "caddy", strings.Replace(caddyLine, "203.0.113.9", "10.0.0.1", 1), true},
		{"with a return", "caddy", caddyLine + "\r", true},
		{"escapes in headers", "caddy", strings.Replace(caddyLine, `"Accept":["text`, `"Sec-Ch-Ua":["\"Chromium\";v=\"130\"","\\"],"Accept":["text`, 1), true},
		{"no headers", "caddy", `{"ts":1693840791.75,"request":{"remote_ip":"192.0.2.1","method":"GET","uri":"/","headers":{}},"status":200}`, true},
		{"before 2.7", "caddy", `{"ts":1693840791,"request":{"remote_addr":"192.0.2.1:4711","uri":"/"},"size":1,"status":0,"resp_headers":{}}`, true},
		{"time as text", "caddy", strings.Replace(caddyLine, "1693840791.7564995", `"2023-09-04T15:19:51Z"`, 1), true},
		{"nested", "caddy", nested, true},
		{"escape in the target", "caddy", strings.Replace(caddyLine, "%2F", `\u0026`, 1), false},
		{"blanks in headers", "caddy", strings.Replace(caddyLine, `:["gzip`, `: ["gzip`, 1), false},
		{"nul bytes for a time", "caddy", strings.Replace(caddyLine, "1693840791.7564995", `"`+strings.Repeat("\x00", 10)+`.5"`, 1), false},
		{"missing comma between values", "caddy", strings.Replace(caddyLine, `"gzip, deflate, br"`, `"gzip""br"`, 1), false},
		{"comma behind the last value", "caddy", strings.Replace(caddyLine, `br"`, `br",`, 1), false},
		{"comma behind the last header", "caddy", strings.Replace(caddyLine, `["REDACTED"]`, `["REDACTED"],`, 1), false},
		{"backslash between strings", "caddy", strings.Replace(caddyLine, `"tls":{`, `"tls":{\`, 1), false},
		{"quote of a number", "caddy", strings.Replace(caddyLine, `"size":1234`, `"size":\"1234`, 1), false},
		{"two clients", "caddy", strings.Replace(caddyLine, `"proto"`, `"client_ip":"192.0.2.1","proto"`, 1), false},
		{"text behind", "caddy", caddyLine + "}", false},
		{"unclosed", "caddy", strings.TrimSuffix(caddyLine, "}"), false},
		{"nginx", "nginx-json", nginxJSON, true},
		{"nginx with blanks", "nginx-json", strings.NewReplacer(`":`, `": `, `,"`, `, "`, "{", "{ ", "}", " }").Replace(nginxJSON), true},
		{"nested", "nginx-json", strings.Replace(nginxJSON, `"host":`, `"a":{"b":[1,{}]},"host":`, 1), true},
		{"escape in a referer", "nginx-json", strings.Replace(nginxJSON, `https://`, `\"\\`, 1), true},
		{"Traefik", "traefik-json", traefikJSON, true},
		{"in a container", "traefik-json", "2024-12-09T17:00:19.189830187Z stdout F " + traefikJSON, false},
		{"like in a container", "traefik-json", `{"aa-":"aaT stdout F {",` + traefikJSON[1:], false},
		{"Envoy", "envoy-json", envoyJSONLine, true},
	} {
		p := newParser(t, c.format, parse.Options{})
		if got := parse.QuickJSON(p, behind(c.line), wantAll); got != c.quick {
			t.Errorf("%s, %s: %v, want %v: %s", c.format, c.name, got, c.quick, c.line)
		}
		if usual := checkBriefs(t, newTwins(t, c.format)[0], behind(c.line), 9); c.quick && usual != 1 {
			t.Errorf("%s, %s: not usual: %s", c.format, c.name, c.line)
		}
	}
}

// TestBriefsOfJSON holds lines made of JSON's pieces against Parse.
func TestBriefsOfJSON(t *testing.T) { parse.EachProcessor(t, testBriefsOfJSON) }

func testBriefsOfJSON(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, p := range newTwins(t, jsonFormats...) {
		usual, quick := 0, 0
		for range 400 {
			lines := make([]string, 1+r.IntN(40))
			for i := range lines {
				lines[i] = drawJSON(r)
			}
			usual += checkBriefs(t, p, behind(lines...), 1+r.IntN(60))
			if parse.QuickJSON(p.slow, behind(lines[0]), 0) {
				quick++
			}
		}
		if usual < 1000 || quick < 40 {
			t.Errorf("%s: %d usual lines and %d quick ones say little", p.format, usual, quick)
		}
	}
}

// TestBriefsOfJSONCut cuts lines at every byte.
func TestBriefsOfJSONCut(t *testing.T) {
	for _, p := range newTwins(t, jsonFormats...) {
		for _, line := range []string{caddyLine, nginxJSON, traefikJSON, envoyJSONLine} {
			for cut := range len(line) {
				checkBriefs(t, p, behind(line[:cut], line, line[cut:], line[:cut]+line[cut+1:]), 3)
			}
		}
	}
}

// What lines are drawn from.
var (
	jsonKeys = []string{"ts", "time", "msg", "message", "request", "headers", "client_ip", "remote_ip", "remote_addr", "method", "uri", "status", "size", "level", "tls",
		"ClientAddr", "ClientHost", "StartUTC", "RequestPath", "request_User-Agent", "DownstreamStatus", "downstream_remote_address", "start_time", "path", "response_code",
		"user-agent", "http_user_agent", "request_uri", "body_bytes_sent", "User-Agent", "X-Forwarded-For", "", "a", `k\"`, "k\\\\", "stats", "tz"}
	jsonValues = []string{`"192.0.2.1"`, `"192.0.2.1"`, `"203.0.113.7:80"`, `"2001:db8::1"`, `1693840791.75`, `1693840792.5`, `"2024-12-10T00:00:19+07:00"`, `"2024-12-10T00:00:19+07:00"`, `200`,
		`404`, `"200"`, `"-"`, `""`, `null`, `true`, `-`, ``, `12345678901234567890`, `0.000002701`, `"/a?b"`, `"GET /a HTTP/1.1"`, `"curl/8.1"`, `"a\"b"`, `"\\"`, `"\u0041"`, `["a","b"]`, `[]`,
		`{}`, `[[{"a":"]"}],{}]`, `{"User-Agent":["curl"],"Accept":["a","b"]}`, `{"User-Agent":["","x"]}`, `{"User-Agent":"x"}`, `[1,2]`, `{"a" : 1}`, `"a b"`}
	jsonBreaks = []string{`"`, `\`, `{`, `}`, `[`, `]`, `,`, `:`, " ", "\t", "\r", "1", "\x00", `\"`, `""`, `"]`, `",`, `"]}`, `,"`, `{"`}
)

// drawJSON makes a line that has the fields of all the formats, more or less, and perhaps is broken at a place or two.
func drawJSON(r *rand.Rand) string {
	member := func() string {
		return `"` + jsonKeys[r.IntN(len(jsonKeys))] + `":` + jsonValues[r.IntN(len(jsonValues))]
	}
	request := []string{`"remote_ip":"192.0.2.1"`, `"uri":"/a"`, `"method":"GET"`, `"headers":{"Accept":["*/*"],"User-Agent":["curl/8.1"],"Cookie":["a\";b"]}`}
	outer := []string{`"ts":1693840791.7564995`, `"StartUTC":"2024-12-09T17:00:19.5Z"`, `"ClientHost":"192.0.2.1"`, `"ClientAddr":"192.0.2.1:80"`, `"remote_addr":"192.0.2.1"`,
		`"downstream_remote_address":"192.0.2.1:80"`, `"start_time":"2024-12-09T17:00:19.479Z"`, `"status":404`, `"size":12`, `"user_agent":"curl/8.1"`, `"resp_headers":{"Server":["Caddy"],"Alt-Svc":["h3=\":443\""]}`}
	for range r.IntN(4) {
		request[r.IntN(len(request))] = member()
		outer[r.IntN(len(outer))] = member()
	}
	outer = append(outer, `"request":{`+strings.Join(request, ",")+`}`)
	r.Shuffle(len(outer), func(i, j int) { outer[i], outer[j] = outer[j], outer[i] })
	line := "{" + strings.Join(outer, ",") + "}"
	if r.IntN(8) == 0 {
		line = strings.NewReplacer(`":`, `": `, `,"`, `, "`).Replace(line)
	}
	for range r.IntN(3) {
		at := r.IntN(len(line) + 1)
		line = line[:at] + jsonBreaks[r.IntN(len(jsonBreaks))] + line[min(len(line), at+r.IntN(2)):]
	}
	return line
}

// FuzzBriefsOfJSON compares on any block, none of whose lines is the last.
func FuzzBriefsOfJSON(f *testing.F) {
	r := rand.New(rand.NewPCG(9, 10))
	for i, line := range append(hostileLines(f), caddyLine, nginxJSON, traefikJSON, envoyJSONLine) {
		f.Add([]byte(line), uint8(i))
		f.Add([]byte(drawJSON(r)+"\n"+drawJSON(r)), uint8(i))
	}
	pairs := newTwins(f, jsonFormats...)
	f.Fuzz(func(t *testing.T, lines []byte, most uint8) {
		block := append(bytes.Clone(lines), behind("")...)
		for _, p := range pairs {
			checkBriefs(t, p, block, 1+int(most))
		}
	})
}
