package match_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cidrx/detect/match"
	"cidrx/detect/parse"
)

// sieve looks for what filters ask for.
func sieve(filters ...*match.Filter) (*match.Sieve, []match.Sets) {
	s, sets := new(match.Sieve), make([]match.Sets, len(filters))
	for i, f := range filters {
		sets[i] = s.Add(f)
	}
	s.Ready()
	return s, sets
}

// foundIn are the sets that s finds in each line of a block.
func foundIn(s *match.Sieve, lines []string) []match.Sets {
	p, found, end := s.Pass(), make([]match.Sets, len(lines)), -1
	p.Start([]byte(strings.Join(lines, "\n")))
	for i, line := range lines {
		end += 1 + len(line)
		found[i] = p.Until(end)
	}
	return found
}

// checkScan holds the candidates among lines of a format against Match on every line. It returns how many lines match, and how many are
// candidates.
func checkScan(t testing.TB, o match.Options, format string, lines []string) (matched, found int) {
	t.Helper()
	f, err := match.New(o)
	if err != nil {
		return 0, 0
	}
	p, err := parse.New(format, parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	search, sets := sieve(f)
	all := sets[0]
	quick, slow, fields := foundIn(search, lines), foundIn(search.Slowly(), lines), foundInFields(search, p, lines)
	var s match.Scratch
	for i, line := range lines {
		var ev parse.Event
		if p.Parse([]byte(line), &ev, new(parse.Arena)) != nil {
			continue
		}
		s.Reset()
		match := f.Match(&ev, "", &s)
		if quick[i]&all == all {
			found++
		}
		if match {
			matched++
		}
		if match && quick[i]&all != all || match && slow[i]&all != all {
			t.Fatalf("endpoint %q, user agent %q: no candidate (vector %b, slow %b of %b), but a match: %s", o.Endpoint, o.UserAgent, quick[i], slow[i], all, line)
		}
		if match && fields != nil && fields[i]&all != all {
			t.Fatalf("%+v: no candidate (%b of %b in its fields), but a match: %s", o, fields[i], all, line)
		}
		s.Reset()
		if got := f.MatchTarget(ev.Target, ev.UserAgent, &s); got != match {
			t.Fatalf("%+v: MatchTarget = %v, Match = %v: %s", o, got, match, line)
		}
	}
	return matched, found
}

// logText writes s as a server would that escapes some of it.
func logText(r *rand.Rand, s string, json bool) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		must := c == '"' || c == '\\' || c < ' '
		switch {
		case must && json || json && r.IntN(40) == 0:
			fmt.Fprintf(&b, `\u%04x`, c)
		case c == '/' && json && r.IntN(10) == 0:
			b.WriteString(`\/`)
		case must && c < ' ' || r.IntN(40) == 0:
			fmt.Fprintf(&b, `\x%02X`, c)
		case must:
			b.WriteString(`\` + string(c))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// disguise spells a target in another way.
func disguise(r *rand.Rand, target string) string {
	var b strings.Builder
	if r.IntN(8) == 0 {
		b.WriteString("http://h")
	}
	for i := range len(target) {
		switch c := target[i]; {
		case r.IntN(15) == 0:
			fmt.Fprintf(&b, "%%%02x", c)
		case c == '/' && r.IntN(4) == 0:
			b.WriteString([]string{"//", "/./", "/x/../", "/x/%2e%2E/", "%2f"}[r.IntN(5)])
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// scanLine makes a log line of a target and an agent, in combined or JSON.
func scanLine(r *rand.Rand, target, agent string, json bool) string {
	if r.IntN(3) == 0 {
		target = disguise(r, target)
	}
	target, agent = logText(r, target, json), logText(r, agent, json)
	if json {
		return fmt.Sprintf(`{"remote_addr":"192.0.2.1","request":"GET %s HTTP/1.1","http_user_agent":"%s","x":"h3=\":443\""}`, target, agent)
	}
	return fmt.Sprintf(`192.0.2.1 - - [10/Dec/2024:00:00:19 +0700] "GET %s HTTP/1.1" 200 5 "http://a/" "%s"`, target, agent)
}

// TestScanAgainstTwin searches random logs for random filters.
func TestScanAgainstTwin(t *testing.T) { match.EachProcessor(t, testScanAgainstTwin) }

func testScanAgainstTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	targets := []string{"/api/", "/api/v1/users?id=1", "/wp-admin/install.php", "/?author=1", "/", "/a/b/c", "/login?next=/api/", "/.env", "*", "/x/.git/config", "/cgi-bin/../etc/passwd"}
	agents := []string{"Mozilla/5.0 nikto/2", "sqlMAP/1.5", "ZGrab", "curl/8.1", "", `a"b\c`, "mäsſcan"}
	exprs := []string{"/api/.*", `^/wp-admin/install\.php`, `/\?author=\d+`, `\.\./`, "^/login", `/wp-(login|admin)/`, `(?i)NIKTO|sqlmap`, ".*scanner.*|.*nikto.*|.*sqlmap.*",
		`/\.(env|git)`, "b/c", `"b`, `\\c`, "[a-z]+api", "curl/8", "^/$", `/b/`, "//", "/etc/passwd", `http://h\?`, "/$", "a$^b"}
	matched, found, all := 0, 0, 0
	for range 700 {
		json := r.IntN(2) == 0
		format := map[bool]string{true: "nginx-json", false: "combined"}[json]
		var lines []string
		for range 10 {
			target, agent := targets[r.IntN(len(targets))], agents[r.IntN(len(agents))]
			if r.IntN(3) == 0 {
				target, agent = "/"+randomText(r), randomText(r)
			}
			lines = append(lines, scanLine(r, target, agent, json))
		}
		var o match.Options
		if r.IntN(3) > 0 {
			o.Endpoint = randomExpr(r, exprs)
		}
		if o.Endpoint == "" || r.IntN(3) == 0 {
			o.UserAgent = randomExpr(r, exprs)
		}
		m, f := checkScan(t, o, format, lines)
		matched, found, all = matched+m, found+f, all+len(lines)
	}
	if matched < all/20 || found > all*9/10 {
		t.Errorf("%d lines, %d candidates, %d matches: the comparison says little", all, found, matched)
	}
}

func randomExpr(r *rand.Rand, exprs []string) string {
	if r.IntN(2) == 0 {
		return exprs[r.IntN(len(exprs))]
	}
	return randomPattern(r, 1+r.IntN(3))
}

// TestScanTells sees that usual lines are no candidates.
func TestScanTells(t *testing.T) {
	usual := `203.0.113.9 - - [10/Dec/2024:00:00:19 +0700] "GET /blog/a%20b?x=%C3%A4 HTTP/1.1" 200 5 "https://example.com/" "` + agent120 + `"`
	caddy := `{"ts":1,"request":{"remote_ip":"203.0.113.9","uri":"/x","headers":{"User-Agent":["` + agent120 + `"],"Sec-Ch-Ua":["\"Chromium\";v=\"126\""]}}}`
	for _, o := range []match.Options{
		{UserAgent: scanners4}, {UserAgent: scanners20}, {UserAgent: ".*scanner.*|.*nikto.*|.*sqlmap.*"}, {Endpoint: "/api/.*"}, {Endpoint: probes},
		{Endpoint: "^/login$"}, {Endpoint: `/\?author=\d+`}, {UserAgent: "Mozilla", Endpoint: "/api/.*"}, {UserAgent: "Mozilla.*nikto"}, {UserAgent: `(?i)python-requests/\d`},
		{UserAgent: "a$^b"}, {Endpoint: "/wp-admin/install.php", UserAgent: ".*"},
	} {
		f, err := match.New(o)
		if err != nil {
			t.Fatal(err)
		}
		s, all := sieve(f)
		lines := slices.Repeat([]string{usual, caddy}, 50)
		for _, s := range []*match.Sieve{s, s.Slowly()} {
			for i, found := range foundIn(s, lines) {
				if all[0] == 0 || found&all[0] == all[0] {
					t.Fatalf("%+v: of %b, %b is found in %s", o, all, found, lines[i])
				}
			}
		}
	}
	for _, o := range []match.Options{{}, {UserAgent: "Mozilla"}, {Endpoint: "/"}, {Endpoint: "[a-z]"}, {Methods: []string{"POST"}}, {UserAgent: ".*"}} {
		f, err := match.New(o)
		if err != nil {
			t.Fatal(err)
		}
		if _, all := sieve(f); all[0] != 0 {
			t.Errorf("%+v: not all lines are candidates", o)
		}
	}
}

// TestLikely compares the vector instructions with a look at every byte.
func TestLikely(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, expr := range []string{scanners4, scanners20, probes, "/api/", "bot", "/.|xy"} {
		for range 600 {
			b := make([]byte, r.IntN(200))
			for i := range b {
				b[i] = byte(r.Uint32())
				if r.IntN(3) > 0 {
					b[i] = "niktosqlmap/api/xyboz.\\%2f \xff"[r.IntN(28)]
				}
			}
			from := r.IntN(len(b) + 1)
			if quick, slow := match.Likely(expr, b, from); quick != slow {
				t.Fatalf("%q in %q from %d: %d, want %d", expr, b, from, quick, slow)
			}
		}
	}
}

// TestTrim compares expressions with .* and the like at their ends with the engine: newlines, and bytes that are not UTF-8.
func TestTrim(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	parts := []string{".*", ".+", ".*?", "(?s:.*)", "a*", "(b)?", "(?:.*)", "(.*)", "(?:a|.*)", "x+", "(?:ab)+", `\b`, "^", "$", "", "", "a", "ab", "nikto", "(?:a|b.*)", "(?:.*a|b)", "[ab]+", "é*", `\n`, "(?m:^)"}
	texts := []string{"a", "b", "\n", "nikto", "\xff", "é", "x", " ", "ab"}
	for range 8_000 {
		var expr, text strings.Builder
		for range 1 + r.IntN(5) {
			expr.WriteString(parts[r.IntN(len(parts))])
			if r.IntN(6) == 0 {
				expr.WriteByte('|')
			}
		}
		re, err := regexp.Compile(expr.String())
		if err != nil {
			continue
		}
		f, err := match.New(match.Options{UserAgent: "(?:" + expr.String() + ")"})
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			text.Reset()
			for range r.IntN(5) {
				text.WriteString(texts[r.IntN(len(texts))])
			}
			agent := []byte(text.String())
			if got, want := f.MatchTarget(nil, agent, new(match.Scratch)), agent != nil && re.Match(agent); got != want {
				t.Fatalf("%q on %q: %v, want %v", expr.String(), agent, got, want)
			}
		}
	}
}

// FuzzScan looks for any expression in any line.
func FuzzScan(f *testing.F) {
	f.Add(`/api/.*`, "/%61pi/x", `a\x6eikto`)
	f.Add(`/\?author=\d`, "http://h?author=1", "")
	f.Add(`/wp-admin/x\.php|b`, "/wp-admin//x.php", "")
	f.Add(`(?i)nikto|é`, "/", `\u00e9 \xC3\xA9`)
	f.Fuzz(func(t *testing.T, expr, target, agent string) {
		if len(expr) > 200 {
			return
		}
		clean := func(s string) string { return strings.ReplaceAll(s, "\n", "") }
		line := fmt.Sprintf(`192.0.2.1 - - [10/Dec/2024:00:00:19 +0700] "GET %s HTTP/1.1" 200 5 "-" "%s"`, clean(target), clean(agent))
		json := fmt.Sprintf(`{"remote_addr":"192.0.2.1","request_uri":"%s","http_user_agent":"%s"}`, clean(target), clean(agent))
		for _, o := range []match.Options{{Endpoint: expr}, {UserAgent: expr}, {Endpoint: expr, UserAgent: "Mozilla|x"}} {
			checkScan(t, o, "combined", []string{line})
			checkScan(t, o, "nginx-json", []string{json})
		}
	})
}
