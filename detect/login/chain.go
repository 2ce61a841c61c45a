package login

// The two kinds of chain that a connection can be in at once.
const (
	byLine = iota
	byPending
)

// chain is a list of connections, oldest first, with its links inside them.
type chain struct {
	first, last *connection
	n           int
	link        int // which of a connection's links
}

type links struct {
	older, newer *connection
	in           bool
}

// push puts c, which is in no chain of this kind, at the end.
func (l *chain) push(c *connection) {
	c.links[l.link] = links{older: l.last, in: true}
	if l.last == nil {
		l.first = c
	} else {
		l.last.links[l.link].newer = c
	}
	l.last = c
	l.n++
}

// remove takes c, which is in the chain, out.
func (l *chain) remove(c *connection) {
	at := c.links[l.link]
	c.links[l.link] = links{}
	if at.older == nil {
		l.first = at.newer
	} else {
		at.older.links[l.link].newer = at.newer
	}
	if at.newer == nil {
		l.last = at.older
	} else {
		at.newer.links[l.link].older = at.older
	}
	l.n--
}

// holds tells whether c is in a chain of this kind.
func (l *chain) holds(c *connection) bool { return c.links[l.link].in }
