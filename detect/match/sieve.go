package match

import (
	"math"
	"slices"
)

// Sieve finds in blocks of log lines, of any format that parse knows, those that filters may match, by the literals that their
// expressions require: those of all filters in one pass, before any line is parsed. A line in which an escape of the log or a percent
// code of the target could hide a literal may match, too. Add all, then Ready; from then on it is safe for concurrent use.
type Sieve struct {
	sets   []wanted
	scans  []*scan
	fields *fields // nil: only whole lines are searched
}

// Sets are sets of literals that a Sieve looks for, a bit each.
type Sets uint64

// maxSets is how many sets a Sieve looks for; what is added beyond may match every line.
const maxSets = 64

// wanted is a set of literals that is looked for.
type wanted struct {
	literals literals
	hidden   hidden
	bit      Sets
}

// Add has the literals looked for that f requires. f matches no line in which not all of the returned sets are found. None at all are
// returned where nothing is known: each line may match.
func (s *Sieve) Add(f *Filter) Sets {
	var all Sets
	if f.userAgent != nil {
		all |= s.add(f.userAgent.required, false)
	}
	if f.endpoint != nil {
		all |= s.add(f.endpoint.required, true)
	}
	return all
}

// AddWords is Add for user agents that contain one of the words.
func (s *Sieve) AddWords(words *Substrings) Sets { return s.add(words.set, false) }

// add returns the bit of a set, which stands in targets or in other fields; 0 if usual lines hold one of it, or if it is one too many.
func (s *Sieve) add(required literals, target bool) Sets {
	set := inLines(required, target)
	if set == nil || common(set) {
		return 0
	}
	for i := range s.sets {
		if s.sets[i].hidden.percent == target && slices.Equal(s.sets[i].literals, set) {
			return s.sets[i].bit
		}
	}
	if len(s.sets) == maxSets {
		return 0
	}
	s.sets = append(s.sets, wanted{literals: set, hidden: hiding(set, target), bit: 1 << len(s.sets)})
	return s.sets[len(s.sets)-1].bit
}

// Ready ends the adding. Sets of few literals are looked for together, as many as one pass can take.
func (s *Sieve) Ready() {
	var together []wanted
	for _, set := range s.sets {
		switch {
		case len(set.literals) == 0: // never found
		case !teddyFits([]wanted{set}):
			s.scans = append(s.scans, newScan([]wanted{set}))
		case teddyFits(append(together, set)):
			together = append(together, set)
		default:
			s.scans, together = append(s.scans, newScan(together)), []wanted{set}
		}
	}
	if len(together) > 0 {
		s.scans = append(s.scans, newScan(together))
	}
	s.fields = newFields(s.sets)
}

// Pass is one way through blocks, for one goroutine.
type Pass struct {
	sieve *Sieve
	block []byte
	next  []place
	First int // where the next set is found in the block; math.MaxInt: nowhere
}

// place is where sets were found.
type place struct {
	at    int
	found Sets
}

// Pass makes one.
func (s *Sieve) Pass() *Pass { return &Pass{sieve: s, next: make([]place, len(s.scans))} }

// Start goes to the beginning of a block.
func (p *Pass) Start(block []byte) {
	p.block = block
	for i, s := range p.sieve.scans {
		p.next[i].at, p.next[i].found = s.next(block, 0)
	}
	p.look()
}

// look sets First.
func (p *Pass) look() {
	p.First = math.MaxInt
	for i := range p.next {
		if p.next[i].at < len(p.block) {
			p.First = min(p.First, p.next[i].at)
		}
	}
}

// Until returns the sets found from where it was called for last, or from the start, until end, which is the end of a line.
func (p *Pass) Until(end int) (found Sets) {
	if p.First > end {
		return 0
	}
	for i, s := range p.sieve.scans {
		n := &p.next[i]
		for n.at < end {
			found |= n.found
			n.at, n.found = s.next(p.block, n.at+1)
		}
	}
	p.look()
	return found
}
