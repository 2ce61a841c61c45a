package match_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"cidrx/detect/match"
	"cidrx/detect/parse"
)

// words are what random patterns and texts are made of: short ones that overlap, letters that fold beyond ASCII, bytes that are not UTF-8.
var words = []string{"nikto", "sqlmap", "zgrab", "masscan", "sk", "ss", "k", "/wp-login.php", "/.env", "/login", "//", "/", "..", ".", "?", "a", "b", "ab", "ba", "é", "É", "ſ", "K", "ж", "Ж", "\xff", "\ufffd", "%2f", "%2E", "%6c", "%", "#", "http://h", "\n", " ", "0", "É\xc3"}

func word(r *rand.Rand) string { return words[r.IntN(len(words))] }

// randomPattern makes an expression out of everything that the analysis distinguishes.
func randomPattern(r *rand.Rand, depth int) string {
	if depth == 0 {
		return regexp.QuoteMeta(strings.ToValidUTF8(word(r), "x"))
	}
	sub := func() string { return randomPattern(r, depth-1) }
	switch r.IntN(14) {
	case 0, 1:
		return sub() + "|" + sub()
	case 2, 3:
		return "(?:" + sub() + ")(?:" + sub() + ")"
	case 4:
		return "(?i:" + sub() + ")"
	case 5:
		return "(" + sub() + ")" + []string{"?", "*", "+", "{2}", "{0,2}", "{1,3}", "??"}[r.IntN(7)]
	case 6:
		return []string{"^", "$", `\b`, `\B`, `(?m:^)`, `(?m:$)`, `\A`, `\z`}[r.IntN(8)] + sub()
	case 7:
		return sub() + []string{"$", "^", `\b`, `\z`, `(?m:$)`}[r.IntN(5)]
	case 8:
		return []string{".", `(?s:.)`, ".*", `\d`, `\w`, "[^a]", "[ab]", "[aA]", "[kK]", "[a-zé]", "[^/]+", "[[:alpha:]]", `\x{fffd}`, `[\x{fffd}a]`, `\pL`, `(?i:[k-s])`}[r.IntN(16)]
	case 9:
		return "(?i)" + sub()
	case 10:
		return "(?-i:" + sub() + ")"
	default:
		return sub() + sub()
	}
}

// randomText makes a text that has a fair chance to be matched.
func randomText(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(8) {
		switch w := word(r); r.IntN(6) {
		case 0:
			b.WriteString(strings.ToUpper(w))
		case 1:
			b.WriteString(strings.NewReplacer("s", "ſ", "k", "K").Replace(w))
		case 2:
			b.WriteString(fmt.Sprintf("%%%02x", w[0]) + w[1:])
		default:
			b.WriteString(w)
		}
	}
	return b.String()
}

// TestFilterAgainstTwin compares the filters with plain regular expressions on random patterns and texts.
func TestFilterAgainstTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var s match.Scratch
	matched, compared := 0, 0
	for range 10_000 {
		o := match.Options{Endpoint: randomPattern(r, 1+r.IntN(4)), UserAgent: randomPattern(r, r.IntN(3))}
		if r.IntN(2) == 0 {
			o.UserAgent = ""
		}
		f, err := match.New(o)
		if err != nil {
			t.Fatalf("%q: %v", o, err)
		}
		slow := newTwin(o)
		for range 10 {
			text := randomText(r)
			ev := parse.Event{Target: []byte(text), UserAgent: []byte(randomText(r))}
			want := slow.match(&ev, "")
			s.Reset()
			if got := f.Match(&ev, "", &s); got != want {
				t.Fatalf("endpoint %q, user agent %q:\nMatch(%q, %q) = %v, want %v", o.Endpoint, o.UserAgent, ev.Target, ev.UserAgent, got, want)
			}
			compared++
			if want {
				matched++
			}
		}
	}
	if matched < compared/20 || matched > compared*19/20 {
		t.Errorf("%d of %d texts matched: the comparison says little", matched, compared)
	}
}

func FuzzMatch(f *testing.F) {
	f.Add(`(?i)nikto|sqlmap|zgrab|masscan`, "/a", "Mozilla/5.0 (SQLMap; maſſcan)")
	f.Add(`/\.env|/wp-(login|admin)\.php$`, "http://h//x/../%2eenv", "x")
	f.Add(`^/login`, "/%6cogin?next=%2f", "")
	f.Add(`(a|b){2,3}[kK]+é`, "aabkKé", "")
	f.Add(`a$^b|\x{fffd}`, "\xff", "b")
	f.Fuzz(func(t *testing.T, pattern, target, agent string) {
		if len(pattern) > 200 || len(target) > 4096 {
			return
		}
		for _, o := range []match.Options{{Endpoint: pattern}, {UserAgent: pattern}} {
			filter, err := match.New(o)
			if _, plainErr := regexp.Compile(pattern); (plainErr != nil) != (err != nil) {
				t.Fatalf("New(%q) = %v, regexp says %v", pattern, err, plainErr)
			}
			if err != nil {
				return
			}
			ev := parse.Event{Target: []byte(target), UserAgent: []byte(agent)}
			var s match.Scratch
			if got, want := filter.Match(&ev, "", &s), newTwin(o).match(&ev, ""); got != want {
				t.Fatalf("%+v on %q, %q: %v, want %v", o, target, agent, got, want)
			}
		}
	})
}
