package explore

import (
	"context"
	"net/netip"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"cidrx/detect/report"
)

// look is the second read of the logs, and what it brought.
type look struct {
	reading *sync.WaitGroup
	pending bool
	detail  *report.Detail // nil: not yet, or not at all
	err     error
}

// looked is its end.
type looked struct {
	detail *report.Detail
	err    error
}

// ticked moves the spinner.
type ticked struct{}

func tick() tea.Cmd {
	return tea.Tick(100*time.Millisecond, func(time.Time) tea.Msg { return ticked{} })
}

// start reads the logs again, in the background.
func (l *look) start(ctx context.Context, a Analysis) tea.Cmd {
	l.pending = true
	l.reading.Add(1)
	return func() tea.Msg {
		defer l.reading.Done()
		detail, err := a.Look(ctx)
		return looked{detail, err}
	}
}

func (l *look) end(msg looked) { l.pending, l.detail, l.err = false, msg.detail, msg.err }

// of is what the second look says of a range; nil when it says nothing.
func (l *look) of(section int, p netip.Prefix) *report.RangeDetail {
	if l.detail == nil {
		return nil
	}
	for i := range l.detail.Ranges {
		if d := &l.detail.Ranges[i]; d.Section == section && d.Prefix == p {
			return d
		}
	}
	return nil
}
