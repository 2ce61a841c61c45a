package match

// Normalize, Plain and Engine open to the tests what Match does inside.
var (
	Normalize = normalize
	Plain     = plain
)

// Engine reports how expr is decided: by a search for literals, by the regular expression engine, or by both.
func Engine(expr string) (literals, regexp bool) {
	p, err := compile(expr)
	if err != nil {
		panic(err)
	}
	return p.literals != nil, p.re != nil
}

// Slowly returns s without vector instructions.
func (s *Scan) Slowly() *Scan {
	slow := *s
	if s.teddy != nil {
		slow.search, slow.teddy = newSearcher(s.literals()), nil
	}
	return &slow
}

// literals are those that teddy looks for.
func (s *Scan) literals() (set literals) {
	for _, bucket := range s.teddy.buckets {
		for _, l := range bucket {
			set = append(set, l.literal)
		}
	}
	return set
}

// Likely compares both ways to find what the fingerprints of expr let through in b.
func Likely(expr string, b []byte, from int) (quick, slow int) {
	p, err := compile(expr)
	if err != nil {
		panic(err)
	}
	t := newTeddy(p.required, hiding(p.required, true))
	return likely(&t.tables, b, from), likelySlow(&t.tables, b, from)
}
