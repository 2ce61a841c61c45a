package configs_test

import (
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"cidrx/agent/config"
	"cidrx/detect/parse"

	"github.com/google/go-cmp/cmp"
)

// newParser makes the parser of a source as the agent does.
func newParser(s config.Source) (parse.Parser, error) {
	return parse.New(s.Format, parse.Options{
		Location: time.UTC, Year: func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) },
		Fields: s.Fields, TrustedProxies: s.TrustedProxies, Forwarded: s.Forwarded,
	})
}

// loadExample reads an example from its file, as the agent reads its configuration.
func loadExample(t *testing.T, file string) *config.Config {
	t.Helper()
	cfg, warnings, err := config.Load(config.Inputs{
		File: file,
		CheckFormat: func(format string) error {
			_, err := parse.New(format, parse.Options{})
			return err
		},
		CheckFields: func(fields map[string]string) error {
			_, err := parse.New("nginx-json", parse.Options{Fields: fields})
			return err
		},
	})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v, warnings %v", err, warnings)
	}
	return cfg
}

// sample is a line as its server writes it, and what cidrx has to see in it.
type sample struct {
	source, line string
	want         seen
}

// seen is what matters for a ban. Time is that of 22 November 2026, 00:56:30 UTC, in all of them.
type seen struct {
	Client            string
	Forwarded         bool
	Status            int
	Target, UserAgent string
	Outcome           parse.Outcome
}

