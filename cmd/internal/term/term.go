// Package term is what cidrx's terminal views have in common: a program that leaves the terminal as it found it, a shell that goes from
// page to page, a frame with a title and the keys, tables that scroll, little bar charts, and text that stays inside its columns whatever a
// log holds.
//
// Strings that go into a view are of two kinds: ours, which may carry styles, and what was read from somewhere, which must have gone
// through Printable first.
package term

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	xterm "github.com/charmbracelet/x/term"
)

// The smallest terminal that a view is drawn in, in columns and lines.
const (
	LeastWidth  = 60
	LeastHeight = 15
)

// Run shows m until it quits, ctx ends, or SIGINT, SIGTERM or SIGHUP comes; all of these are a nil error. Keys come from in, which
// may be another terminal device than the standard input, and frames go to out: an error says so when one of them is no terminal.
// However it ends, by a panic too, the terminal is as it was before.
func Run(ctx context.Context, m tea.Model, in io.Reader, out io.Writer) error {
	if !IsTerminal(in) || !IsTerminal(out) {
		return errors.New("the view needs a terminal for keys and screen; --plain and --report write the same to files and pipes")
	}
	// The library's own handler can wait for ever when a signal ends ctx as well, so signals come through ctx only.
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	options := []tea.ProgramOption{tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out), tea.WithoutSignalHandler(), tea.WithFPS(30)}
	if os.Getenv("NO_COLOR") != "" { // any value at all: https://no-color.org
		options = append(options, tea.WithColorProfile(colorprofile.ASCII))
	}
	_, err := tea.NewProgram(m, options...).Run()
	switch {
	case err == nil, ctx.Err() != nil && !errors.Is(err, tea.ErrProgramPanic):
		return nil
	}
	return fmt.Errorf("terminal view: %w", err)
}

// IsTerminal says whether f, an *os.File or the like, is a terminal.
func IsTerminal(f any) bool {
	file, ok := f.(interface{ Fd() uintptr })
	return ok && xterm.IsTerminal(file.Fd())
}
