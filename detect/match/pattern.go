package match

import (
	"regexp"
	"regexp/syntax"
)

// pattern is a compiled regular expression (RE2, unanchored) behind the search for the literals that it requires.
type pattern struct {
	literals *searcher      // nil: none is required
	re       *regexp.Regexp // nil: the literals decide alone
}

// compile compiles expr. A plain alternation of words, with or without anchors and case folding, needs no regular expression engine.
func compile(expr string) (*pattern, error) {
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, err
	}
	tree, err := syntax.Parse(expr, syntax.Perl) // as regexp.Compile does
	if err != nil {
		return nil, err
	}
	n := analyze(tree.Simplify())
	set := n.required()
	switch {
	case set != nil && n.exact:
		return &pattern{literals: newSearcher(set)}, nil
	case set == nil || !telling(set):
		return &pattern{re: re}, nil
	}
	return &pattern{literals: newSearcher(set), re: re}, nil
}

// telling reports whether a fair part of all texts lacks set: nearly every text has one of many single characters.
func telling(set literals) bool {
	const few = 4
	return len(set) <= few || set.shortest() > 1
}

// match reports whether b holds a match.
func (p *pattern) match(b []byte) bool {
	if p.literals != nil && !p.literals.in(b) {
		return false
	}
	return p.re == nil || p.re.Match(b)
}
