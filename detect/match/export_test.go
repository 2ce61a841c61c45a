package match

import "cidrx/detect/parse"

// Normalize, Plain and Engine open to the tests what Match does inside.
var (
	Normalize = normalize
	Plain     = plain
)

// QuickTeddy tells whether this processor searches with a teddy.
func QuickTeddy() bool { return quickTeddy }

// Engine reports how expr is decided: by a search for literals, by the regular expression engine, or by both.
func Engine(expr string) (literals, regexp bool) {
	p, err := compile(expr)
	if err != nil {
		panic(err)
	}
	return p.literals != nil, p.re != nil
}

// Slowly makes s search without vector instructions.
func (s *Sieve) Slowly() *Sieve {
	slow := &Sieve{sets: s.sets}
	for _, set := range s.sets {
		if len(set.literals) > 0 {
			slow.scans = append(slow.scans, &scan{search: newSearcher(set.literals), set: set})
		}
	}
	return slow
}

// Passes is how often s goes over a block.
func (s *Sieve) Passes() int { return len(s.scans) }

// Likely compares both ways to find what the fingerprints of expr let through in b.
func Likely(expr string, b []byte, from int) (quick, slow int) {
	p, err := compile(expr)
	if err != nil {
		panic(err)
	}
	t := newTeddy([]wanted{{literals: p.required, hidden: hiding(p.required, true), bit: 1}})
	return likely(&t.tables, b, from), likelySlow(&t.tables, b, from)
}

// Hits says in which of the targets of briefs the fingerprints of expr are seen by the search of many at once, and in which they are.
func Hits(expr string, block []byte, briefs []parse.Brief) (hits, likely uint64) {
	p, err := compile(expr)
	if err != nil {
		panic(err)
	}
	t := newTeddy([]wanted{{literals: p.required, hidden: hiding(p.required, true), bit: 1}})
	for i, b := range briefs {
		if from, to := int(b.Target.From), int(b.Target.To); from < to && likelySlow(&t.tables, block, from) < to {
			likely |= 1 << i
		}
	}
	return hitsIn(t, block, briefs, &briefs[0].Target), likely
}
