package term_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"cidrx/cmd/internal/term"
)

func TestErrorText(t *testing.T) {
	evil := errors.New("e\n\x1b[31mv.log: bad")
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"plain", errors.New("a.log: empty"), "a.log: empty"},
		{"hostile", evil, `e\n\x1b[31mv.log: bad`},
		{"wrapped", fmt.Errorf("x\n: %w; do", evil), `x\n: e\n\x1b[31mv.log: bad; do`},
		{"path", &fs.PathError{Op: "open", Path: "a\u009bb\xff", Err: fs.ErrNotExist}, `open a\u009bb\xff: file does not exist`},
		{"several", errors.Join(evil, errors.New("other")), `e\n\x1b[31mv.log: bad` + "\nother"},
		{"several inside", fmt.Errorf("all\r: %w", errors.Join(errors.New("one"), fmt.Errorf("two: %w", errors.Join(evil, evil)))),
			`all\r: one` + "\n" + `two: e\n\x1b[31mv.log: bad` + "\n" + `e\n\x1b[31mv.log: bad`},
		{"several in a sentence", fmt.Errorf("%w and\n%w", errors.New("one"), errors.New("two")), `one and\ntwo`},
		{"several of nothing", errors.Join(errors.New("")), ""},
		{"one that hides its cause", hiding{evil}, `hidden\n`},
	} {
		if got := term.ErrorText(tt.err); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

type hiding struct{ error }

func (h hiding) Error() string { return "hidden\n" }
func (h hiding) Unwrap() error { return h.error }

func TestNote(t *testing.T) {
	var b strings.Builder
	term.Note(&b, "%s: read as %s", "e\n\x1b[31mv", "web")
	if got, want := b.String(), `e\n\x1b[31mv: read as web`+"\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
