package static

import (
	"errors"
	"fmt"

	"cidrx/detect/report"
)

// Unreadable is the error of a log of which no line parses.
type Unreadable struct {
	Log    string // its name
	Format string // that was asked for
	First  string // its first line as logged, with … behind its first 200 bytes if it is longer
	Looks  string // the preset that would fit; empty: none does
	Lines  uint64
}

func (u *Unreadable) Error() string {
	format, hint := fmt.Sprintf("%q", u.Format), "describe the lines with a format string"
	if u.Format == "auto" {
		format = "any known format"
	}
	if u.Looks != "" && u.Looks != u.Format {
		hint = fmt.Sprintf("they look like %s", u.Looks)
	}
	return fmt.Sprintf("%s: none of its %s lines is in the format %s: %s; the first is %q", u.Log, report.Grouped(u.Lines), format, hint, u.First)
}

// allEmpty is an error if no log has a line.
func (a *Analysis) allEmpty() error {
	for i := range a.logs {
		if a.logs[i].lines > 0 {
			return nil
		}
	}
	switch len(a.logs) {
	case 0:
		return errors.New("there is no log to analyse")
	case 1:
		return fmt.Errorf("%s: the log is empty", a.logs[0].Name)
	}
	return fmt.Errorf("all %d logs are empty, from %s on", len(a.logs), a.logs[0].Name)
}
