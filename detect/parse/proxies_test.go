package parse_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cidrx/detect/parse"
)

const apacheHead = `[Tue Dec 10 00:00:19.208340 2024] [auth_basic:error] [pid 793:tid 140073706153728] [client 192.0.2.1:53720] `

var (
	privateProxies = parse.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	eastOfUTC      = parse.Options{Location: time.FixedZone("", 7*3600), Year: in2024}
)

// lineCase is a line of a format and what is in it, or what its error says.
type lineCase struct {
	name, line string
	opts       parse.Options
	want       event
	err        string
}

// checkLines reads lines, each with a parser of its own.
func checkLines(t *testing.T, format string, cases []lineCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseOne(t, format, c.opts, c.line)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("got %+v and error %v, want one with %q", got, err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestTraefik(t *testing.T) {
	const stamp, utc = `[10/Dec/2024:00:00:19 +0700]`, "2024-12-09T17:00:19Z"
	checkLines(t, "traefik", []lineCase{
		{"headers dropped", `172.17.0.1 - - ` + stamp + ` "GET /upload.asp?test=toto HTTP/1.1" 200 405 "-" "-" 502 "test@docker" "http://172.17.0.3:80" 0ms`,
			parse.Options{}, event{Time: utc, Client: "172.17.0.1", Method: "GET", Target: "/upload.asp?test=toto", Status: 200, Bytes: 405}, ""},
		{"headers kept, user", `2001:db8::1 - bob ` + stamp + ` "POST /login HTTP/2.0" 401 17 "https://x/" "curl/8 \"x\" \n\" 1" 3 "-" "-" 1204ms`,
			parse.Options{}, event{Time: utc, Client: "2001:db8::1", User: "bob", Method: "POST", Target: "/login", Status: 401, Bytes: 17, Referer: "https://x/", Agent: `curl/8 "x" \n" 1`}, ""},
		{"no server", `192.0.2.1 - - ` + stamp + ` "GET / HTTP/1.1" - - "-" "-" 1 "-" "-" 0ms`, parse.Options{},
			event{Time: utc, Client: "192.0.2.1", Method: "GET", Target: "/"}, ""},
		{"quotes in the request", `192.0.2.1 - - ` + stamp + ` "GET /?a" 200 5 "x" "y" HTTP/2.0" 404 19 "r" "a" 1 "-" "-" 0ms`, parse.Options{},
			event{Time: utc, Client: "192.0.2.1", Method: "GET", Target: `/?a" 200 5 "x" "y"`, Status: 404, Bytes: 19, Referer: "r", Agent: "a"}, ""},
		{"of a container", `2024-12-09T17:00:19.189830187Z stdout F 192.0.2.1 - - ` + stamp + ` "GET / HTTP/1.1" 200 5 "-" "-" 1 "-" "-" 0ms`, parse.Options{},
			event{Time: utc, Client: "192.0.2.1", Method: "GET", Target: "/", Status: 200, Bytes: 5}, ""},
		{"of a container, in parts", `2024-12-09T17:00:19.189830187Z stdout P 192.0.2.1 - - ` + stamp + ` "GET / HTTP/1.1" 200 5 "-" "-" 1 "-" "-" 0ms`, parse.Options{}, event{}, "into parts"},
		{"behind a proxy that Traefik trusts", `6.6.6.6, 203.0.113.7 - - ` + stamp + ` "GET / HTTP/1.1" 200 5 "-" "-" 1 "-" "-" 0ms`, parse.Options{},
			event{Time: utc, Client: "203.0.113.7", Forwarded: true, Method: "GET", Target: "/", Status: 200, Bytes: 5}, ""},
		{"behind two", `6.6.6.6, 203.0.113.7, 10.0.0.9 - - ` + stamp + ` "GET / HTTP/1.1" 200 5 "-" "-" 1 "-" "-" 0ms`, privateProxies,
			event{Time: utc, Client: "203.0.113.7", Forwarded: true, Method: "GET", Target: "/", Status: 200, Bytes: 5}, ""},
		{"the server says forwarded", `203.0.113.7 - - ` + stamp + ` "GET / HTTP/1.1" 200 5 "-" "-" 1 "-" "-" 0ms`, parse.Options{Forwarded: true},
			event{Time: utc, Client: "203.0.113.7", Forwarded: true, Method: "GET", Target: "/", Status: 200, Bytes: 5}, ""},
		{"combined", combinedLine, parse.Options{}, event{}, "as Traefik's lines end"},
		{"cut", traefikLine[:len(traefikLine)-3], parse.Options{}, event{}, "as Traefik's lines end"},
		{"cut before the user agent ends", `192.0.2.1 - - ` + stamp + ` "GET / HTTP/1.1" 200 5 "-" "a`, parse.Options{}, event{}, "as Traefik's lines end"},
		{"status", strings.Replace(traefikLine, " 404 ", " ok ", 1), parse.Options{}, event{}, "status"},
		{"no stamp", strings.Replace(traefikLine, "/Dec/", "/Dez/", 1), parse.Options{}, event{}, "time"},
		{"two stamps", `6.6.6.6 - - ` + stamp + ` "x, 192.0.2.1 - - ` + stamp + ` "GET / HTTP/1.1" 200 5 "-" "-" 1 "-" "-" 0ms`, parse.Options{}, event{}, "two places"},
	})
}

func TestTraefikJSON(t *testing.T) {
	const rest = `"RequestMethod":"GET","RequestPath":"/","DownstreamStatus":200,"StartUTC":"2024-12-09T17:00:19Z"}`
	want := event{Time: "2024-12-09T17:00:19Z", Client: "192.0.2.1", Method: "GET", Target: "/", Status: 200}
	forwarded := want
	forwarded.Client, forwarded.Forwarded = "203.0.113.7", true
	checkLines(t, "traefik-json", []lineCase{
		{"as logged", traefikJSON, parse.Options{}, event{Time: "2024-12-09T17:00:19.189830187Z", Client: "203.0.113.9", Method: "GET", Target: "/.env", Status: 404, Bytes: 397,
			Host: "www.example.com", Agent: "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
			Headers: []string{"Accept: */*", "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0"}}, ""},
		{"IPv6", `{"ClientAddr":"[2001:db8::1]:4711","ClientHost":"2001:db8::1",` + rest, parse.Options{}, func() event { e := want; e.Client = "2001:db8::1"; return e }(), ""},
		{"escapes and a user", `{"ClientAddr":"192.0.2.1:1","ClientHost":"192.0.2.1","ClientUsername":"a\nb","request_User-Agent":"\u003cx\u003e","request_X":null,` + rest, parse.Options{},
			func() event {
				e := want
				e.User, e.Agent, e.Headers = "a\nb", "<x>", []string{"User-Agent: <x>"}
				return e
			}(), ""},
		{"behind a proxy that Traefik trusts", `{"ClientAddr":"10.0.0.1:1","ClientHost":"6.6.6.6, 203.0.113.7",` + rest, parse.Options{}, forwarded, ""},
		{"one address forwarded", `{"ClientAddr":"10.0.0.1:1","ClientHost":"203.0.113.7",` + rest, parse.Options{}, forwarded, ""},
		{"behind a trusted proxy", `{"ClientAddr":"10.0.0.1:1","ClientHost":"6.6.6.6, 203.0.113.7, 10.0.0.2",` + rest, privateProxies, forwarded, ""},
		{"trusted proxy itself", `{"ClientAddr":"10.0.0.1:1","ClientHost":"10.0.0.1",` + rest, privateProxies, func() event { e := want; e.Client = "10.0.0.1"; return e }(), ""},
		{"peer that is not trusted", `{"ClientAddr":"192.0.2.1:1","ClientHost":"6.6.6.6",` + rest, privateProxies, want, ""},
		{"peer not logged", `{"ClientHost":"192.0.2.1",` + rest, parse.Options{}, want, ""},
		{"of a container", `2024-12-09T17:00:19Z stderr F {"ClientHost":"192.0.2.1",` + rest, parse.Options{}, want, ""},
		{"a message of its own", `{"level":"error","time":"2024-12-09T17:00:19Z","message":"x"}`, parse.Options{}, event{}, "about no request"},
		{"no client", `{"RequestHost":"x",` + rest, parse.Options{}, event{}, "no field with the client"},
		{"host is a name", `{"ClientHost":"localhost",` + rest, parse.Options{}, event{}, "not an IP address"},
	})
}

func TestEnvoyJSON(t *testing.T) {
	want := event{Time: "2020-12-08T03:24:22.162Z", Client: "10.0.1.38", Method: "GET", Target: "/status/418", Host: "httpbin:8000", Agent: "curl/7.69.1", Status: 418, Bytes: 135}
	const istio = `{"bytes_sent":"135","upstream_cluster":"outbound|8000||httpbin.default","downstream_remote_address":"10.0.1.38:35842","authority":"httpbin:8000","path":"/status/418","protocol":"HTTP/1.1","upstream_service_time":"1","duration":"2","user_agent":"curl/7.69.1","response_code":"418","response_flags":"-","start_time":"2020-12-08T03:24:22.162Z","method":"GET","x_forwarded_for":"-","requested_server_name":"-"}`
	checkLines(t, "envoy-json", []lineCase{
		{"Istio", istio, parse.Options{}, want, ""},
		{"Envoy Gateway, nulls", envoyJSONLine, parse.Options{}, event{Time: "2024-12-09T17:00:19.479Z", Client: "203.0.113.9", Method: "GET", Target: "/assets/image.webp", Host: "www.example.com",
			Agent: "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0", Status: 200, Bytes: 121258}, ""},
		{"of a container", "2020-12-08T03:24:22.162123456Z stdout F " + istio, parse.Options{}, want, ""},
		{"of a container with an offset", "2020-12-08T03:24:22.162123456+02:00 stdout F " + istio, parse.Options{}, want, ""},
		{"forwarded, by the port", strings.Replace(istio, ":35842", ":0", 1), parse.Options{}, func() event { e := want; e.Forwarded = true; return e }(), ""},
		{"behind a trusted proxy", strings.Replace(istio, `x_forwarded_for":"-"`, `x_forwarded_for":"6.6.6.6,203.0.113.7,10.0.1.38"`, 1), privateProxies,
			func() event { e := want; e.Client, e.Forwarded = "203.0.113.7", true; return e }(), ""},
		{"null status", `{"downstream_remote_address":"[2001:db8::1]:5","response_code":null,"path":null}`, parse.Options{}, event{Client: "2001:db8::1"}, ""},
		{"no client", `{"path":"/","x-forwarded-for":"6.6.6.6"}`, parse.Options{}, event{}, "no field with the client"},
		{"client null", `{"downstream_remote_address":null}`, parse.Options{}, event{}, "no field with the client"},
		{"in parts", "2020-12-08T03:24:22.162123456Z stdout P " + istio[:40], parse.Options{}, event{}, "into parts"},
	})
}

func TestHAProxy(t *testing.T) {
	const body = `192.0.2.1:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html HTTP/1.1"`
	want := event{Time: "2009-02-06T12:14:14.655Z", Client: "192.0.2.1", Method: "GET", Target: "/index.html", Status: 200, Bytes: 2750}
	but := func(f func(*event)) event { e := want; f(&e); return e }
	replace := func(old, put string) string { return strings.Replace(body, old, put, 1) }
	checkLines(t, "haproxy", []lineCase{
		{"of a syslog file", "Feb  6 12:14:14 localhost haproxy[14389]: " + body, parse.Options{}, want, ""},
		{"ISO stamps", "2009-02-06T12:14:14.655123+07:00 lb haproxy[14389]: " + body, parse.Options{}, want, ""},
		{"alone", body, parse.Options{}, want, ""},
		{"priority", "<134>" + body, parse.Options{}, want, ""},
		{"priority and head without host", "<134>Feb  6 12:14:14 haproxy[14389]: " + body, parse.Options{}, want, ""},
		{"RFC 5424", "<134>1 2009-02-06T12:14:14.655123+02:00 - haproxy 266980 - - " + body, parse.Options{}, want, ""},
		{"of a container", "2009-02-06T12:14:14.655123Z stdout F " + body, parse.Options{}, want, ""},
		{"enterprise", "Feb  6 12:14:14 localhost hapee-lb[14389]: " + body, parse.Options{}, want, ""},
		{"stamp in the zone of the host", body, eastOfUTC, but(func(e *event) { e.Time = "2009-02-06T05:14:14.655Z" }), ""},
		{"IPv6", replace("192.0.2.1", "2001:db8::1"), parse.Options{}, but(func(e *event) { e.Client = "2001:db8::1" }), ""},
		{"mapped", replace("192.0.2.1", "::ffff:192.0.2.1"), parse.Options{}, want, ""},
		{"forwarded", body, parse.Options{Forwarded: true}, but(func(e *event) { e.Forwarded = true }), ""},
		{"user agent", replace("{1wt.eu}", "{1wt.eu|Mozilla/5.0 (#22#7C)|}"), parse.Options{}, but(func(e *event) { e.Agent = `Mozilla/5.0 ("|)` }), ""},
		{"two like user agents", replace("{1wt.eu}", "{a/1|Mozilla/5.0}"), parse.Options{}, want, ""},
		{"one group may be the response's", replace("{1wt.eu} {}", "{nginx/1.2}"), parse.Options{}, want, ""},
		{"no groups", replace("{1wt.eu} {} ", ""), parse.Options{}, want, ""},
		{"escapes", replace("/index.html", "/#22#23?{|}"), parse.Options{}, but(func(e *event) { e.Target = `/"#?{|}` }), ""},
		{"absolute", replace("/index.html HTTP/1.1", "https://www.example.com/index.html HTTP/2.0"), parse.Options{}, but(func(e *event) { e.Host = "www.example.com" }), ""},
		{"cookies", replace(" - - ----", " SESS=a b=c; d - --VN"), parse.Options{}, want, ""},
		{"more was to come", replace(" 2750", " +2750"), parse.Options{}, want, ""},
		{"httpslog", body + " 0/0000000000000000/0/0/0 1wt.eu/TLSv1.3/TLS_AES_256_GCM_SHA384", parse.Options{}, want, ""},
		{"fields at the end", body + ` hdrs:"a: \"b"`, parse.Options{}, want, ""},
		{"no request", `192.0.2.1:33317 [06/Feb/2009:12:14:14.655] http-in http-in/<NOSRV> -1/-1/-1/-1/+50 400 187 - - PR-- 2/2/0/0/+3 0/0 "<BADREQ>"`, parse.Options{},
			but(func(e *event) { e.Method, e.Target, e.Status, e.Bytes = "", "", 400, 187 }), ""},
		{"no status", replace(" 200 2750", " -1 0"), parse.Options{}, but(func(e *event) { e.Status, e.Bytes = 0, 0 }), ""},
		{"cut in the request", strings.TrimSuffix(body, ` HTTP/1.1"`), parse.Options{}, want, ""},
		{"cut before it", body[:len(body)-30], parse.Options{}, event{}, "not one of HAProxy's"},
		{"TCP", "Feb  6 12:12:56 localhost haproxy[14387]: 192.0.2.1:33313 [06/Feb/2009:12:12:51.443] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0", parse.Options{}, event{}, "no HTTP request"},
		{"connection", "Feb  6 12:12:09 localhost haproxy[14385]: Connect from 192.0.2.1:33312 to 10.0.3.31:8012 (www/HTTP)", parse.Options{}, event{}, "no HTTP request"},
		{"server down", "Feb  6 12:12:09 localhost haproxy[14385]: Server b/s is DOWN, reason: Layer4 timeout.", parse.Options{}, event{}, "no HTTP request"},
		{"handshake", "Dec  3 18:27:14 localhost haproxy[6103]: 192.0.2.1:56059 [03/Dec/2012:17:35:10.380] frt/f1: SSL handshake failure", parse.Options{}, event{}, "no HTTP request"},
		{"another program", "Feb  6 12:14:14 localhost nginx[1]: " + body, parse.Options{}, event{}, "another program"},
		{"unix socket", replace("192.0.2.1:33317", "unix:1"), parse.Options{}, event{}, "not an IP address"},
		{"no port", replace("192.0.2.1:33317", "2001:db8::beef"), parse.Options{}, event{}, "not an IP address"},
		{"rubbish", "rubbish", parse.Options{}, event{}, "not one of HAProxy's"},
	})
}

func TestALB(t *testing.T) {
	want := event{Time: "2024-12-09T17:00:19.186641Z", Client: "203.0.113.9", Method: "GET", Target: "/product/42?q=1", Host: "www.example.com", Status: 200, Bytes: 57,
		Agent: "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0", Forwarded: true}
	but := func(f func(*event)) event { e := want; f(&e); return e }
	replace := func(old, put string) string { return strings.Replace(albLine, old, put, 1) }
	checkLines(t, "alb", []lineCase{
		{"as logged", albLine, parse.Options{}, want, ""},
		{"of 2016", albLine[:strings.Index(albLine, ` "www.example.com" `)], parse.Options{}, want, ""},
		{"IPv6", replace("203.0.113.9:2817", "2001:db8::1:2817"), parse.Options{}, but(func(e *event) { e.Client = "2001:db8::1" }), ""},
		{"IPv6 in brackets", replace("203.0.113.9:2817", "[2001:db8::1]:2817"), parse.Options{}, but(func(e *event) { e.Client = "2001:db8::1" }), ""},
		{"escapes", replace("/42?q=1", `/42?q=\x22`), parse.Options{}, but(func(e *event) { e.Target = `/product/42?q="` }), ""},
		{"another port", replace(":443/", ":8443/"), parse.Options{}, but(func(e *event) { e.Host = "www.example.com:8443" }), ""},
		{"no target", replace("10.0.0.1:80 0.086 0.048 0.037 200 200", "- -1 -1 -1 503 -"), parse.Options{}, but(func(e *event) { e.Status = 503 }), ""},
		{"no request", replace(`"GET https://www.example.com:443/product/42?q=1 HTTP/2.0" "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0"`, `"- http://www.example.com:80- -" "-"`), parse.Options{},
			but(func(e *event) { e.Method, e.Target, e.Host, e.Agent = "", "", "", "" }), ""},
		{"type", replace("https ", "tcp "), parse.Options{}, event{}, "load balancer"},
		{"time", replace("2024-12-09T", "2024-13-09T"), parse.Options{}, event{}, "time stamp"},
		{"client", replace("203.0.113.9:2817", "203.0.113.9"), parse.Options{}, event{}, "not an IP address"},
		{"status", replace(" 200 200 ", " x 200 "), parse.Options{}, event{}, "status"},
		{"times", replace(" 0.048 ", " x "), parse.Options{}, event{}, "load balancer"},
		{"cut in the request", albLine[:180], parse.Options{}, event{}, "not closed"},
		{"cut behind the agent", albLine[:strings.Index(albLine, " TLSv1.2")], parse.Options{}, event{}, "load balancer"},
	})
}

func TestApacheError(t *testing.T) {
	const utc = "2024-12-10T00:00:19.20834Z"
	user := event{Time: utc, Client: "192.0.2.1", User: "bob", Outcome: parse.Failure, Status: 401, Target: "/private"}
	denied := event{Time: utc, Client: "192.0.2.1", Status: 403}
	but := func(e event, f func(*event)) event { f(&e); return e }
	checkLines(t, "apache-error", []lineCase{
		{"unknown user", apacheHead + `AH01618: user bob not found: /private`, parse.Options{}, user, ""},
		{"wrong password", apacheHead + `AH01617: user bob: authentication failure for "/private": Password Mismatch, referer: https://x/`, parse.Options{}, but(user, func(e *event) { e.Referer = "https://x/" }), ""},
		{"digest, unknown user", apacheHead + "AH01790: user `bob' in realm `private' not found: /private", parse.Options{}, user, ""},
		{"digest, wrong password", apacheHead + "AH01792: user bob: password mismatch: /private", parse.Options{}, user, ""},
		{"user without permission", apacheHead + `AH01631: user bob: authorization failure for "/private": `, parse.Options{}, but(user, func(e *event) { e.Outcome = parse.NoOutcome }), ""},
		{"escapes", apacheHead + `AH01618: user b\x22\nb not found: /\\`, parse.Options{}, but(user, func(e *event) { e.User, e.Target = "b\"\nb", `/\` }), ""},
		{"denied", apacheHead + `AH01630: client denied by server configuration: /var/www/x, referer: r`, parse.Options{}, but(denied, func(e *event) { e.Referer = "r" }), ""},
		{"of Apache 2.2", `[Mon Dec 02 10:44:23 2013] [error] [client 2001:db8::5] user bob: authentication failure for "/private": Password Mismatch`, parse.Options{},
			but(user, func(e *event) { e.Time, e.Client = "2013-12-02T10:44:23Z", "2001:db8::5" }), ""},
		{"IPv6 and port", strings.Replace(apacheHead, "192.0.2.1:53720", "2001:db8::1:5372", 1) + `AH01630: client denied by server configuration: /x`, parse.Options{}, but(denied, func(e *event) { e.Client = "2001:db8::1" }), ""},
		{"zone of the host, no thread", `[Tue Dec 10 00:00:19 2024] [authz_core:error] [pid 793] [client 192.0.2.1:53720] AH01630: client denied by server configuration: /x`, eastOfUTC,
			but(denied, func(e *event) { e.Time = "2024-12-09T17:00:19Z" }), ""},
		{"forwarded", apacheHead + `AH01630: client denied by server configuration: /x`, parse.Options{Forwarded: true}, but(denied, func(e *event) { e.Forwarded = true }), ""},
		{"ModSecurity", apacheHead + `[client 192.0.2.1] ModSecurity: Access denied with code 406 (phase 2). Pattern match "x" at ARGS:id. [file "/f"] [data "[uri \x22/z"] [hostname "www.example.com"] [uri "/a"] [unique_id "Z"], referer: r`,
			parse.Options{}, but(denied, func(e *event) { e.Status, e.Host, e.Target, e.Referer = 406, "www.example.com", "/a", "r" }), ""},
		{"ModSecurity alone, IPv6", `[Tue Dec 10 00:00:19.208340 2024] [:error] [pid 793] [client 2001:db8::1:5372] ModSecurity: Access denied with connection close (phase 1). [uri "/a"]`,
			parse.Options{}, but(denied, func(e *event) { e.Client, e.Status, e.Target = "2001:db8::1:5372", 0, "/a" }), ""},
		{"ModSecurity that only warns", apacheHead + `ModSecurity: Warning. Access denied with code 403`, parse.Options{}, event{}, "refused request"},
		{"not found", apacheHead + `AH00128: File does not exist: /x`, parse.Options{}, event{}, "refused request"},
		{"no user", apacheHead + `AH01629: authorization failure (no authenticated user): /x`, parse.Options{}, event{}, "refused request"},
		{"no client", `[Tue Dec 10 00:00:19.208340 2024] [mpm_event:notice] [pid 1:tid 2] AH00489: Apache/2.4 configured`, parse.Options{}, event{}, "refused request"},
		{"error before the client", `[Tue Dec 10 00:00:19.208340 2024] [core:error] [pid 1:tid 2] (13)Permission denied: [client 192.0.2.1:5] AH00035: access to / denied`, parse.Options{}, event{}, "refused request"},
		{"a name", strings.Replace(apacheHead, "192.0.2.1:53720", "localhost:1", 1) + `AH01618: user bob not found: /private`, parse.Options{}, event{}, "not an IP address"},
		{"cut", apacheHead + `AH01618: user bob`, parse.Options{}, event{}, "does not go on"},
		{"other log", combinedLine, parse.Options{}, event{}, "does not begin"},
		{"day", strings.Replace(apacheHead, "Dec 10", "Dec 32", 1) + `AH01618: user bob not found: /`, parse.Options{}, event{}, "does not begin"},
	})
}
