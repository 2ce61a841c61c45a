package parse

import "bytes"

// failure is why a line is not of the format. A constant of it makes an error without allocating.
type failure string

func (f failure) Error() string { return string(f) }

const (
	errEmpty     = failure("the line is empty")
	errShape     = failure("the line does not have the fields of the format")
	errTail      = failure("there is text after the last field")
	errClient    = failure("the client is not an IP address")
	errTime      = failure("the time is not a time stamp")
	errStatus    = failure("the status is not a number")
	errBytes     = failure("the byte count is not a number")
	errQuote     = failure("a quoted field is not closed")
	errForwarded = failure("the forwarded list has something in it that is not an IP address")
	errTwoPlaces = failure("two places could hold the client's address")
	errJSON      = failure("the line is not a JSON object")
	errNoClient  = failure("the object has no field with the client's address")
	errTwice     = failure("the object names the client twice")
)

// ignored is why a well-formed line is nobody's business. It wraps ErrIgnored.
type ignored string

func (i ignored) Error() string { return string(i) }
func (i ignored) Unwrap() error { return ErrIgnored }

const errOwnMessage = ignored("a message of the server's that is about no request")

// reset makes ev a fresh event of line.
func (ev *Event) reset(line []byte) {
	*ev = Event{}
	ev.Line = line
	ev.Bytes = -1
	ev.Repeat = 1
}

// present returns b, or nil when the text formats' mark of absence stands there.
func present(b []byte) []byte {
	if len(b) == 0 || len(b) == 1 && b[0] == '-' {
		return nil
	}
	return b
}

func indexByte(b []byte, c byte) int { return bytes.IndexByte(b, c) }
