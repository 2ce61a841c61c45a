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
