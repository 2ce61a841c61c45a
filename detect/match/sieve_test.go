package match_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"cidrx/detect/match"
	"cidrx/detect/parse"
)

// TestSieveAgainstMatch has random filters and words looked for at once, and holds what is found against Match on every line.
func TestSieveAgainstMatch(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	targets := []string{"/api/v1/x", "/login", "/.env", "/wp-login.php?a=%2e", "/a/b/c", "/"}
	agents := []string{"nikto/2", "sqlMAP", "curl/8.1", "Mozilla/5.0 zgrab", `a"b`, ""}
	exprs := []string{"/api/.*", "(?i)nikto|sqlmap", "/login$", `/\.env`, "curl/8", "zgrab", ".*scanner.*", "b/c", "wp-login", "a$^b", "[a-z]"}
	matched, missed := 0, 0
	for range 300 {
		filters := make([]*match.Filter, 1+r.IntN(40))
		for i := range filters {
			filters[i] = randomFilter(t, r, exprs)
		}
		words := match.NewSubstrings([]string{"grab", "url/" + fmt.Sprint(r.IntN(10))})
		s, sets := new(match.Sieve), []match.Sets{}
		for _, f := range filters {
			sets = append(sets, s.Add(f))
		}
		wordSets := s.AddWords(words)
		s.Ready()
		lines := make([]string, 12)
		for i := range lines {
			lines[i] = scanLine(r, targets[r.IntN(len(targets))], agents[r.IntN(len(agents))], false)
		}
		quick, slow, fields := foundIn(s, lines), foundIn(s.Slowly(), lines), foundInFields(s, combined(t), lines)
		for i, ev := range parsed(t, lines) {
			if fields != nil {
				quick[i] &= fields[i]
			}
			if both := quick[i] & slow[i]; words.In(ev.UserAgent) && both&wordSets != wordSets {
				t.Fatalf("of the words' %b, %b is found in %s", wordSets, both, lines[i])
			}
			for k, f := range filters {
				candidate := quick[i]&slow[i]&sets[k] == sets[k]
				if !f.Match(ev, "", new(match.Scratch)) {
					if !candidate {
						missed++
					}
					continue
				}
				if matched++; !candidate {
					t.Fatalf("filter %d of %d: of %b, %b and %b are found, but it matches %s", k, len(filters), sets[k], quick[i], slow[i], lines[i])
				}
			}
		}
	}
	if matched < 2000 || missed < 2000 {
		t.Errorf("%d matches, %d lines that are no candidates: the comparison says little", matched, missed)
	}
}

// randomFilter asks for a target, a user agent, or both.
func randomFilter(t *testing.T, r *rand.Rand, exprs []string) *match.Filter {
	t.Helper()
	for {
		var o match.Options
		if r.IntN(3) > 0 {
			o.Endpoint = randomExpr(r, exprs)
		}
		if r.IntN(2) > 0 {
			o.UserAgent = randomExpr(r, exprs)
		}
		if f, err := match.New(o); err == nil {
			return f
		}
	}
}

// parsed are the events of combined lines.
func parsed(t *testing.T, lines []string) []*parse.Event {
	t.Helper()
	p := combined(t)
	events := make([]*parse.Event, len(lines))
	for i, line := range lines {
		events[i] = new(parse.Event)
		if err := p.Parse([]byte(line), events[i], new(parse.Arena)); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	return events
}

func combined(t *testing.T) parse.Parser {
	t.Helper()
	p, err := parse.New("combined", parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestSieveShares sees that filters with few literals are looked for in one pass, and equal ones once.
func TestSieveShares(t *testing.T) {
	var s match.Sieve
	a, err := match.New(match.Options{Endpoint: "/api/.*", UserAgent: "nikto|sqlmap"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := match.New(match.Options{Endpoint: "/api/.*", Methods: []string{"POST"}})
	if err != nil {
		t.Fatal(err)
	}
	first, second := s.Add(a), s.Add(b)
	s.Ready()
	if first&second != second || first == second || second == 0 {
		t.Errorf("sets %b and %b: want the second among the first", first, second)
	}
	if n := s.Passes(); n > 2 || match.QuickTeddy() && n > 1 {
		t.Errorf("%d passes over each block", n)
	}
	p := s.Pass()
	line := `192.0.2.1 - - [10/Dec/2024:00:00:19 +0700] "GET /api/x HTTP/1.1" 200 5 "-" "-"`
	p.Start([]byte(strings.Repeat(line+"\n", 2)))
	for range 2 {
		if found := p.Until(len(line)); found != second {
			t.Errorf("%b is found, want %b", found, second)
		}
		p.Start([]byte(line))
	}
}
