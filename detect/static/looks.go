package static

import "cidrx/detect/parse"

// Looks tells which requests look like those of ordinary visitors, by the rule that suggestions go by: see OrdinaryRule. Each goroutine
// has its own.
type Looks struct{ o *onlooker }

// OrdinaryRule says to people what looks ordinary.
const OrdinaryRule = ordinaryRule

// NewLooks makes a Looks.
func NewLooks() (*Looks, error) {
	o, err := newOnlooker()
	if err != nil {
		return nil, err
	}
	return &Looks{o}, nil
}

// Ordinary reports whether ev looks like an ordinary visitor's request, or is a login that succeeded.
func (l *Looks) Ordinary(ev *parse.Event) bool { return l.o.kind(ev) == ordinary }
