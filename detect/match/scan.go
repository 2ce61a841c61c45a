package match

import (
	"bytes"
	"math"
)

// Scan finds in a block of log lines those that a Filter may match, by the literals that its expressions require. It is safe for
// concurrent use.
type Scan struct {
	every  bool   // nothing is known: each line is a candidate
	teddy  *teddy // nil: look for set with search
	search *searcher
	hidden hidden
}

// Block returns the search for f's candidates among log lines, of any format that parse knows. A line in which an escape of the log or
// a percent code of the target could hide a literal is a candidate, too. Of user agent and endpoint, that one is looked for whose
// literals tell more.
func (f *Filter) Block() *Scan {
	var agent, endpoint literals
	if f.userAgent != nil {
		agent = uncommon(inLines(f.userAgent.required, false))
	}
	if f.endpoint != nil {
		endpoint = uncommon(inLines(f.endpoint.required, true))
	}
	if tells(endpoint) > tells(agent) {
		return newScan(endpoint, true)
	}
	return newScan(agent, false)
}

// tells says how well set tells lines from others: the length of its literals first, then that there are few.
func tells(set literals) int {
	const enough = 6 // longer than this gains nothing
	switch {
	case set == nil:
		return 0
	case len(set) == 0:
		return math.MaxInt
	}
	return min(set.shortest(), enough)*maxUnion*2 - len(set)
}

// uncommon returns set, or nil if usual lines hold one of it.
func uncommon(set literals) literals {
	if common(set) {
		return nil
	}
	return set
}

// newScan prepares the search for set, in targets or other fields; nil stands for every line.
func newScan(set literals, target bool) *Scan {
	s := &Scan{every: set == nil, hidden: hiding(set, target)}
	switch {
	case len(set) == 0:
	case len(set) <= teddyMost && quickTeddy:
		s.teddy = newTeddy(set, s.hidden)
	default:
		s.search = newSearcher(set)
	}
	return s
}

// All reports whether every line is a candidate, so that there is nothing to search for.
func (s *Scan) All() bool { return s.every }

// Next returns a position in the first line at or behind from that may match, and len(block) if there is none. from is the beginning
// of a line. Whoever found a candidate goes on at the beginning of the line behind it.
func (s *Scan) Next(block []byte, from int) int {
	switch {
	case from >= len(block):
		return len(block)
	case s.every:
		return from
	case s.teddy != nil:
		return s.teddy.next(block, from)
	case s.search == nil:
		return len(block) // nothing can match
	}
	return s.slowNext(block, from)
}

// slowNext goes from line to line.
func (s *Scan) slowNext(block []byte, from int) int {
	for from < len(block) {
		line := block[from:]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i]
		}
		if s.search.in(line) || s.hides(line) {
			return from
		}
		from += len(line) + 1
	}
	return len(block)
}

// hides reports whether line may hide a literal.
func (s *Scan) hides(line []byte) bool {
	return s.hidesAt(line, '\\') || s.hidden.percent && s.hidesAt(line, '%')
}

// hidesAt looks at each c of line.
func (s *Scan) hidesAt(line []byte, c byte) bool {
	for i := bytes.IndexByte(line, c); i >= 0; {
		if s.hidden.at(line, i) {
			return true
		}
		n := bytes.IndexByte(line[i+1:], c)
		if n < 0 {
			return false
		}
		i += 1 + n
	}
	return false
}
