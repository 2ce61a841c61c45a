package static

import (
	"math/rand/v2"
	"strings"
	"testing"

	"cidrx/detect/parse"
)

// What an onlooker remembers of one user agent is what the lists say of all others of its shape.
func TestUserAgentsOfOneShapeLookTheSame(t *testing.T) {
	pieces := []string{
		"Mozilla/5.0 (", "Opera/9 (", "Chrome/", "Cubot", "ubot", "bot", " bot", "Googlebot/", "rss", "java/", "0", "1", "23", "456", ".", "; ", ")", "-", "x",
	}
	r := rand.New(rand.NewPCG(1, 2))
	remembers, err := newOnlooker()
	if err != nil {
		t.Fatal(err)
	}
	asks, err := newOnlooker()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[kind]int{}
	for range 50_000 {
		var agent strings.Builder
		for range 1 + r.IntN(6) {
			agent.WriteString(pieces[r.IntN(len(pieces))])
		}
		ev := &parse.Event{UserAgent: []byte(agent.String())}
		got, want := remembers.agent(ev), asks.look(ev)
		if got != want {
			t.Fatalf("%s: remembered as %d, looks like %d", ev.UserAgent, got, want)
		}
		seen[want]++
		remembers.scratch.Reset()
		asks.scratch.Reset()
	}
	for _, k := range []kind{other, crawler, ordinary} {
		if seen[k] < 1000 {
			t.Errorf("only %d of kind %d", seen[k], k)
		}
	}
}

func TestShape(t *testing.T) {
	for agent, want := range map[string]string{
		"":                      "",
		"7":                     "0",
		"Chrome/120.0.6099 x64": "Chrome/0.0.0 x0",
		"no digits":             "no digits",
	} {
		if got := string(shape(nil, []byte(agent))); got != want {
			t.Errorf("%q: %q, want %q", agent, got, want)
		}
	}
}
