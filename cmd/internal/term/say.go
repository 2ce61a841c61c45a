package term

import (
	"fmt"
	"io"
	"strings"
)

// Note writes one line for people. Whatever its arguments hold, such as the name of a file, it stays one line, and printable. What cannot
// be written is lost: notes go to standard error.
func Note(w io.Writer, format string, args ...any) {
	fmt.Fprintln(w, Printable(fmt.Sprintf(format, args...)))
}

// ErrorText is what err says, printable. Of several errors in one, as of errors.Join, each has a line; a line break inside of one, which a
// name may hold, is written as \n.
func ErrorText(err error) string {
	text := err.Error()
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return within(text, inner)
		}
	case interface{ Unwrap() []error }:
		if several := e.Unwrap(); text == joined(several, error.Error) {
			return joined(several, ErrorText)
		}
	}
	return Printable(text)
}

// within is text with what inner says, which is somewhere in it, in lines as inner has them.
func within(text string, inner error) string {
	said := inner.Error()
	at := strings.LastIndex(text, said) // the last: errors end in their cause, and a name before it may hold anything
	if at < 0 {
		return Printable(text)
	}
	return Printable(text[:at]) + ErrorText(inner) + Printable(text[at+len(said):])
}

func joined(errs []error, text func(error) string) string {
	lines := make([]string, len(errs))
	for i, err := range errs {
		lines[i] = text(err)
	}
	return strings.Join(lines, "\n")
}
