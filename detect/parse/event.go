// Package parse turns one log line into one Event. What needs several lines is put together behind it, in detect/login.
package parse

import (
	"errors"
	"net/netip"
	"time"
)

// Outcome says how a login attempt ended, if the line is about one.
type Outcome uint8

const (
	NoOutcome Outcome = iota
	Success
	Failure
)

// Event is one parsed log line. A []byte field is nil when the line does not have it ("-" in text formats); it aliases the line or
// the Arena given to Parse, and is never written to.
type Event struct {
	Time      time.Time  // zero when the format has no time
	Client    netip.Addr // unmapped, without zone; always valid in an accepted event
	Method    []byte
	Target    []byte // path and query as logged: the log's own escapes (\x22) undone, percent signs kept
	Host      []byte
	UserAgent []byte
	Referer   []byte
	User      []byte // login name or remote user
	Headers   []Header
	Line      []byte // the whole line, without its newline
	Status    int    // 0: absent
	Bytes     int64  // -1: absent
	Repeat    int    // how many attempts or requests the line stands for, at least 1
	Outcome   Outcome
	Forwarded bool // the client's packets do not reach this host: a ban earned here cannot be enforced in its kernel

	Part Part // sshd only: the piece of a connection that this line is
}

// Header is one request header. Value is nil where only the name is logged.
type Header struct{ Name, Value []byte }

// Part places an sshd line in the life of its connection. detect/login puts parts together into attempts.
type Part struct {
	Kind PartKind
	PID  int // sshd's process id, 0 if not logged
	Port int // the client's port, 0 if not logged
}

// PartKind is what an sshd line says of its connection.
type PartKind uint8

const (
	NotPart     PartKind = iota // stands for itself
	PartNamed                   // the connection named a user ("Invalid user x from …"); nothing decided yet
	PartFailed                  // an attempt failed ("Failed password for …")
	PartSuccess                 // an attempt succeeded ("Accepted …")
	PartClosed                  // the connection ended ("Connection closed by …", "Disconnected from …")
)

// ErrIgnored is wrapped by Parse for a well-formed line that is none of its business: another program's line in auth.log, an sshd
// line that is about no login, an nginx error that is about no client. It counts neither as an event nor as a failure.
var ErrIgnored = errors.New("ignored")

// Parser reads lines of one format. It is not safe for concurrent use. Give it the lines of one file in their order: what a line means
// depends on no other, but auto keeps to the preset that it found, and nginx-error refuses lines right behind a message that may hold a
// client's line ends.
type Parser interface {
	// Parse fills ev, which it resets first, from line (without newline, at most 1 MiB). What must be unescaped or decoded goes to a.
	// The error says what is wrong with the line in a few words, without quoting it.
	Parse(line []byte, ev *Event, a *Arena) error
}

// Arena holds the decoded fields of a batch of events. Its zero value is ready; Reset makes all it gave out invalid.
type Arena struct {
	buf     []byte
	headers []Header
}

// Reset forgets what the arena holds and keeps its memory, up to a bound.
func (a *Arena) Reset() {
	const keep = 1 << 20
	if cap(a.buf) > keep {
		a.buf = nil
	}
	if cap(a.headers) > keep/48 {
		a.headers = nil
	}
	a.buf, a.headers = a.buf[:0], a.headers[:0]
}

// Options are what a format needs to know besides its name.
type Options struct {
	Location       *time.Location    // for stamps without a zone; nil is UTC
	Year           func() time.Time  // reference for stamps without a year: the file's mtime, or now; nil is the Unix epoch's year
	Fields         map[string]string // nginx-json: field of Event (time, client, method, …) -> JSON key; nil takes the usual names
	TrustedProxies []netip.Prefix    // peers whose forwarded list is believed
	Forwarded      bool              // the server already replaced the address by the forwarded one
}
