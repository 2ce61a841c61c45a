package match_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"cidrx/detect/internal/guard"
	"cidrx/detect/match"
	"cidrx/detect/parse"
)

// foundInFields are the sets that s finds in each line of a block by its Briefs; nil if it cannot be asked, or if p leaves no fields.
func foundInFields(s *match.Sieve, p parse.Parser, lines []string) []match.Sets {
	c, ok := p.(parse.Completer)
	if !ok || !s.InFields() {
		return nil
	}
	block, briefs := []byte(strings.Join(lines, "\n")), make([]parse.Brief, len(lines)+1)
	for i := range briefs { // what is not usual keeps what was there before
		briefs[i].Target, briefs[i].UserAgent = parse.Span{From: 1, To: 1 << 30}, parse.Span{From: 1 << 31, To: 1<<31 + 9}
	}
	n, _ := c.Briefs(block, 0, 0, briefs)
	found := make([]match.Sets, n)
	for i := range found {
		found[i] = ^match.Sets(0)
	}
	s.Pass().Briefs(block, briefs[:n], found)
	return found
}

// TestFields finds what stands in its field, at the edges of a block too, and nothing that stands elsewhere in the line, where that is
// looked at: for one set, its filter tells.
func TestFields(t *testing.T) { match.EachProcessor(t, testFields) }

func testFields(t *testing.T) {
	f, err := match.New(match.Options{Endpoint: `/wp-login\.php|\.env`, UserAgent: "nikto|éé"})
	if err != nil {
		t.Fatal(err)
	}
	other, err := match.New(match.Options{Endpoint: `/xmlrpc\.php`, UserAgent: "sqlmap"})
	if err != nil {
		t.Fatal(err)
	}
	s, sets := sieve(f, other)
	alone, setsAlone := sieve(f)
	if s.InFields() != match.QuickTeddy() || alone.InFields() != match.QuickTeddy() {
		t.Fatalf("InFields = %v and %v, want %v", s.InFields(), alone.InFields(), match.QuickTeddy())
	}
	p, err := parse.New("combined", parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const head = `192.0.2.1 - - [10/Dec/2024:00:00:19 +0700] "GET `
	pad := strings.Repeat("/a", 40)
	all := map[string]bool{
		head + `/.env HTTP/1.1" 200 5 "-" "nikto"`:                           true,
		head + pad + `/.env HTTP/1.1" 200 5 "-" "` + pad + `éé"`:             true,
		head + pad + `%2eenv HTTP/1.1" 200 5 "-" "` + pad + `éé` + pad + `"`: true,
		head + `/.env" 200 5 "-" "nikto"`:                                    true,
		head + `/.en" 200 5 "/.env" "nikto"`:                                 false,
		head + `/ HTTP/1.1" 200 5 "/wp-login.php" "nikto"`:                   false,
		head + `/.env HTTP/1.1" 200 5 "nikto" "-"`:                           false,
		head + `/.env HTTP/1.1" 200 5 "nikto" "nikt"`:                        false,
		head + `/.env/nikto HTTP/1.1" 200 5 "-" "/.env"`:                     false,
		`nikto /.env`:  true, // not usual
		`nikto /.envy`: true,
		`nikto /.en`:   false,
	}
	var lines []string
	for line := range all {
		lines = append(lines, line)
	}
	for _, n := range []int{1, len(lines), 150} { // more than fit one call
		for first := range lines {
			var some []string
			for i := range n {
				some = append(some, lines[(first+i)%len(lines)])
			}
			for i, found := range foundInFields(s, p, some) {
				if got := found&sets[0] == sets[0]; got != all[some[i]] {
					t.Errorf("found %v, want %v, in line %d of %d: %s", got, !got, i, n, some[i])
				}
			}
			for i, found := range foundInFields(alone, p, some) {
				if all[some[i]] && found&setsAlone[0] != setsAlone[0] {
					t.Errorf("found %b of %b in line %d of %d: %s", found, setsAlone[0], i, n, some[i])
				}
			}
		}
	}
}

// TestHits compares the search of many spans with the tables themselves.
func TestHits(t *testing.T) { match.EachProcessor(t, testHits) }

func testHits(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	yes, no, memory := 0, 0, guard.New(t, 400)
	for range 3000 {
		expr := []string{"nikto|sqlmap", "ab", "/wp-|/api/", "éa|xyz", "(?i)zgrab"}[r.IntN(5)]
		alphabet := []string{"nikto/sqlmap-wx", `\x%2aAbB`, "ébaxyz\xff", "zgrabZGRAB."}[r.IntN(4)]
		block := make([]byte, r.IntN(400))
		for i := range block {
			if block[i] = '_'; r.IntN(3) > 0 {
				block[i] = alphabet[r.IntN(len(alphabet))]
			}
		}
		block = memory.AtEnd(block) // nothing may be read behind it
		briefs := make([]parse.Brief, 1+r.IntN(64))
		for i := range briefs {
			from := r.IntN(len(block) + 1)
			briefs[i].Target = parse.Span{From: uint32(from), To: uint32(from + r.IntN(min(len(block)-from, 1+r.IntN(200))+1))}
		}
		hits, likely := match.Hits(expr, block, briefs)
		if missed := likely &^ hits; missed != 0 {
			t.Fatalf("%s: of %b only %b in %q, %v", expr, likely, hits, block, briefs)
		}
		for i := range briefs {
			if hits>>i&1 == 1 {
				yes++
			} else {
				no++
			}
		}
		if hits>>len(briefs) != 0 {
			t.Fatalf("%d spans, but %b", len(briefs), hits)
		}
	}
	if match.QuickTeddy() && (yes < 5000 || no < 5000) {
		t.Errorf("%d hits, %d spans without: the comparison says little", yes, no)
	}
}
