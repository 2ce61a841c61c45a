package match

import "regexp/syntax"

// trim takes off an unanchored expression what changes nothing about whether a text holds a match of it: at its two ends, what may be
// left out (the .* in .*nikto.*), and all but one of what may be repeated. A match of the rest is a match of the whole with nothing in
// these places, and every match of the whole holds one of the rest. re must have been simplified; it is not changed.
func trim(re *syntax.Regexp) *syntax.Regexp { return trimEnds(re, true, true) }

// trimEnds trims re at the ends of the expression that are re's own.
func trimEnds(re *syntax.Regexp, left, right bool) *syntax.Regexp {
	if !left && !right {
		return re
	}
	switch re.Op {
	case syntax.OpStar, syntax.OpQuest:
		return &syntax.Regexp{Op: syntax.OpEmptyMatch}
	case syntax.OpPlus, syntax.OpCapture:
		return trimEnds(re.Sub[0], left, right)
	case syntax.OpAlternate:
		out := &syntax.Regexp{Op: re.Op, Flags: re.Flags}
		for _, sub := range re.Sub {
			out.Sub = append(out.Sub, trimEnds(sub, left, right))
		}
		return out
	case syntax.OpConcat:
		return trimConcat(re, left, right)
	}
	return re
}

// trimConcat trims the parts at the ends, and what comes to stand there when nothing is left of them.
func trimConcat(re *syntax.Regexp, left, right bool) *syntax.Regexp {
	subs := append([]*syntax.Regexp(nil), re.Sub...)
	for left && len(subs) > 0 {
		if subs[0] = trimEnds(subs[0], true, right && len(subs) == 1); subs[0].Op != syntax.OpEmptyMatch {
			break
		}
		subs = subs[1:]
	}
	for right && len(subs) > 0 {
		last := len(subs) - 1
		if subs[last] = trimEnds(subs[last], left && last == 0, true); subs[last].Op != syntax.OpEmptyMatch {
			break
		}
		subs = subs[:last]
	}
	switch len(subs) {
	case 0:
		return &syntax.Regexp{Op: syntax.OpEmptyMatch}
	case 1:
		return subs[0]
	}
	return &syntax.Regexp{Op: syntax.OpConcat, Flags: re.Flags, Sub: subs}
}
