package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLastWords: what systemd is told is one printable line, whatever the error holds.
func TestLastWords(t *testing.T) {
	for name, c := range map[string]struct{ err, want string }{
		"one line":    {"cidrx.toml:1:1: nonsense: unknown section", "cidrx.toml:1:1: nonsense: unknown section"},
		"several":     {"a.toml:1:1: one\na.toml:2:1: two\na.toml:3:1: three", "a.toml:1:1: one (and 2 more lines: journalctl -u cidrx)"},
		"a notice":    {"open x\nREADY=1", "open x (and 1 more line: journalctl -u cidrx)"},
		"an escape":   {"open e\x1b[31mv.log", `open e\x1b[31mv.log`},
		"a long name": {strings.Repeat("é", maxLastWords), strings.Repeat("é", maxLastWords/2)},
		"cut through": {"a" + strings.Repeat("é", maxLastWords), "a" + strings.Repeat("é", maxLastWords/2-1) + `\xc3`},
	} {
		if diff := cmp.Diff(c.want, lastWords(errors.New(c.err))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
