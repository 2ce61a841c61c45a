package match

import (
	"bytes"
	"regexp/syntax"
	"strings"
)

// chain is an expression such as wp-.*\.php$ or ^Mozilla.*(bot|crawler): sets of literals with .* between them. A text without newlines
// matches if one of each set stands in it, in their order and without overlapping.
type chain []literals

const (
	maxChains = 16      // alternatives
	maxLinks  = 64      // literals in a set
	maxChain  = 8 << 10 // bytes of a text; of longer ones the regular expression engine, which reads them once, has less work
)

// chains takes an expression for one of several chains; nil if it is not.
func chains(re *syntax.Regexp) []chain {
	subs := []*syntax.Regexp{re}
	if re.Op == syntax.OpAlternate {
		subs = re.Sub
	}
	if len(subs) > maxChains {
		return nil
	}
	var out []chain
	for _, sub := range subs {
		c := chainOf(sub)
		if c == nil {
			return nil
		}
		out = append(out, c)
	}
	return out
}

// chainOf takes an expression for a chain; nil if it is none.
func chainOf(re *syntax.Regexp) chain {
	parts := []*syntax.Regexp{re}
	if re.Op == syntax.OpConcat {
		parts = re.Sub
	}
	var c chain
	for begin := 0; begin <= len(parts); {
		end := begin
		for end < len(parts) && !isAnything(parts[end]) {
			end++
		}
		n := sequence(end-begin, func(i int) needs { return analyze(parts[begin+i]) })
		if n.whole == nil || !n.exact || len(n.whole) > maxLinks {
			return nil
		}
		c = append(c, n.whole)
		begin = end + 1
	}
	return c
}

// isAnything tells whether re is .*, greedy or not. Whether the dot takes newlines makes no difference where there are none.
func isAnything(re *syntax.Regexp) bool {
	return re.Op == syntax.OpStar && (re.Sub[0].Op == syntax.OpAnyCharNotNL || re.Sub[0].Op == syntax.OpAnyChar)
}

// in reports whether b, which has no newline, matches. Of each set the literal that ends first leaves the most to the others.
func (c chain) in(b []byte) bool {
	at := 0
	for _, set := range c {
		if at = set.firstEnd(b, at); at < 0 {
			return false
		}
	}
	return true
}

// firstEnd returns where the literal of s ends that ends first in b, of those that begin at from or behind it; -1 if there is none.
func (s literals) firstEnd(b []byte, from int) int {
	first := -1
	for i := range s {
		begin := s[i].find(b, from)
		if end := begin + len(s[i].text); begin >= 0 && (first < 0 || end < first) {
			first = end
		}
	}
	return first
}

// find returns where l begins in b, at from at the earliest; -1 if it does not stand there.
func (l *literal) find(b []byte, from int) int {
	if l.end {
		from = max(from, len(b)-len(l.text))
	}
	if l.bound() {
		if l.at(b, from) {
			return from
		}
		return -1
	}
	if strings.IndexByte(l.fold, 0x20) < 0 {
		if i := bytes.Index(b[from:], []byte(l.text)); i >= 0 {
			return from + i
		}
		return -1
	}
	for i := from; i+len(l.text) <= len(b); i++ {
		if l.at(b, i) {
			return i
		}
	}
	return -1
}
