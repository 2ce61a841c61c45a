package termtest

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// Hostile is a text as the name of a file, a log line or an answer may hold it: it resets the terminal, begins a line of its own, and
// has control characters in one byte, in UTF-8, and in neither. Injected is what its own line begins with.
const (
	Hostile  = "e\n" + Injected + "\x1bcv\x07\x7f\u009b2J\x9b31m\r\u202etxt"
	Injected = "INJECTED"
)

// Harmless fails the test if a terminal would obey anything in what a command wrote, line breaks aside, or if Hostile has got a line of
// its own.
func Harmless(t *testing.T, command, wrote string) {
	t.Helper()
	for i, r := range wrote {
		invalid := r == utf8.RuneError && !strings.HasPrefix(wrote[i:], "\ufffd")
		if r != '\n' && (!unicode.IsPrint(r) || invalid) {
			t.Errorf("%s: %q reaches the terminal in …%.200q", command, r, wrote[max(0, i-100):])
			break
		}
	}
	for line := range strings.Lines(wrote) {
		if strings.HasPrefix(line, Injected) {
			t.Errorf("%s: a line of somebody else: %.200q", command, line)
		}
	}
}
