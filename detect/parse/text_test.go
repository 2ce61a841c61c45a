package parse_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cidrx/detect/parse"
)

func TestText(t *testing.T) {
	const stamp = "2024-12-09T17:00:19Z"
	for _, c := range []struct {
		name, format, line string
		want               event
	}{
		{"nginx", "combined", `128.199.220.236 - - [10/Dec/2024:00:00:19 +0700] "GET /zec.php HTTP/1.1" 404 187 "-" "Mozlila/5.0 (Linux)"`,
			event{Time: stamp, Client: "128.199.220.236", Method: "GET", Target: "/zec.php", Status: 404, Bytes: 187, Agent: "Mozlila/5.0 (Linux)"}},
		{"other protocol and a further field", "combined", `111.75.193.96 - - [02/Apr/2019:06:27:07 +0000] "\x00\x00\x00E\xFFSMBr\x22\x00NT LM 0.12\x00" 400 182 "-" "-" 445`,
			event{Time: "2019-04-02T06:27:07Z", Client: "111.75.193.96", Target: "\x00\x00\x00E\xffSMBr\"\x00NT LM 0.12\x00", Status: 400, Bytes: 182}},
		{"no request", "combined", `192.0.2.1 - - [10/Dec/2024:00:00:19 +0700] "-" 408 - "-" "-"`,
			event{Time: stamp, Client: "192.0.2.1", Status: 408}},
		{"empty request", "combined", `192.0.2.1 - - [10/Dec/2024:00:00:19 +0700] "" 400 0 "-" "-"`,
			event{Time: stamp, Client: "192.0.2.1", Status: 400}},
		{"HTTP/0.9", "combined", `192.0.2.1 - - [10/Dec/2024:00:00:19 +0700] "GET /" 009 0 "-" "-"`,
			event{Time: stamp, Client: "192.0.2.1", Method: "GET", Target: "/", Status: 9}},
		{"a word", "combined", `192.0.2.1 - - [10/Dec/2024:00:00:19 +0700] "MGLNDD_192.0.2.9_80" 400 157 "-" "-"`,
			event{Time: stamp, Client: "192.0.2.1", Target: "MGLNDD_192.0.2.9_80", Status: 400, Bytes: 157}},
		{"blanks in the target", "combined", `192.0.2.1 - - [10/Dec/2024:00:00:19 +0700] "GET / x HTTP/1.1" 400 157 "-" "-"`,
			event{Time: stamp, Client: "192.0.2.1", Method: "GET", Target: "/ x", Status: 400, Bytes: 157}},
		{"absolute form", "combined", `192.0.2.1 - - [10/Dec/2024:00:00:19 +0700] "CONNECT example.com:443 HTTP/1.1" 400 157 "-" "-"`,
			event{Time: stamp, Client: "192.0.2.1", Method: "CONNECT", Target: "example.com:443", Status: 400, Bytes: 157}},
		{"IPv6", "combined", `2001:DB8::7 - - [10/Dec/2024:00:00:19 +0700] "GET / HTTP/2.0" 200 1 "-" "x"`,
			event{Time: stamp, Client: "2001:db8::7", Method: "GET", Target: "/", Status: 200, Bytes: 1, Agent: "x"}},
		{"IPv4-mapped", "combined", `::ffff:192.0.2.1 - - [10/Dec/2024:00:00:19 +0700] "GET / HTTP/2.0" 200 1 "-" "x"`,
			event{Time: stamp, Client: "192.0.2.1", Method: "GET", Target: "/", Status: 200, Bytes: 1, Agent: "x"}},
		{"zone", "combined", `fe80::1%eth0 - - [10/Dec/2024:00:00:19 +0700] "GET / HTTP/2.0" 200 1 "-" "x"`,
			event{Time: stamp, Client: "fe80::1", Method: "GET", Target: "/", Status: 200, Bytes: 1, Agent: "x"}},
		{"port", "combined", `192.0.2.1:4711 - - [10/Dec/2024:00:00:19 +0700] "GET / HTTP/2.0" 200 1 "-" "x"`,
			event{Time: stamp, Client: "192.0.2.1", Method: "GET", Target: "/", Status: 200, Bytes: 1, Agent: "x"}},
		{"user with blanks", "combined", `192.0.2.1 - a \x22b\x0A, c [d] [10/Dec/2024:00:00:19 +0700] "GET / HTTP/2.0" 401 1 "-" "x"`,
			event{Time: stamp, Client: "192.0.2.1", User: "a \"b\n, c [d]", Method: "GET", Target: "/", Status: 401, Bytes: 1, Agent: "x"}},
		{"empty user of Apache", "combined", `192.0.2.1 - "" [10/Dec/2024:00:00:19 +0700] "GET / HTTP/2.0" 401 1 "-" "x"`,
			event{Time: stamp, Client: "192.0.2.1", Method: "GET", Target: "/", Status: 401, Bytes: 1, Agent: "x"}},
		{"escapes of Apache", "combined", `192.0.2.1 - - [10/Dec/2024:00:00:19 +0700] "GET /\"a\\ HTTP/1.1" 404 1 "http://x/\\" "a\tb\n\"c\" \\\" 400 1 \"-\" \"d"`,
			event{Time: stamp, Client: "192.0.2.1", Method: "GET", Target: `/"a\`, Status: 404, Bytes: 1, Referer: `http://x/\`, Agent: "a\tb\n\"c\" \\\" 400 1 \"-\" \"d"}},
		{"unclosed", "combined", `192.0.2.1 - - [20/May/2015:12:05:17 +0000] "GET / HTTP/1.1" 200 235 "-" "Googlebot/2.1; +http://www.google.com/bot.html`,
			event{Time: "2015-05-20T12:05:17Z", Client: "192.0.2.1", Method: "GET", Target: "/", Status: 200, Bytes: 235, Agent: "Googlebot/2.1; +http://www.google.com/bot.html"}},
		{"further quoted field", "combined", `192.0.2.1 - - [10/Dec/2024:00:00:19 +0700] "GET / HTTP/1.1" 200 5 "-" "curl/8" "203.0.113.1, 6.6.6.6"`,
			event{Time: stamp, Client: "192.0.2.1", Method: "GET", Target: "/", Status: 200, Bytes: 5, Agent: "curl/8"}},
		{"common", "common", `192.0.2.1 - bob [10/Dec/2024:00:00:19 +0700] "GET / HTTP/1.1" 304 -`,
			event{Time: stamp, Client: "192.0.2.1", User: "bob", Method: "GET", Target: "/", Status: 304}},
		{"common of a combined line", "common", `192.0.2.1 - - [10/Dec/2024:00:00:19 +0700] "GET / HTTP/1.1" 200 5 "-" "curl/8"`,
			event{Time: stamp, Client: "192.0.2.1", Method: "GET", Target: "/", Status: 200, Bytes: 5}},
		{"virtual host", "vhost_combined", `www.example.com:443 192.0.2.1 - al b [10/Dec/2024:00:00:19 +0700] "GET / HTTP/1.1" 200 5 "-" "curl/8"`,
			event{Time: stamp, Host: "www.example.com", Client: "192.0.2.1", User: "al b", Method: "GET", Target: "/", Status: 200, Bytes: 5, Agent: "curl/8"}},
		{"format of cidrx 1.x", `%h %^ %^ [%t] "%r" %s %b "%^" "%u"`, `192.0.2.1 - john doe [10/Dec/2024:00:00:19 +0700] "GET / HTTP/1.1" 200 5 "-" "curl/8"`,
			event{Time: stamp, Client: "192.0.2.1", Method: "GET", Target: "/", Status: 200, Bytes: 5, Agent: "curl/8"}},
		{"all specifiers", `<%t> %v|%m|%s|%b|%h|%l|100%% "%U" "%R" "%u" "%F" %^`, `<2024-12-10T00:00:19+07:00> h.example|GET|200|5|192.0.2.1|bob|100% "/a?b" "r" "u" "-" rest of it`,
			event{Time: stamp, Host: "h.example", Client: "192.0.2.1", User: "bob", Method: "GET", Target: "/a?b", Status: 200, Bytes: 5, Referer: "r", Agent: "u"}},
		{"target with blanks outside quotes", `%h [%t] %m %U %s %b`, `192.0.2.1 [10/Dec/2024:00:00:19 +0700] GET /x 200 5 404 10`,
			event{Time: stamp, Client: "192.0.2.1", Method: "GET", Target: "/x 200 5", Status: 404, Bytes: 10}},
		{"Apache's own brackets", `%h %t "%r" %s`, `192.0.2.1 [10/Dec/2024:00:00:19 +0700] "GET / HTTP/1.1" 200`,
			event{Time: stamp, Client: "192.0.2.1", Method: "GET", Target: "/", Status: 200}},
		{"time of nginx's msec", `%t %h "%r"`, `1733763619.000 192.0.2.1 "GET / HTTP/1.1"`,
			event{Time: stamp, Client: "192.0.2.1", Method: "GET", Target: "/"}},
		{"client in quotes", `"%h" %s`, `"2001:db8::1" 200`, event{Client: "2001:db8::1", Status: 200}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseOne(t, c.format, parse.Options{}, c.line)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestTextRefused(t *testing.T) {
	const rest = ` - - [10/Dec/2024:00:00:19 +0700] "GET / HTTP/1.1" 200 5 "-" "curl/8"`
	for _, c := range []struct{ name, line, want string }{
		{"empty", "", "empty"},
		{"host name", "crawl.example.com" + rest, "not an IP address"},
		{"socket", "unix:" + rest, "not an IP address"},
		{"leading zeros", "010.001.002.003" + rest, "not an IP address"},
		{"empty octet", "1..2.3" + rest, "not an IP address"},
		{"three octets", "1.2.3" + rest, "not an IP address"},
		{"five octets", "1.2.3.4.5" + rest, "not an IP address"},
		{"octet over 255", "1.2.3.256" + rest, "not an IP address"},
		{"port over 65535", "1.2.3.4:65536" + rest, "not an IP address"},
		{"brackets left open", "[2001:db8::1" + rest, "not an IP address"},
		{"day of no month", `192.0.2.1 - - [31/Feb/2024:00:00:19 +0700] "GET / HTTP/1.1" 200 5 "-" "curl/8"`, "time stamp"},
		{"hour 24", `192.0.2.1 - - [10/Dec/2024:24:00:19 +0700] "GET / HTTP/1.1" 200 5 "-" "curl/8"`, "time stamp"},
		{"no agent", `192.0.2.1 - - [10/Dec/2024:00:00:19 +0700] "GET / HTTP/1.1" 200 5`, "fields of the format"},
		{"cut in the referer", `192.0.2.1 - - [10/Dec/2024:00:00:19 +0700] "GET / HTTP/1.1" 200 5 "http://`, "not closed"},
		{"cut in the request", `192.0.2.1 - - [10/Dec/2024:00:00:19 +0700] "GET / HT`, "not closed"},
		{"text behind the agent", `192.0.2.1 - - [10/Dec/2024:00:00:19 +0700] "GET / HTTP/1.1" 200 5 "-" "a"b"`, "after the last field"},
		{"status", `192.0.2.1 - - [10/Dec/2024:00:00:19 +0700] "GET / HTTP/1.1" 2x0 5 "-" "a"`, "fields of the format"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseOne(t, "combined", parse.Options{}, c.line)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %+v and error %v, want an error with %q", got, err, c.want)
			}
		})
	}
}

func TestFormatErrors(t *testing.T) {
	for _, c := range []struct{ format, want string }{
		{"combind", `did you mean "combined"? There are caddy`},
		{"nginx_error", `did you mean "nginx-error"`},
		{"logpush", `unknown log format "logpush": there are caddy, nginx-json, traefik-json`},
		{"", "no log format given"},
		{"%h %x", "unknown specifier %x: there are %h client"},
		{"%h %", "lone %"},
		{"%t %s", "no %h"},
		{"%h %h", "%h twice"},
		{"%h%t", "needs text between"},
		{"%U %h", "log the address first"},
		{`"%r" %l %h`, "log the address first"},
	} {
		if _, err := parse.New(c.format, parse.Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("New(%q): error %v, want one with %q", c.format, err, c.want)
		}
	}
}

func TestForwarded(t *testing.T) {
	proxies := parse.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:f::/48")}}
	for _, c := range []struct {
		name, list, peer string
		opts             parse.Options
		want             string
		forwarded        bool
	}{
		{"peer not trusted", "6.6.6.6", "192.0.2.1", proxies, "192.0.2.1", false},
		{"one hop", "203.0.113.7", "10.0.0.1", proxies, "203.0.113.7", true},
		{"client sent a list", "6.6.6.6, 203.0.113.7", "10.0.0.1", proxies, "203.0.113.7", true},
		{"two hops", "6.6.6.6, 203.0.113.7, 10.2.3.4,2001:db8:f::1", "10.0.0.1", proxies, "203.0.113.7", true},
		{"with port", "203.0.113.7:4711", "10.0.0.1", proxies, "203.0.113.7", true},
		{"IPv6 with port", "[2001:db8::1]:4711", "10.0.0.1", proxies, "2001:db8::1", true},
		{"rubbish further left", "unknown, 203.0.113.7", "10.0.0.1", proxies, "203.0.113.7", true},
		{"rubbish at the right", "203.0.113.7, unknown", "10.0.0.1", proxies, "", false},
		{"empty item", "203.0.113.7, ", "10.0.0.1", proxies, "", false},
		{"proxies only", "10.0.0.2, 10.0.0.3", "10.0.0.1", proxies, "10.0.0.2", true},
		{"no list", "-", "10.0.0.1", proxies, "10.0.0.1", false},
		{"nobody trusted", "203.0.113.7", "10.0.0.1", parse.Options{}, "10.0.0.1", false},
		{"rewritten by the server", "203.0.113.7", "192.0.2.1", parse.Options{Forwarded: true}, "192.0.2.1", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			for format, line := range map[string]string{
				`%h "%F"`:    c.peer + ` "` + c.list + `"`,
				"nginx-json": `{"remote_addr":"` + c.peer + `","http_x_forwarded_for":"` + c.list + `"}`,
				"caddy":      `{"request":{"remote_ip":"` + c.peer + `","headers":{"X-Forwarded-For":["` + strings.TrimPrefix(c.list, "-") + `"]}}}`,
			} {
				got, err := parseOne(t, format, c.opts, line)
				if err == nil != (c.want != "") || got.Client != c.want || got.Forwarded != c.forwarded {
					t.Errorf("%s: got %s, forwarded %v, error %v; want %s, %v", format, got.Client, got.Forwarded, err, c.want, c.forwarded)
				}
			}
		})
	}
}

func TestForwardedOption(t *testing.T) {
	for format, line := range map[string]string{"combined": combinedLine, "sshd": sshdLine, "nginx-error": errorLine, "auto": combinedLine,
		"nginx-json": nginxJSON, "caddy": caddyLine, "vhost_combined": vhostLine} {
		got, err := parseOne(t, format, parse.Options{Forwarded: true}, line)
		if err != nil || !got.Forwarded {
			t.Errorf("%s: error %v, forwarded %v", format, err, got.Forwarded)
		}
	}
}

func TestStamps(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ in, want string }{
		{"10/Dec/2024:00:00:19 +0700", "2024-12-09T17:00:19Z"},
		{"[29/Feb/2024:23:59:60 -0330]", "2024-03-01T03:30:00Z"},
		{"2024-12-10T00:00:19+07:00", "2024-12-09T17:00:19Z"},
		{"2024-12-10T00:00:19.123456Z", "2024-12-10T00:00:19.123456Z"},
		{"2024-12-10T00:00:19.5+0700", "2024-12-09T17:00:19.5Z"},
		{"2024-12-10 00:00:19,250 +0700", "2024-12-09T17:00:19.25Z"},
		{"2024/12/10 01:00:19", "2024-12-10T00:00:19Z"}, // Berlin
		{"2024-07-10T01:00:19", "2024-07-09T23:00:19Z"},
		{"1693840791.7564995", "2023-09-04T15:19:51.7564995Z"},
		{"1693840791756", "2023-09-04T15:19:51.756Z"},
		{"1693840791756499500", "2023-09-04T15:19:51.7564995Z"},
		{"0", "1970-01-01T00:00:00Z"},
		{"29/Feb/2023:00:00:00 +0000", ""},
		{"00/Jan/2023:00:00:00 +0000", ""},
		{"10/dec/2024:00:00:19 +0700", ""},
		{"10/Dec/2024:00:00:19", "2024-12-09T23:00:19Z"}, // in the zone of the source
		{"[10/Jul/2024:00:00:19]", "2024-07-09T22:00:19Z"},
		{"[10/Jul/2024:00:00:19.5]", "2024-07-09T22:00:19.5Z"},
		{"31/Feb/2024:00:00:19", ""},
		{"10/Jul/2024:24:00:19", ""},
		{"[10/Jul/2024:00:00:19", ""},
		{"2024-13-10T00:00:19Z", ""},
		{"yesterday", ""},
		{"", ""},
	} {
		at, n := parse.Scan(parse.Options{Location: berlin}, []byte(c.in))
		got := at.Format(time.RFC3339Nano)
		if c.want == "" && n != 0 || c.want != "" && (got != c.want || n != len(c.in)) {
			t.Errorf("scan(%q) = %s, %d; want %s, %d", c.in, got, n, c.want, len(c.in))
		}
	}
}