// samples are by the name of the example. Those of nginx, Apache, HAProxy and Caddy were written by the real servers, with the lines in
// the comments of the examples as their configuration; the addresses are replaced. Those of Traefik and Envoy follow their documentation.
var samples = map[string][]sample{
	"nginx": {
		{"web", `203.0.113.9 - - [22/Nov/2026:00:56:30 +0000] "GET /x HTTP/1.1" 404 153 "-" "Nikto/2.1"`,
			seen{Client: "203.0.113.9", Status: 404, Target: "/x", UserAgent: "Nikto/2.1"}},
		{"errors", `2026/11/22 00:56:30 [error] 32030#32030: *5 limiting requests, excess: 1.000 by zone "one", client: 203.0.113.9, server: , request: "GET /limited HTTP/1.1", host: "127.0.0.1:8801"`,
			seen{Client: "203.0.113.9", Target: "/limited"}},
		{"errors", `2026/11/22 00:56:30 [error] 32030#32030: *6 user "bob": password mismatch, client: 203.0.113.9, server: , request: "GET /secret HTTP/1.1", host: "127.0.0.1:8801"`,
			seen{Client: "203.0.113.9", Status: 401, Target: "/secret", Outcome: parse.Failure}},
	},
	"apache": {
		{"web", `203.0.113.9 - bob [22/Nov/2026:00:56:30 +0000] "GET /secret HTTP/1.1" 401 620 "-" "Nikto/2.1"`,
			seen{Client: "203.0.113.9", Status: 401, Target: "/secret", UserAgent: "Nikto/2.1"}},
		{"vhosts", `localhost:8805 203.0.113.9 - bob [22/Nov/2026:00:56:30 +0000] "GET /secret HTTP/1.1" 401 620 "-" "Nikto/2.1"`,
			seen{Client: "203.0.113.9", Status: 401, Target: "/secret", UserAgent: "Nikto/2.1"}},
		{"errors", `[Sun Nov 22 00:56:30.000000 2026] [auth_basic:error] [pid 32052:tid 32069] [client 203.0.113.9:47646] AH01617: user bob: authentication failure for "/secret": Password Mismatch`,
			seen{Client: "203.0.113.9", Status: 401, Target: "/secret", Outcome: parse.Failure}},
	},
	"caddy": {
		{"web", `{"level":"error","ts":1795308990,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.9","remote_port":"45722","proto":"HTTP/1.1","method":"GET","host":"127.0.0.1:8808","uri":"/x","headers":{"User-Agent":["Nikto/2.1"],"Accept":["*/*"],"X-Forwarded-For":["198.51.100.9"]}},"user_id":"","duration":0.000132004,"size":0,"status":404,"resp_headers":{"Server":["Caddy"]}}`,
			seen{Client: "203.0.113.9", Status: 404, Target: "/x", UserAgent: "Nikto/2.1"}},
		// From Caddy 2.7 on, with trusted_proxies; of a site without a page.
		{"web", `{"level":"info","ts":1795308990,"logger":"http.log.access.log0","msg":"NOP","request":{"remote_ip":"10.0.0.4","remote_port":"51756","client_ip":"203.0.113.9","proto":"HTTP/1.1","method":"GET","host":"127.0.0.1:8810","uri":"/x","headers":{"X-Forwarded-For":["198.51.100.9, 203.0.113.9"],"User-Agent":["Nikto/2.1"],"Accept":["*/*"]}},"bytes_read":0,"user_id":"","duration":0.000006469,"size":0,"status":0,"resp_headers":{"Server":["Caddy"]}}`,
			seen{Client: "203.0.113.9", Forwarded: true, Target: "/x", UserAgent: "Nikto/2.1"}},
	},
	"haproxy": {
		{"web", `Nov 22 00:56:30 edge haproxy[32023]: 203.0.113.9:42262 [22/Nov/2026:00:56:30.000] web app/app1 0/0/0/0/0 404 283 - - ---- 1/1/0/0/0 0/0 {Nikto/2.1} {t} "GET /x HTTP/1.1"`,
			seen{Client: "203.0.113.9", Status: 404, Target: "/x", UserAgent: "Nikto/2.1"}},
	},
	"traefik": {
		{"web", `{"ClientAddr":"203.0.113.9:39496","ClientHost":"203.0.113.9","ClientPort":"39496","DownstreamStatus":404,"Duration":357313,"RequestMethod":"GET","RequestPath":"/x","RequestHost":"www.example.com","StartUTC":"2026-11-22T00:56:30Z","request_User-Agent":"Nikto/2.1"}`,
			seen{Client: "203.0.113.9", Status: 404, Target: "/x", UserAgent: "Nikto/2.1"}},
		// With forwardedHeaders.trustedIPs.
		{"web", `{"ClientAddr":"10.0.0.4:39496","ClientHost":"203.0.113.9","ClientPort":"39496","DownstreamStatus":404,"Duration":357313,"RequestMethod":"GET","RequestPath":"/x","RequestHost":"www.example.com","StartUTC":"2026-11-22T00:56:30Z","request_User-Agent":"Nikto/2.1"}`,
			seen{Client: "203.0.113.9", Forwarded: true, Status: 404, Target: "/x", UserAgent: "Nikto/2.1"}},
	},
	"envoy": {
		{"web", `{"start_time":"2026-11-22T00:56:30.000Z","downstream_remote_address":"203.0.113.9:59292","method":"GET","path":"/x","authority":"www.example.com","response_code":404,"bytes_sent":12,"user-agent":"Nikto/2.1","x-forwarded-for":"203.0.113.9"}`,
			seen{Client: "203.0.113.9", Status: 404, Target: "/x", UserAgent: "Nikto/2.1"}},
		// With xff_num_trusted_hops.
		{"web", `{"start_time":"2026-11-22T00:56:30.000Z","downstream_remote_address":"203.0.113.9:0","method":"GET","path":"/x","authority":"www.example.com","response_code":404,"bytes_sent":12,"user-agent":"Nikto/2.1","x-forwarded-for":"203.0.113.9,10.0.0.4"}`,
			seen{Client: "203.0.113.9", Forwarded: true, Status: 404, Target: "/x", UserAgent: "Nikto/2.1"}},
	},
	"sshd-file": {
		{"ssh", `Nov 22 00:56:30 edge sshd[16378]: Failed password for invalid user pascal from 203.0.113.9 port 53502 ssh2`,
			seen{Client: "203.0.113.9", Outcome: parse.Failure}},
	},
	"sshd-journal": {
		{"ssh", `Nov 22 00:56:30 edge sshd-session[16378]: Failed password for root from 203.0.113.9 port 53502 ssh2`,
			seen{Client: "203.0.113.9", Outcome: parse.Failure}},
	},
	"nginx-syslog": {
		{"web", `203.0.113.9 - - [22/Nov/2026:00:56:30 +0000] "GET /x HTTP/1.1" 404 153 "-" "Nikto/2.1"`,
			seen{Client: "203.0.113.9", Status: 404, Target: "/x", UserAgent: "Nikto/2.1"}},
	},
	"behind-cloudflare": {
		{"web", `172.64.1.9 - - [22/Nov/2026:00:56:30 +0000] "GET /x HTTP/1.1" 404 153 "-" "Nikto/2.1" "203.0.113.9"`,
			seen{Client: "203.0.113.9", Forwarded: true, Status: 404, Target: "/x", UserAgent: "Nikto/2.1"}},
		// Around Cloudflare, with the header that it sets.
		{"web", `198.51.100.9 - - [22/Nov/2026:00:56:30 +0000] "GET /x HTTP/1.1" 404 153 "-" "Nikto/2.1" "203.0.113.9"`,
			seen{Client: "198.51.100.9", Status: 404, Target: "/x", UserAgent: "Nikto/2.1"}},
	},
	"behind-load-balancer": {
		// The client wrote the first address, the outer balancer added the second, the inner one the third.
		{"web", `10.0.0.4 - - [22/Nov/2026:00:56:30 +0000] "GET /x HTTP/1.1" 404 153 "-" "Nikto/2.1" "198.51.100.9, 203.0.113.9, 10.0.0.9"`,
			seen{Client: "203.0.113.9", Forwarded: true, Status: 404, Target: "/x", UserAgent: "Nikto/2.1"}},
		// The balancer's own, to see whether the server is there.
		{"web", `10.0.0.4 - - [22/Nov/2026:00:56:30 +0000] "GET /health HTTP/1.1" 200 2 "-" "curl/7.88.1" "-"`,
			seen{Client: "10.0.0.4", Status: 200, Target: "/health", UserAgent: "curl/7.88.1"}},
		{"tls", `203.0.113.9 - - [22/Nov/2026:00:56:30 +0000] "GET /x HTTP/1.1" 404 153 "-" "Nikto/2.1"`,
			seen{Client: "203.0.113.9", Forwarded: true, Status: 404, Target: "/x", UserAgent: "Nikto/2.1"}},
	},
}

