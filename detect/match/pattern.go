package match

import (
	"bytes"
	"regexp"
	"regexp/syntax"
	"slices"
)

// pattern is a compiled regular expression (RE2, unanchored) behind the search for the literals that it requires.
type pattern struct {
	literals *searcher      // nil: none is required
	re       *regexp.Regexp // nil: the literals decide alone, if there are any; else every text matches
	chains   []chain        // nil: it is not made of them; else they decide about texts of a few KiB without newlines
	required literals       // that literals looks for, and what is known of an expression besides
}

// compile compiles expr. A plain alternation of words, with or without anchors, case folding and .* at the ends, needs no regular
// expression engine.
func compile(expr string) (*pattern, error) {
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, err
	}
	tree, err := syntax.Parse(expr, syntax.Perl) // as regexp.Compile does
	if err != nil {
		return nil, err
	}
	tree = trim(tree.Simplify())
	n := analyze(tree)
	set := n.required()
	p := &pattern{required: set}
	if n.exact && set != nil {
		p.literals = newSearcher(set)
		return p, nil
	}
	if n.exact && slices.Contains(n.whole, literal{}) {
		return p, nil // an empty match is everywhere
	}
	if short, err := regexp.Compile(tree.String()); err == nil { // else it stays as it is: too long, say
		re = short
	}
	p.chains = chains(tree)
	if p.re = re; set != nil && telling(set) {
		p.literals = newSearcher(set)
	}
	return p, nil
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
	if p.chains != nil && len(b) <= maxChain && bytes.IndexByte(b, '\n') < 0 {
		return slices.ContainsFunc(p.chains, func(c chain) bool { return c.in(b) })
	}
	return p.re == nil || p.re.Match(b)
}
