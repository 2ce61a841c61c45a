package config

import (
	"fmt"
	"strings"
)

// Error is one thing that is wrong with the configuration. Warnings have the same shape.
type Error struct {
	File    string // path, or "environment", "flags"
	Line    int    // from 1; 0: not about a line
	Column  int    // from 1, in bytes; 0: not about a column
	Key     string // "live.botnet.tier[0].threshold"
	Msg     string // what is wrong, and the next step
	Nearest string // the known key that comes nearest to an unknown one, if any does
}

// Error gives the file, the line and column where known, the key, what is wrong and the nearest known key, in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
	}
	if e.Key != "" {
		b.WriteString(": " + e.Key)
	}
	b.WriteString(": " + e.Msg)
	if e.Nearest != "" {
		fmt.Fprintf(&b, "; did you mean %q?", e.Nearest)
	}
	return b.String()
}

// Warning is something that is allowed but hardly meant.
type Warning = Error

// Errors are all errors found, sorted by file and line, at most MaxErrors; what was left off is counted in the last one's place.
type Errors []*Error

// Error gives one error a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}
