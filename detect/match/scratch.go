package match

import "bytes"

// Scratch holds what the filters of one event share: the normalised target. Each goroutine has its own; its zero value is ready.
type Scratch struct {
	buf   []byte // the normalised target, if state is changed
	state scratchState
}

type scratchState uint8

const (
	unknown scratchState = iota
	same                 // the target is its own normalised form
	changed
)

// Reset tells s that the next Match is about another event. Call it once before an event's first filter.
func (s *Scratch) Reset() {
	const keep = 64 << 10 // a longer target is rare, and its memory is not held on to
	if cap(s.buf) > keep {
		s.buf = nil
	}
	s.state = unknown
}

// normalized returns the normalised form of the event's target, and whether it differs from target.
func (s *Scratch) normalized(target []byte) ([]byte, bool) {
	if s.state == unknown {
		s.state = same
		if !plain(target) {
			s.buf = normalize(s.buf, target)
			if !bytes.Equal(s.buf, target) {
				s.state = changed
			}
		}
	}
	return s.buf, s.state == changed
}
