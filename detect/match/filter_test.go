package match_test

import (
	"strings"
	"sync"
	"testing"

	"cidrx/detect/match"
	"cidrx/detect/parse"
)

func event(change func(*parse.Event)) parse.Event {
	ev := parse.Event{
		Method: []byte("GET"), Target: []byte("/login?next=/"), Status: 404, Host: []byte("www.example.org"),
		UserAgent: []byte("curl/8.5.0"), Outcome: parse.Failure,
	}
	if change != nil {
		change(&ev)
	}
	return ev
}

func TestMatch(t *testing.T) {
	type opts = match.Options
	with := func(change func(*parse.Event)) parse.Event { return event(change) }
	host := func(h string) parse.Event { return with(func(e *parse.Event) { e.Host = []byte(h) }) }
	target := func(s string) parse.Event { return with(func(e *parse.Event) { e.Target = []byte(s) }) }
	agent := func(s string) parse.Event { return with(func(e *parse.Event) { e.UserAgent = []byte(s) }) }
	status := func(n int) parse.Event { return with(func(e *parse.Event) { e.Status = n }) }
	plain := with(nil)
	for _, tt := range []struct {
		name string
		o    opts
		ev   parse.Event
		want bool
	}{
		{"no filter", opts{}, plain, true},
		{"no filter, nothing in the event", opts{}, parse.Event{}, true},
		{"empty lists are no filters", opts{Sources: []string{}, Methods: []string{}, Statuses: []string{}, Hosts: []string{}, Outcomes: []string{}}, plain, true},
		{"all together", opts{"(?i)CURL", "^/login", []string{"POST", "GET"}, []string{"4xx"}, []string{"www.example.org"}, []string{"web"}, []string{"failure"}}, plain, true},
		{"source", opts{Sources: []string{"ssh", "web"}}, plain, true},
		{"other source", opts{Sources: []string{"ssh"}}, plain, false},
		{"outcome", opts{Outcomes: []string{"success"}}, plain, false},
		{"no outcome", opts{Outcomes: []string{"success", "failure"}}, with(func(e *parse.Event) { e.Outcome = parse.NoOutcome }), false},
		{"status", opts{Statuses: []string{"403", "404"}}, plain, true},
		{"other status", opts{Statuses: []string{"403"}}, plain, false},
		{"status class, first", opts{Statuses: []string{"5xx"}}, status(500), true},
		{"status class, last", opts{Statuses: []string{"5xx"}}, status(599), true},
		{"status class, next", opts{Statuses: []string{"5xx"}}, status(600), false},
		{"no status", opts{Statuses: []string{"1xx", "2xx", "3xx", "4xx", "5xx"}}, status(0), false},
		{"absurd status", opts{Statuses: []string{"9xx"}}, status(1000), false},
		{"negative status", opts{Statuses: []string{"9xx"}}, status(-5), false},
		{"method", opts{Methods: []string{"POST"}}, plain, false},
		{"method in lower case is another method", opts{Methods: []string{"GET"}}, with(func(e *parse.Event) { e.Method = []byte("get") }), false},
		{"no method", opts{Methods: []string{"GET"}}, with(func(e *parse.Event) { e.Method = nil }), false},
		{"host, case and port", opts{Hosts: []string{"WWW.example.org"}}, host("www.Example.ORG:8080"), true},
		{"host with the root's dot", opts{Hosts: []string{"www.example.org"}}, host("www.example.org.:80"), true},
		{"other host", opts{Hosts: []string{"www.example.org"}}, host("example.org"), false},
		{"IPv6 host", opts{Hosts: []string{"[2001:db8::1]"}}, host("[2001:DB8::1]:443"), true},
		{"empty host", opts{Hosts: []string{"a"}}, host(""), false},
		{"only a port", opts{Hosts: []string{"a"}}, host(":80"), false},
		{"very long host", opts{Hosts: []string{"a"}}, host(strings.Repeat("a", 300)), false},
		{"no host", opts{Hosts: []string{"a"}}, with(func(e *parse.Event) { e.Host = nil }), false},
		{"user agent", opts{UserAgent: `(?i)nikto|CURL/\d`}, plain, true},
		{"user agent beyond ASCII", opts{UserAgent: `(?i)sqlmap`}, agent("ſQLMAP"), true},
		{"user agent beyond ASCII, expression", opts{UserAgent: `(?i)nikto.`}, agent("niKto1"), true},
		{"no user agent", opts{UserAgent: `.*`}, with(func(e *parse.Event) { e.UserAgent = nil }), false},
		{"empty user agent", opts{UserAgent: `^$`}, agent(""), true},
		{"endpoint as logged", opts{Endpoint: `%6c`}, target("/%6cogin"), true},
		{"endpoint decoded", opts{Endpoint: `^/login$`}, target("/%6cogin"), true},
		{"endpoint with slashes", opts{Endpoint: `^/login$`}, target("//login"), true},
		{"endpoint in absolute form", opts{Endpoint: `^/login$`}, target("http://host/login"), true},
		{"endpoint behind dots", opts{Endpoint: `^/login$`}, target("/x/../login"), true},
		{"endpoint, query kept", opts{Endpoint: `^/login\?a=b$`}, target("//login?a=b"), true},
		{"endpoint beyond ASCII", opts{Endpoint: `(?i)/login\.ask`}, target("/LOGIN.a%C5%BF%E2%84%AA"), true},
		{"other endpoint", opts{Endpoint: `^/login$`}, target("/login/x"), false},
		{"no endpoint", opts{Endpoint: `.*`}, with(func(e *parse.Event) { e.Target = nil }), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := match.New(tt.o)
			if err != nil {
				t.Fatal(err)
			}
			var s match.Scratch
			if got := f.Match(&tt.ev, "web", &s); got != tt.want {
				t.Errorf("Match = %v, want %v", got, tt.want)
			}
			if got := newTwin(tt.o).match(&tt.ev, "web"); got != tt.want {
				t.Errorf("the twin has %v, want %v", got, tt.want)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tt := range []struct {
		o    match.Options
		want string
	}{
		{match.Options{UserAgent: "a("}, "user agent expression: error parsing regexp: missing closing ): `a(`"},
		{match.Options{Endpoint: "(?!a)"}, "endpoint expression: error parsing regexp: invalid or unsupported Perl syntax: `(?!`"},
		{match.Options{Methods: []string{"get"}}, `method "get" is not a word in upper case`},
		{match.Options{Methods: []string{""}}, `method "" is not`},
		{match.Options{Statuses: []string{"40x"}}, `status "40x" is neither`},
		{match.Options{Statuses: []string{"x04"}}, `status "x04" is neither`},
		{match.Options{Statuses: []string{"0xx"}}, `status "0xx" is neither`},
		{match.Options{Statuses: []string{"+40"}}, `status "+40" is neither`},
		{match.Options{Statuses: []string{"4xx4"}}, `status "4xx4" is neither`},
		{match.Options{Statuses: []string{"xx"}}, `status "xx" is neither`},
		{match.Options{Statuses: []string{""}}, `status "" is neither`},
		{match.Options{Hosts: []string{"a:80"}}, `host "a:80": write the name alone`},
		{match.Options{Hosts: []string{""}}, `host "": write the name alone`},
		{match.Options{Hosts: []string{"a."}}, `host "a.": write the name alone`},
		{match.Options{Outcomes: []string{"failed"}}, `outcome "failed" is neither "success" nor "failure"`},
	} {
		_, err := match.New(tt.o)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("New(%+v) = %v, want %q", tt.o, err, tt.want)
		}
	}
}

// TestEngine makes sure that what is fast stays fast: which expressions need no regular expression engine, and which are run behind
// a search for literals.
func TestEngine(t *testing.T) {
	for _, tt := range []struct {
		expr             string
		literals, regexp bool
	}{
		{`(?i)nikto|sqlmap|zgrab|masscan`, true, false},
		{`/\.env|/\.git/|/wp-login\.php|/phpmyadmin`, true, false},
		{`^/login$`, true, false},
		{`^/(api|admin)/|\.php$`, true, false},
		{`[Ww]ordpress`, true, false},
		{`wp-(?:login|cron)?\.php`, true, false},
		{`(?i)привет`, true, false},
		{`a^b`, true, false}, // matches nothing
		{`curl/\d`, true, false},
		{`(?i)curl/\d+\.\d`, true, true},
		{`\bcurl\b`, true, true},
		{`/wp-.*\.php`, true, true},
		{`(?:foo)+bar`, true, false},
		{`(?i)сельскохозяйственный`, true, true}, // too many spellings to list them all
		{`^[a-z]+$`, false, true},
		{`.*`, false, false},
		{`nikto|`, false, false},
		{`x|\x{fffd}`, false, true},
	} {
		if l, r := match.Engine(tt.expr); l != tt.literals || r != tt.regexp {
			t.Errorf("%q: literals %v, regular expression %v; want %v, %v", tt.expr, l, r, tt.literals, tt.regexp)
		}
	}
}

// TestScratchIsPerEvent asks several filters about one event and goes on to the next one in the same memory.
func TestScratchIsPerEvent(t *testing.T) {
	login, _ := match.New(match.Options{Endpoint: "^/login$"})
	admin, _ := match.New(match.Options{Endpoint: "^/admin$"})
	var s match.Scratch
	target := []byte("//login")
	ev := parse.Event{Target: target}
	for range 2 {
		if !login.Match(&ev, "", &s) || admin.Match(&ev, "", &s) {
			t.Fatal("//login is not /login")
		}
	}
	copy(target, "//admin")
	s.Reset()
	if login.Match(&ev, "", &s) || !admin.Match(&ev, "", &s) {
		t.Error("the second event was judged by the first one's target")
	}
}

// TestMatchDoesNotAllocate has expressions that literals decide: what the regular expression engine keeps in a pool may be dropped
// from it at any time, and is under the race detector.
func TestMatchDoesNotAllocate(t *testing.T) {
	f, err := match.New(match.Options{
		UserAgent: `(?i)curl/\d\.`, Endpoint: `^/login\?n[ae]xt=`, Methods: []string{"GET"}, Statuses: []string{"4xx"},
		Hosts: []string{"www.example.org"}, Sources: []string{"web"}, Outcomes: []string{"failure"},
	})
	if err != nil {
		t.Fatal(err)
	}
	ev := event(func(e *parse.Event) { e.Target = []byte("http://h//%6cogin?next=%2f") })
	var s match.Scratch
	if n := testing.AllocsPerRun(100, func() {
		s.Reset()
		if !f.Match(&ev, "web", &s) {
			t.Fatal("no match")
		}
	}); n != 0 {
		t.Errorf("%v allocations an event, want none", n)
	}
}

func TestConcurrentUse(t *testing.T) {
	f, err := match.New(match.Options{UserAgent: `(?i)c+url`, Endpoint: `^/login`, Hosts: []string{"www.example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			var s match.Scratch
			for range 1000 {
				ev := event(nil)
				s.Reset()
				if !f.Match(&ev, "web", &s) {
					t.Error("no match")
					return
				}
			}
		})
	}
	group.Wait()
}
