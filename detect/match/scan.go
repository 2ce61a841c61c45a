package match

import "bytes"

// scan finds in a block of log lines the places of the literals of one or more sets. Safe for concurrent use.
type scan struct {
	teddy  *teddy // nil: look for one set with search
	search *searcher
	set    wanted
}

// newScan prepares the search for sets: one, or several that all fit a teddy.
func newScan(sets []wanted) *scan {
	if teddyFits(sets) {
		return &scan{teddy: newTeddy(sets)}
	}
	return &scan{search: newSearcher(sets[0].literals), set: sets[0]}
}

// next returns the first place at or behind from where something stands that one of the sets looks for, or what may hide it, and which
// of them. Without a teddy that is the beginning of the line, once. Without any such place it is len(block).
func (s *scan) next(block []byte, from int) (at int, found Sets) {
	if s.teddy != nil {
		return s.teddy.next(block, from)
	}
	if from > 0 && block[from-1] != '\n' { // the line has been looked at
		from += lineLen(block[from:]) + 1
	}
	for from < len(block) {
		line := block[from:]
		line = line[:lineLen(line)]
		if s.search.in(line) || s.set.hidden.in(line) {
			return from, s.set.bit
		}
		from += len(line) + 1
	}
	return len(block), 0
}

// lineLen is the length of the line that b begins with.
func lineLen(b []byte) int {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return i
	}
	return len(b)
}
