package parse_test

import (
	"testing"

	"cidrx/detect/parse"
)

const (
	combinedLine = `128.199.220.236 - - [10/Dec/2024:00:00:19 +0700] "GET /presentations/logstash/images/kibana-search.png?q=1 HTTP/1.1" 200 203023 "http://semicomplete.example/presentations/logstash-2013/" "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0"`
	commonLine   = `128.199.220.236 - - [10/Dec/2024:00:00:19 +0700] "GET /zec.php HTTP/1.1" 404 187`
	vhostLine    = "www.example.com:443 " + combinedLine
	errorLine    = `2024/12/10 00:00:19 [error] 9503#9503: *9 limiting requests, excess: 20.500 by zone "one", client: 203.0.113.9, server: example.com, request: "GET /login HTTP/1.1", host: "example.com", referrer: "https://example.com/"`
	sshdLine     = `Dec 10 00:00:19 host sshd[2967]: Failed password for invalid user support from 203.0.113.9 port 53679 ssh2`
	nginxJSON    = `{"time":"2024-12-10T00:00:19+07:00","remote_addr":"203.0.113.9","remote_user":"","request":"GET /zec.php?x=1 HTTP/1.1","status":404,"body_bytes_sent":187,"request_time":0.001,"http_referer":"https://example.com/","http_user_agent":"Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0","http_accept_language":"en-US","host":"example.com"}`
	caddyLine    = `{"level":"info","ts":1693840791.7564995,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.9","remote_port":"44790","client_ip":"203.0.113.9","proto":"HTTP/2.0","method":"GET","host":"www.example.com","uri":"/wp-login.php?redirect_to=%2F","headers":{"User-Agent":["Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0"],"Accept":["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],"Accept-Language":["en-US,en;q=0.5"],"Accept-Encoding":["gzip, deflate, br"],"Referer":["https://www.example.com/"],"Upgrade-Insecure-Requests":["1"],"Sec-Fetch-Mode":["navigate"],"Cookie":["REDACTED"]},"tls":{"resumed":false,"version":772,"cipher_suite":4865,"proto":"h2","server_name":"www.example.com"}},"bytes_read":0,"user_id":"","duration":0.000002701,"size":1234,"status":404,"resp_headers":{"Server":["Caddy"],"Content-Type":["text/html; charset=utf-8"],"Alt-Svc":["h3=\":443\"; ma=2592000"]}}`
)

// BenchmarkParse measures each format on a line as its server writes it.
func BenchmarkParse(b *testing.B) {
	for _, c := range []struct{ name, format, line string }{
		{"combined", "combined", combinedLine},
		{"common", "common", commonLine},
		{"vhost_combined", "vhost_combined", vhostLine},
		{"format-string", `%h %^ %^ [%t] "%r" %s %b "%^" "%u"`, combinedLine},
		{"nginx-json", "nginx-json", nginxJSON},
		{"caddy", "caddy", caddyLine},
		{"sshd", "sshd", sshdLine},
		{"nginx-error", "nginx-error", errorLine},
		{"auto", "auto", combinedLine},
	} {
		b.Run(c.name, func(b *testing.B) {
			p, err := parse.New(c.format, parse.Options{})
			if err != nil {
				b.Fatal(err)
			}
			line := []byte(c.line)
			var ev parse.Event
			var a parse.Arena
			b.SetBytes(int64(len(line) + 1))
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Parse(line, &ev, &a); err != nil {
					b.Fatal(err)
				}
				a.Reset()
			}
		})
	}
}
