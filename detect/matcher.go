package detect

import "cidrx/detect/parse"

// Mask says which strategies an event passed the filters of: bit i stands for strategy i.
type Mask uint64

// Matcher evaluates the filters of all strategies. It keeps no counts, so the goroutines that read the sources run it, each its own.
type Matcher struct{ generation uint64 }

// Mask returns the strategies whose filters ev, read from source, passes.
func (m *Matcher) Mask(ev *parse.Event, source string) Mask { return 0 }

// Generation is that of the engine when the matcher was made.
func (m *Matcher) Generation() uint64 { return m.generation }
