package control

import (
	"errors"
	"strings"
)

// What the errors of this package wrap; ask with errors.Is.
var (
	ErrInvalid     = errors.New("invalid request")   // the caller's mistake
	ErrForbidden   = errors.New("not permitted")     // the caller needs another group
	ErrUnreachable = errors.New("agent unreachable") // nobody answers at the socket
	ErrInUse       = errors.New("socket in use")     // Listen: somebody else answers there
)

// Error is a failure as a person sees it: one line that says what happened, and the next step.
type Error struct {
	Message string
	Next    string // what to do about it; may be empty
	Err     error  // what it wraps; may be nil
}

// Invalid is the caller's mistake, with the next step. It wraps ErrInvalid.
func Invalid(message, next string) error {
	return &Error{Message: message, Next: next, Err: ErrInvalid}
}

func (e *Error) Error() string {
	if e.Next == "" {
		return e.Message
	}
	return e.Message + "; " + e.Next
}

func (e *Error) Unwrap() error { return e.Err }

// Advice splits any error into what happened and the next step, which is empty if the error carries none.
func Advice(err error) (message, next string) {
	message = err.Error()
	var e *Error
	if errors.As(err, &e) && e.Next != "" {
		// What wrapped the error has put its own words before it, so that the step stands last.
		return strings.TrimSuffix(message, "; "+e.Next), e.Next
	}
	return message, ""
}
