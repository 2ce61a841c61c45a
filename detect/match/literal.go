package match

// literal is a byte string that a pattern looks for, with case folding byte by byte: it stands at i of b when
// b[i+k]|fold[k] == text[k] for every k. Setting bit 0x20 maps the two cases of an ASCII letter, and nothing else, to its lower case.
// Folding that is not ASCII's (ſ for s, the Kelvin sign for k) makes literals of its own.
type literal struct {
	text  string
	fold  string // as long as text; 0x20 under a letter (lower case in text) that matches in either case, else 0
	start bool   // only at the start of the text
	end   bool   // only at its end
}

// at reports whether l stands at i of b.
func (l *literal) at(b []byte, i int) bool {
	if i < 0 || len(b)-i < len(l.text) {
		return false
	}
	if l.start && i != 0 || l.end && len(b)-i != len(l.text) {
		return false
	}
	b = b[i:]
	for k := range len(l.text) {
		if b[k]|l.fold[k] != l.text[k] {
			return false
		}
	}
	return true
}

// bound reports whether l has but one place to be.
func (l *literal) bound() bool { return l.start || l.end }

// there reports whether a bound literal stands in its place.
func (l *literal) there(b []byte) bool {
	if l.start {
		return l.at(b, 0)
	}
	return l.at(b, len(b)-len(l.text))
}

// literals is a set of literals: a text is wanted that holds at least one. nil says that nothing is known, an empty set that no text
// will do.
type literals []literal

// never is the set that no text satisfies.
var never = literals{}

// shortest is the length of the shortest literal of a set that is not empty.
func (s literals) shortest() int {
	n := len(s[0].text)
	for _, l := range s[1:] {
		n = min(n, len(l.text))
	}
	return n
}

// union returns what is in a or b, each once.
func union(a, b literals) literals {
	out := make(literals, 0, len(a)+len(b))
	seen := make(map[literal]bool, len(a)+len(b))
	for _, s := range []literals{a, b} {
		for _, l := range s {
			if !seen[l] {
				seen[l] = true
				out = append(out, l)
			}
		}
	}
	return out
}

// cross returns every literal of a followed by every one of b, without those that cannot be: nothing stands before the start of a
// text or behind its end.
func cross(a, b literals) literals {
	out := make(literals, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			if x.end && y.text != "" || y.start && x.text != "" {
				continue
			}
			out = append(out, literal{x.text + y.text, x.fold + y.fold, x.start || y.start, x.end || y.end})
		}
	}
	return out
}

// better returns the set that is the better filter: known before unknown, what usual lines lack before what they have, then longer
// literals, then fewer.
func better(a, b literals) literals {
	const enough = 6 // longer than this gains nothing
	switch {
	case a == nil || b != nil && len(b) == 0:
		return b
	case b == nil || len(a) == 0:
		return a
	}
	if commonA, commonB := common(a), common(b); commonA != commonB {
		if commonA {
			return b
		}
		return a
	}
	la, lb := min(a.shortest(), enough), min(b.shortest(), enough)
	if lb > la || lb == la && len(b) < len(a) {
		return b
	}
	return a
}
