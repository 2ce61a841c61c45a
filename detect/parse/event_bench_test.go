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

// Lines of proxies.
const (
	traefikLine   = `128.199.220.236 - - [10/Dec/2024:00:00:19 +0700] "GET /upload.asp?test=toto HTTP/1.1" 404 405 "https://example.com/" "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0" 502 "test@docker" "http://172.17.0.3:80" 12ms`
	traefikJSON   = `{"ClientAddr":"203.0.113.9:52654","ClientHost":"203.0.113.9","ClientPort":"52654","ClientUsername":"-","DownstreamContentSize":397,"DownstreamStatus":404,"Duration":3454189,"OriginContentSize":397,"OriginDuration":3427197,"OriginStatus":404,"Overhead":26992,"RequestAddr":"www.example.com","RequestContentSize":0,"RequestCount":5,"RequestHost":"www.example.com","RequestMethod":"GET","RequestPath":"/.env","RequestPort":"-","RequestProtocol":"HTTP/2.0","RequestScheme":"https","RetryAttempts":0,"RouterName":"web@docker","ServiceAddr":"10.0.1.8:8000","ServiceName":"web@docker","ServiceURL":"http://10.0.1.8:8000","StartLocal":"2024-12-10T00:00:19.189830187+07:00","StartUTC":"2024-12-09T17:00:19.189830187Z","entryPointName":"https","level":"info","msg":"","request_Accept":"*/*","request_User-Agent":"Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0","time":"2024-12-10T00:00:19+07:00"}`
	haproxyLine   = `Dec 10 00:00:19 192.168.8.2 haproxy[7]: 203.0.113.9:50210 [10/Dec/2024:00:00:19.326] prod_http_in~ prod_http_out/nginx1 0/0/1/48/49 200 3313 - - ---- 3/2/0/0/0 0/0 {Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0} {} "POST /portal/?Script=934 HTTP/1.1"`
	envoyJSONLine = `{":authority":"www.example.com","bytes_received":0,"bytes_sent":121258,"connection_termination_details":null,"downstream_local_address":"10.244.0.49:9080","downstream_remote_address":"203.0.113.9:59292","duration":11,"method":"GET","protocol":"HTTP/2","requested_server_name":null,"response_code":200,"response_flags":"-","start_time":"2024-12-09T17:00:19.479Z","upstream_host":"10.244.0.50:9080","user-agent":"Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0","x-envoy-origin-path":"/assets/image.webp","x-forwarded-for":"203.0.113.9"}`
	albLine       = `https 2024-12-09T17:00:19.186641Z app/my-loadbalancer/50dc6c495c0c9188 203.0.113.9:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 "GET https://www.example.com:443/product/42?q=1 HTTP/2.0" "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-58337281-1d84f3d73c47ec4e58577259" "www.example.com" "arn:aws:acm:us-east-2:123456789012:certificate/12345678-1234-1234-1234-123456789012" 1 2024-12-09T17:00:18.364000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_1234abcd5678ef90`
	apacheLine    = `[Tue Dec 10 00:00:19.208340 2024] [auth_basic:error] [pid 793:tid 140073706153728] [client 203.0.113.9:53720] AH01618: user badmin not found: /private/, referer: https://example.com/`
)

// proxySamples are those lines by the format that they are in.
var proxySamples = map[string]string{"traefik": traefikLine, "traefik-json": traefikJSON, "haproxy": haproxyLine, "envoy-json": envoyJSONLine, "alb": albLine, "apache-error": apacheLine}

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
		{"traefik", "traefik", traefikLine},
		{"traefik-json", "traefik-json", traefikJSON},
		{"haproxy", "haproxy", haproxyLine},
		{"envoy-json", "envoy-json", envoyJSONLine},
		{"alb", "alb", albLine},
		{"apache-error", "apache-error", apacheLine},
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
