package login

import (
	"net/netip"
	"time"

	"cidrx/detect/parse"
)

// connection is what is known of one client's connection to sshd.
type connection struct {
	client  netip.Addr
	pid     int          // 0: not known
	port    int          // 0: not known
	pending *parse.Event // the line that named the user, until something is counted
	since   time.Time    // event time when pending came
	last    time.Time    // event time when the latest line came
	counted bool         // an attempt was counted
	closed  bool
	ahead   int // failures counted that a failed attempt still to come may stand for

	links [2]links // in the chains byLine and byPending
}

// take changes the connection by one line and reports whether ev is to be counted, after changing it to what it counts for.
func (c *connection) take(ev *parse.Event) bool {
	switch ev.Part.Kind {
	case parse.PartFailed:
		return c.failed(ev)
	case parse.PartSuccess:
		c.pending, c.counted = nil, true
		return true
	case parse.PartNamed:
		return c.named(ev)
	default:
		return c.ended(ev)
	}
}

// failed counts an attempt, less what was counted ahead of it.
func (c *connection) failed(ev *parse.Event) bool {
	c.pending, c.counted = nil, true
	if c.ahead == 0 {
		return true
	}
	c.ahead--
	ev.Repeat--
	return ev.Repeat > 0
}

// named keeps the line if nothing has been counted yet. If the connection's end came before it, it is the end.
func (c *connection) named(ev *parse.Event) bool {
	if c.counted {
		return false
	}
	if c.closed {
		return c.count(ev)
	}
	if c.pending == nil {
		c.pending = keep(ev)
	}
	return false
}

// ended counts one failure if a user was named, on this line or before, and nothing was counted.
func (c *connection) ended(ev *parse.Event) bool {
	c.closed = true
	if c.counted || c.pending == nil && ev.User == nil {
		return false
	}
	if ev.User == nil {
		ev.User = c.pending.User
	}
	return c.count(ev)
}

// count makes ev the one failure of the connection.
func (c *connection) count(ev *parse.Event) bool {
	c.pending, c.counted = nil, true
	c.ahead++
	ev.Outcome, ev.Repeat = parse.Failure, 1
	return true
}
