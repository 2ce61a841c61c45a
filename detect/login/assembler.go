// Package login puts the lines that sshd writes about one connection together into login attempts.
package login

import (
	"bytes"
	"time"

	"cidrx/detect/parse"
)

// ErrPart is why a line whose event Add did not count is not shown as one. It wraps parse.ErrIgnored.
var ErrPart error = partError{}

type partError struct{}

func (partError) Error() string { return "part of a connection that is counted by its attempts" }
func (partError) Unwrap() error { return parse.ErrIgnored }

const (
	// patience is how long after a user was named the end of the connection is waited for. sshd ends a connection after
	// LoginGraceTime, two minutes unless configured, and says so; what is later than that lost its end.
	patience = 2 * time.Minute

	// openMemory is how long a connection is remembered after its last line: longer grace times exist.
	openMemory = 15 * time.Minute

	// closedMemory is how long a connection is remembered after its end, for lines that come out of order.
	closedMemory = 5 * time.Second

	defaultMax = 16_384
)

// Assembler is the stage behind the sshd parser, one for each source. It counts
//
//   - a failed attempt as a failure, with its repeat,
//   - an accepted one as a success,
//   - a connection that named a user and ended before either as one failure, at its end. When no end comes within two minutes, or
//     room runs out, or the input ends, it becomes due with the line that named the user.
//
// Lines of a connection may come in any order, as they do in one second of a log: what was counted early for want of a line that came
// late is taken off the next failed attempt of the connection, so the sum stays the same. (One sum cannot be put right: a
// close by an authenticating user in front of its Accepted line. sshd writes no such pair.)
//
// It keeps no clock: everything follows from the order and times of events. It is not safe for concurrent use.
type Assembler struct {
	max     int
	now     time.Time // event time
	byPort  map[portKey]*connection
	byPID   map[pidKey]*connection
	open    chain // connections not ended, by their latest line
	closed  chain // ended, by their latest line
	waiting chain // of both, those with a pending line, by its arrival
	due     []parse.Event
	evicted uint64
	dropped uint64
}

// Stats counts what the Assembler holds and dropped.
type Stats struct {
	Connections int    // held now
	Evicted     uint64 // connections forgotten early for want of room; what they had to count was counted
	Dropped     uint64 // due attempts thrown away because Due was not called
}

// New makes an Assembler that remembers at most max connections; 0 means 16,384.
func New(max int) *Assembler {
	if max <= 0 {
		max = defaultMax
	}
	return &Assembler{
		max:    max,
		byPort: map[portKey]*connection{}, byPID: map[pidKey]*connection{},
		open: chain{link: byLine}, closed: chain{link: byLine}, waiting: chain{link: byPending},
	}
}

// Add takes the next event of the source and reports whether it is to be counted. ev may be changed: an end of a connection that had
// named a user becomes a failure of that user. Events that are no part of an sshd connection pass untouched. Event time advances with
// ev; what became due by it is handed out by Due.
func (a *Assembler) Add(ev *parse.Event) bool {
	if ev.Part.Kind == parse.NotPart {
		return true
	}
	a.Advance(ev.Time)
	c := a.find(ev)
	a.unlink(c)
	count := c.take(ev)
	a.relink(c)
	a.makeRoom()
	return count
}

// Advance tells the event time when no lines come. It never goes back.
func (a *Assembler) Advance(now time.Time) {
	if !now.After(a.now) {
		return
	}
	a.now = now
	a.expire()
}

// Flush ends the input: every connection that named a user and is undecided becomes due, and all are forgotten.
func (a *Assembler) Flush() {
	for a.waiting.first != nil {
		a.settle(a.waiting.first)
	}
	for _, list := range []*chain{&a.closed, &a.open} {
		for list.first != nil {
			a.forget(list.first)
		}
	}
}

// Due appends to dst the attempts that no line of their own decided, in the order in which they became due, and forgets them. Their
// bytes are their own. Call it after each batch.
func (a *Assembler) Due(dst []parse.Event) []parse.Event {
	dst = append(dst, a.due...)
	clear(a.due)
	a.due = a.due[:0]
	return dst
}

// Stats says how full the Assembler is and what it dropped.
func (a *Assembler) Stats() Stats { return Stats{a.open.n + a.closed.n, a.evicted, a.dropped} }

// expire settles and forgets what has waited long enough.
func (a *Assembler) expire() {
	for c := a.waiting.first; c != nil && a.now.Sub(c.since) > patience; c = a.waiting.first {
		a.settle(c)
	}
	for c := a.closed.first; c != nil && a.now.Sub(c.last) > closedMemory; c = a.closed.first {
		a.forget(c)
	}
	for c := a.open.first; c != nil && a.now.Sub(c.last) > openMemory; c = a.open.first {
		a.forget(c)
	}
}

// makeRoom forgets connections, ended ones first, until there are no more than max.
func (a *Assembler) makeRoom() {
	for a.open.n+a.closed.n > a.max {
		if a.closed.first != nil {
			a.forget(a.closed.first)
		} else {
			a.forget(a.open.first)
		}
		a.evicted++
	}
}

// settle makes the failure of a connection that named a user due.
func (a *Assembler) settle(c *connection) {
	if len(a.due) >= a.max {
		a.dropped++
	} else {
		a.due = append(a.due, *c.pending)
	}
	a.waiting.remove(c)
	c.pending, c.counted = nil, true
	c.ahead++
}

// keep returns a copy of ev that owns its bytes and stands for one failure.
func keep(ev *parse.Event) *parse.Event {
	kept := *ev
	kept.User = bytes.Clone(ev.User)
	kept.Line = bytes.Clone(ev.Line)
	kept.Outcome, kept.Repeat, kept.Headers = parse.Failure, 1, nil
	return &kept
}
