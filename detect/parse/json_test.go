package parse_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cidrx/detect/parse"
)

func TestCaddy(t *testing.T) {
	const peer = `"request":{"remote_ip":"192.0.2.1","method":"GET","uri":"/"}`
	for _, c := range []struct {
		name, line string
		opts       parse.Options
		want       event
	}{
		{"with all headers", `{"level":"info","ts":1693840791.7564995,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"172.17.0.1","remote_port":"44790","client_ip":"172.17.0.1","proto":"HTTP/1.0","method":"GET","host":"127.0.0.1:8080","uri":"/a?b=\u00e4\"","headers":{"User-Agent":["curl/7.74.0"],"Accept":["*/*","x"],"Referer":["http://x/"],"X-Empty":[""],"X-None":[]}},"bytes_read":0,"user_id":"bob","duration":0.000002701,"size":17,"status":404,"resp_headers":{"Server":["Caddy"],"X":["}\"]"]}}`,
			parse.Options{}, event{Time: "2023-09-04T15:19:51.7564995Z", Client: "172.17.0.1", Method: "GET", Target: "/a?b=ä\"", Host: "127.0.0.1:8080",
				Agent: "curl/7.74.0", Referer: "http://x/", User: "bob", Status: 404, Bytes: 17,
				Headers: []string{"User-Agent: curl/7.74.0", "Accept: */*", "Accept: x", "Referer: http://x/", "X-Empty: "}}},
		{"behind a proxy that Caddy trusts", `{"ts":"2023-09-04T15:19:51Z","request":{"remote_ip":"10.0.0.1","client_ip":"203.0.113.7","method":"GET","uri":"/"},"status":0}`,
			parse.Options{}, event{Time: "2023-09-04T15:19:51Z", Client: "203.0.113.7", Forwarded: true, Method: "GET", Target: "/"}},
		{"two forwarded headers", `{"request":{"remote_ip":"10.0.0.1","headers":{"X-Forwarded-For":["6.6.6.6, 203.0.113.7","10.0.0.9"]}}}`,
			parse.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}},
			event{Client: "203.0.113.7", Forwarded: true, Headers: []string{"X-Forwarded-For: 6.6.6.6, 203.0.113.7", "X-Forwarded-For: 10.0.0.9"}}},
		{"before 2.7", `{"ts":1.5,"request":{"remote_addr":"[2001:db8::1]:4711","method":"GET","uri":"/"}}`,
			parse.Options{}, event{Time: "1970-01-01T00:00:01.5Z", Client: "2001:db8::1", Method: "GET", Target: "/"}},
		{"time of the wall", `{"ts":"2023/09/04 15:19:51",` + peer + `}`,
			parse.Options{}, event{Time: "2023-09-04T15:19:51Z", Client: "192.0.2.1", Method: "GET", Target: "/"}},
		{"blanks between", ` { "request" : { "remote_ip" : "192.0.2.1" , "headers" : { "A" : [ "b" , "c" ] } } } `,
			parse.Options{}, event{Client: "192.0.2.1", Headers: []string{"A: b", "A: c"}}},
		{"keys are exact", `{"request":{"remote_ip":"192.0.2.1","Remote_ip":"6.6.6.6","Client_IP":"6.6.6.6","remote\u005fip":"6.6.6.6"}}`,
			parse.Options{}, event{Client: "192.0.2.1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseOne(t, "caddy", c.opts, c.line)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestNginxJSON(t *testing.T) {
	for _, c := range []struct {
		name, line string
		fields     map[string]string
		want       event
	}{
		{"escape=json", `{"time":"2026-11-21T20:27:40+00:00","remote_addr":"127.0.0.1","request":"GET /a?b=ä\"\\ HTTP/1.1","status":401,"http_user_agent":"\t\"\\\u0001","remote_user":"","upt":"","un":}`,
			nil, event{Time: "2026-11-21T20:27:40Z", Client: "127.0.0.1", Method: "GET", Target: `/a?b=ä"\`, Status: 401, Agent: "\t\"\\\x01", Headers: []string{"user_agent: \t\"\\\x01"}}},
		{"without escape=json", `{"time":"2026-11-21T20:27:40+00:00","remote_addr":"127.0.0.1","request":"\x16\x03\x01 \x22abc","status":400,"http_user_agent":"-","remote_user":"a \x22b\x0A","upt":-}`,
			nil, event{Time: "2026-11-21T20:27:40Z", Client: "127.0.0.1", Target: "\x16\x03\x01 \"abc", Status: 400, User: "a \"b\n"}},
		{"single fields", `{"msec":"1693840791.756","remote_addr":"2001:db8::1","request_method":"POST","request_uri":"/login","uri":"/index.php","status":"200","body_bytes_sent":"17","host":"h","http_referer":"r","http_x_a":"b"}`,
			nil, event{Time: "2023-09-04T15:19:51.756Z", Client: "2001:db8::1", Method: "POST", Target: "/login", Status: 200, Bytes: 17, Host: "h", Referer: "r", Headers: []string{"referer: r", "x_a: b"}}},
		{"request is nearer than uri", `{"remote_addr":"192.0.2.1","uri":"/decoded path","request":"GET /decoded%20path?q HTTP/1.1"}`,
			nil, event{Client: "192.0.2.1", Method: "GET", Target: "/decoded%20path?q"}},
		{"field map", `{"ip":"192.0.2.1","remote_addr":"10.0.0.1","when":"10/Dec/2024:00:00:19 +0700","who":"bob","nested":{"ip":"6.6.6.6","a":["]\"}"]},"code":403}`,
			map[string]string{"client": "ip", "time": "when", "user": "who", "status": "code"},
			event{Time: "2024-12-09T17:00:19Z", Client: "192.0.2.1", User: "bob", Status: 403}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseOne(t, "nginx-json", parse.Options{Fields: c.fields}, c.line)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestNginxJSONOtherOrder(t *testing.T) {
	p := newParser(t, "nginx-json", parse.Options{})
	var a parse.Arena
	for i, line := range []string{
		`{"remote_addr":"192.0.2.1","status":200,"host":"a"}`,
		`{"host":"b","remote_addr":"192.0.2.2","status":201}`,
		`{"status":202,"unknown":"x","host":"c","remote_addr":"192.0.2.3"}`,
		`{"remote_addr":"192.0.2.4","status":203,"host":"d"}`,
	} {
		var ev parse.Event
		if err := p.Parse([]byte(line), &ev, &a); err != nil {
			t.Fatal(err)
		}
		want := event{Client: fmt.Sprintf("192.0.2.%d", i+1), Status: 200 + i, Host: string(rune('a' + i))}
		if diff := cmp.Diff(want, plain(&ev)); diff != "" {
			t.Errorf("line %d (-want +got)\n%s", i, diff)
		}
	}
}

func TestJSONRefused(t *testing.T) {
	for _, c := range []struct{ name, format, line, want string }{
		{"no object", "caddy", `"request"`, "not a JSON object"},
		{"cut", "caddy", caddyLine[:len(caddyLine)-30], "not a JSON object"},
		{"cut before the last brace", "caddy", caddyLine[:len(caddyLine)-1], "not a JSON object"},
		{"two objects", "caddy", caddyLine + caddyLine, "after the last field"},
		{"two clients", "caddy", `{"request":{"remote_ip":"192.0.2.1"},"request":{"remote_ip":"6.6.6.6"}}`, "twice"},
		{"no client", "caddy", `{"request":{"method":"GET"}}`, "no field with the client"},
		{"client is no address", "caddy", `{"request":{"remote_ip":"@"}}`, "not an IP address"},
		{"missing comma", "caddy", `{"request":{"remote_ip":"192.0.2.1" "uri":"/"}}`, "not a JSON object"},
		{"missing comma in a list", "caddy", `{"request":{"remote_ip":"192.0.2.1","headers":{"A":["b" "c"]}}}`, "not a JSON object"},
		{"comma at the end", "caddy", `{"request":{"remote_ip":"192.0.2.1",}}`, "not a JSON object"},
		{"time", "caddy", `{"ts":"noon","request":{"remote_ip":"192.0.2.1"}}`, "time stamp"},
		{"two clients", "nginx-json", `{"remote_addr":"192.0.2.1","remote_addr":"192.0.2.1"}`, "twice"},
		{"no client", "nginx-json", `{"client_ip":"192.0.2.1"}`, "no field with the client"},
		{"status", "nginx-json", `{"remote_addr":"192.0.2.1","status":"ok"}`, "status is not a number"},
		{"bytes", "nginx-json", `{"remote_addr":"192.0.2.1","bytes_sent":"1 kB"}`, "byte count is not a number"},
		{"unclosed string", "nginx-json", `{"remote_addr":"192.0.2.1","a":"b\"}`, "not a JSON object"},
	} {
		t.Run(c.format+" "+c.name, func(t *testing.T) {
			got, err := parseOne(t, c.format, parse.Options{}, c.line)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %+v and error %v, want an error with %q", got, err, c.want)
			}
		})
	}
	for want, fields := range map[string]map[string]string{
		`there is no "agent"`: {"client": "a", "agent": "b"},
		"no client":           {"time": "t"},
		"stands for both":     {"client": "a", "time": "a"},
	} {
		if _, err := parse.New("nginx-json", parse.Options{Fields: fields}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("fields %v: error %v, want one with %q", fields, err, want)
		}
	}
}

// TestResult reads back what AppendResult writes.
func TestResult(t *testing.T) {
	for _, c := range []struct{ format, line, want string }{
		{"combined", `2001:db8::1 - b [10/Dec/2024:00:00:19 +0700] "GET /\x22\xFF HTTP/1.1" 404 0 "-" "a\x0A"`,
			`{"line":"2001:db8::1 - b [10/Dec/2024:00:00:19 +0700] \"GET /\\x22\\xFF HTTP/1.1\" 404 0 \"-\" \"a\\x0A\"","ok":true,"event":{"time":"2024-12-09T17:00:19Z","client":"2001:db8::1","method":"GET","target":"/\"` + "\uFFFD" + `","status":404,"bytes":0,"user_agent":"a\u000a","user":"b","repeat":1}}`},
		{"caddy", `{"request":{"remote_ip":"192.0.2.1","client_ip":"192.0.2.2","headers":{"B":["1"],"A":["2","3"],"C":[]}}}`,
			`{"line":"{\"request\":{\"remote_ip\":\"192.0.2.1\",\"client_ip\":\"192.0.2.2\",\"headers\":{\"B\":[\"1\"],\"A\":[\"2\",\"3\"],\"C\":[]}}}","ok":true,"event":{"client":"192.0.2.2","repeat":1,"forwarded":true,"headers":{"B":["1"],"A":["2","3"]}}}`},
		{"sshd", `Dec 10 00:00:19 h CRON[1]: x`, `{"line":"Dec 10 00:00:19 h CRON[1]: x","ok":true,"ignored":"a line of another program"}`},
		{"sshd", `Dec 10 00:00:19 h sshd[1]: message repeated 3 times: [ Failed password for root from 192.0.2.1 port 22 ssh2]`,
			`{"line":"Dec 10 00:00:19 h sshd[1]: message repeated 3 times: [ Failed password for root from 192.0.2.1 port 22 ssh2]","ok":true,"event":{"time":"1970-12-10T00:00:19Z","client":"192.0.2.1","user":"root","outcome":"failure","repeat":3}}`},
		{"common", "\x00\x1b[31m\u009b", `{"line":"\u0000\u001b[31m\u009b","ok":false,"error":"the line does not have the fields of the format"}`},
	} {
		var ev parse.Event
		var a parse.Arena
		err := newParser(t, c.format, parse.Options{}).Parse([]byte(c.line), &ev, &a)
		got := string(parse.AppendResult(nil, []byte(c.line), &ev, err))
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("not JSON: %s", got)
		}
	}
}