// TestExamples loads every example strictly and reads its servers' lines with the parsers that it makes.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob("examples/*.toml")
	if err != nil || len(files) != len(samples) {
		t.Fatalf("%d examples, %d of them with samples: %v", len(files), len(samples), err)
	}
	for _, file := range files {
		name := file[len("examples/") : len(file)-len(".toml")]
		t.Run(name, func(t *testing.T) {
			cfg := loadExample(t, file)
			if cfg.Agent.Mode != config.Observe {
				t.Errorf("mode %q: an example must not ban anybody", cfg.Agent.Mode)
			}
			for _, source := range cfg.Sources {
				readSamples(t, source, samples[name])
			}
		})
	}
}

// readSamples reads those of the samples that belong to a source; at least one has to.
func readSamples(t *testing.T, source config.Source, all []sample) {
	t.Helper()
	parser, err := newParser(source)
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, s := range all {
		if s.source != source.Name {
			continue
		}
		read++
		var ev parse.Event
		var arena parse.Arena
		if err := parser.Parse([]byte(s.line), &ev, &arena); err != nil {
			t.Errorf("source %s: %v: %s", source.Name, err, s.line)
			continue
		}
		got := seen{ev.Client.String(), ev.Forwarded, int(ev.Status), string(ev.Target), string(ev.UserAgent), ev.Outcome}
		if diff := cmp.Diff(s.want, got); diff != "" {
			t.Errorf("source %s (-want +got):\n%s%s", source.Name, diff, s.line)
		}
		if want := time.Date(2026, 11, 22, 0, 56, 30, 0, time.UTC); !ev.Time.Equal(want) {
			t.Errorf("source %s: time %v, want %v", source.Name, ev.Time, want)
		}
	}
	if read == 0 {
		t.Errorf("source %s has no sample", source.Name)
	}
}

// TestCloudflareIsProtected asks whether the networks of the example cover addresses of both families.
func TestCloudflareIsProtected(t *testing.T) {
	proxies := loadExample(t, "examples/behind-cloudflare.toml").Sources[0].TrustedProxies
	for _, text := range []string{"104.16.0.1", "172.71.255.255", "2606:4700::1111"} {
		covered := false
		for _, p := range proxies {
			covered = covered || p.Contains(netip.MustParseAddr(text))
		}
		if !covered {
			t.Errorf("%s is in none of the networks", text)
		}
	}
}
