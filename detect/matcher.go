package detect

import (
	"cidrx/detect/match"
	"cidrx/detect/parse"
)

// Mask says which strategies an event passed the filters of: bit i stands for strategy i.
type Mask uint64

// Matcher evaluates the filters of all strategies. It keeps no counts, so the goroutines that read the sources run it, each its own.
type Matcher struct {
	filters    []*match.Filter
	scratch    match.Scratch
	generation uint64
}

// Matcher returns a new Matcher for the strategies as they are now.
func (e *Engine) Matcher() *Matcher {
	m := &Matcher{generation: e.generation}
	for i := range e.strategies {
		m.filters = append(m.filters, e.strategies[i].filter)
	}
	return m
}

// Mask returns the strategies whose filters ev, read from source, passes.
func (m *Matcher) Mask(ev *parse.Event, source string) Mask {
	m.scratch.Reset()
	var mask Mask
	for i, f := range m.filters {
		if f.Match(ev, source, &m.scratch) {
			mask |= 1 << i
		}
	}
	return mask
}

// Generation is that of the engine when the matcher was made.
func (m *Matcher) Generation() uint64 { return m.generation }
