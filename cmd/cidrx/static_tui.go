package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"cidrx/cmd/cidrx/explore"
	"cidrx/cmd/internal/term"
	"cidrx/detect/static"
)

// keyboard opens what the keys of --tui are read from: the standard input, or the terminal itself where that brings a log. It fails
// before anything is read when there is no terminal to look at. nil: not asked for.
func (o *output) keyboard(stdout io.Writer) (*os.File, error) {
	switch {
	case !o.tui:
		return nil, nil
	case !term.IsTerminal(stdout):
		return nil, errors.New("--tui needs a terminal for its screen; --plain writes text, --report F.html a page")
	case term.IsTerminal(os.Stdin):
		return os.Stdin, nil
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("--tui needs a terminal for its keys: %w", err)
	}
	return tty, nil
}

// explore shows the analysis until the user leaves.
func (o *output) explore(ctx context.Context, a *static.Analysis, keys *os.File, stdout io.Writer) error {
	defer keys.Close()
	return explore.Run(ctx, a, keys, stdout)
}
