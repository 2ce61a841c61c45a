package match

import (
	"regexp/syntax"
	"unicode"
	"unicode/utf8"
)

// Bounds of the analysis. Beyond them less is known about a pattern, and the regular expression runs more often; it stays right.
const (
	maxCross = 256  // literals made by putting parts of a concatenation together
	maxUnion = 2048 // literals of an alternation
)

// needs is what the analysis of an expression says about the texts it matches (Russ Cox, "Regular Expression Matching with a Trigram
// Index", 2012, has the idea for trigrams).
type needs struct {
	whole literals // if not nil: a match is always one of these
	exact bool     // and each of these is a match
	part  literals // if not nil: a match holds one of these
}

// required returns the set that a matching text must hold one of, nil if nothing useful is known.
func (n needs) required() literals {
	set := n.part
	if n.whole != nil {
		set = n.whole
	}
	if len(set) > 0 && set.shortest() == 0 {
		return nil
	}
	return set
}

var emptyText = literals{{}}

// analyze finds the needs of a simplified expression.
func analyze(re *syntax.Regexp) needs {
	switch re.Op {
	case syntax.OpNoMatch:
		return needs{whole: never, exact: true}
	case syntax.OpEmptyMatch:
		return needs{whole: emptyText, exact: true}
	case syntax.OpBeginText:
		return needs{whole: literals{{start: true}}, exact: true}
	case syntax.OpEndText:
		return needs{whole: literals{{end: true}}, exact: true}
	case syntax.OpBeginLine, syntax.OpEndLine, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return needs{whole: emptyText} // an assertion takes no text; whether it holds only the regular expression knows
	case syntax.OpLiteral:
		return sequence(len(re.Rune), func(i int) needs { return oneRune(re.Rune[i], re.Flags&syntax.FoldCase != 0) })
	case syntax.OpCharClass:
		return class(re.Rune)
	case syntax.OpCapture:
		return analyze(re.Sub[0])
	case syntax.OpConcat:
		return sequence(len(re.Sub), func(i int) needs { return analyze(re.Sub[i]) })
	case syntax.OpAlternate:
		return alternate(re.Sub)
	case syntax.OpQuest:
		return optional(analyze(re.Sub[0]))
	case syntax.OpPlus:
		return needs{part: analyze(re.Sub[0]).required()}
	}
	return needs{} // any character, or any number of repetitions; Simplify has taken counted repetitions apart
}

// sequence finds the needs of n parts in a row. Parts of which every text is known are put together as long as that stays small;
// of the pieces that result, the best one is required.
func sequence(n int, part func(int) needs) needs {
	piece, exact := emptyText, true
	var best literals
	unbroken := true
	settle := func() { best = better(best, needs{whole: piece}.required()) }
	for i := range n {
		p := part(i)
		switch {
		case p.whole == nil:
			settle()
			best = better(best, p.required())
			piece, unbroken = emptyText, false
		case len(piece)*len(p.whole) > maxCross:
			settle()
			piece, unbroken = p.whole, false
		default:
			piece = cross(piece, p.whole)
		}
		exact = exact && p.exact
	}
	if unbroken {
		return needs{whole: piece, exact: exact}
	}
	settle()
	return needs{part: best}
}

// alternate finds the needs of one of several expressions.
func alternate(subs []*syntax.Regexp) needs {
	whole, exact, part := never, true, never
	for _, sub := range subs {
		n := analyze(sub)
		if whole != nil && n.whole != nil {
			whole = union(whole, n.whole)
		} else {
			whole = nil
		}
		exact = exact && n.exact
		if set := n.required(); part != nil && set != nil {
			part = union(part, set)
		} else {
			part = nil
		}
		if len(whole) > maxUnion {
			whole = nil
		}
		if len(part) > maxUnion {
			part = nil
		}
	}
	if whole != nil {
		return needs{whole: whole, exact: exact}
	}
	return needs{part: part}
}

// optional finds the needs of an expression that may be left out.
func optional(n needs) needs {
	if n.whole == nil {
		return needs{}
	}
	return needs{whole: union(n.whole, emptyText), exact: n.exact}
}

// oneRune finds the needs of a single character, in every case that RE2 takes for it if fold is set.
func oneRune(r rune, fold bool) needs {
	orbit := []rune{r}
	if fold {
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			orbit = append(orbit, f)
		}
	}
	return characters(orbit)
}

// class finds the needs of a character class, given as pairs of first and last character.
func class(ranges []rune) needs {
	const most = 64 // of larger classes nothing is learnt
	var all []rune
	for i := 0; i < len(ranges); i += 2 {
		if len(all)+int(ranges[i+1]-ranges[i])+1 > most {
			return needs{}
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			all = append(all, r)
		}
	}
	return characters(all)
}

// characters finds the needs of one character out of all. The regular expression engine reads a byte that is not UTF-8 as U+FFFD, so
// of expressions with U+FFFD, and of what UTF-8 cannot encode, nothing is said.
func characters(all []rune) needs {
	in := make(map[rune]bool, len(all))
	for _, r := range all {
		if r == utf8.RuneError || !utf8.ValidRune(r) {
			return needs{}
		}
		in[r] = true
	}
	set := make(literals, 0, len(all))
	for _, r := range all {
		lower := r | 0x20
		letter := 'a' <= lower && lower <= 'z'
		switch {
		case !letter || !in[lower] || !in[lower^0x20]:
			set = append(set, literal{text: string(r), fold: string(make([]byte, utf8.RuneLen(r)))})
		case r == lower:
			set = append(set, literal{text: string(r), fold: "\x20"})
		}
	}
	return needs{whole: set, exact: true}
}
