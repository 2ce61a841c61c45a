package match

import (
	"errors"

	"cidrx/detect/parse"
)

// Filter is a compiled set of Options. It is safe for concurrent use.
type Filter struct{ all bool }

// Scratch holds what the filters of one event share: the normalised target. Each goroutine has its own; its zero value is ready.
type Scratch struct{ buf []byte }

// Reset tells s that the next Match is about another event. Call it once before an event's first filter.
func (s *Scratch) Reset() { s.buf = s.buf[:0] }

// New compiles o. The error names the option that is wrong and quotes its value.
func New(o Options) (*Filter, error) { return nil, errors.New("filters cannot be compiled yet") }

// Match reports whether ev, read from source, passes all filters. A field that the event does not have passes no filter on it.
// All calls between two Resets of s must be about the same event. It allocates nothing once s has seen a target as long.
func (f *Filter) Match(ev *parse.Event, source string, s *Scratch) bool { return f.all }
