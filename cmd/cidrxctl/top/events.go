package top

import (
	"net/netip"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cidrx/cmd/internal/term"
)

// eventsPage is the audit trail as it grows.
type eventsPage struct {
	*session
	table term.Table
	shown uint64 // events ever, when it was last drawn
}

func newEventsPage(s *session) *eventsPage { return &eventsPage{session: s, table: eventTable(s)} }

// eventTable lists events, newest first.
func eventTable(s *session) term.Table {
	return term.Table{Row: s.eventRow, Columns: []term.Column{
		{Title: "UTC", Width: 8}, {Title: "EVENT", Width: 8}, {Title: "NETWORK", Width: 23}, {Title: "WHY", Width: 20, Grows: true},
	}}
}

func (s *session) eventRow(i int) []string {
	e := s.events[i]
	network := ""
	if e.Prefix != nil {
		network = e.Prefix.String()
	}
	kind := term.Printable(e.Event)
	switch e.Event {
	case "ban", "extend":
		kind = term.Bad(kind)
	case "unban", "allow":
		kind = term.Good(kind)
	case "error", "leak", "repair", "refused":
		kind = term.Warn(kind)
	}
	if e.Event == "ban" && e.State != "" && e.State != "in_force" { // nothing is dropped
		kind = banWord(e.State)
	}
	why := []string{}
	if e.By != "" {
		why = append(why, "by "+term.Printable(e.By))
	}
	if e.Reason != "" {
		why = append(why, reasonText(e.Reason))
	}
	return []string{e.At.UTC().Format("15:04:05"), kind, network, strings.Join(why, ", ")}
}

func (p *eventsPage) Title() string { return "events" }

func (p *eventsPage) Keys() []term.Key {
	return p.acting([]term.Key{{Name: "q", Does: "quit"}, {Name: "tab", Does: "pages"}, {Name: "↑↓", Does: "choose"}, {Name: "enter", Does: "why"}}, true)
}

func (p *eventsPage) Press(key tea.KeyPressMsg) (bool, tea.Cmd) {
	p.follow()
	if p.table.Press(key.String()) {
		return true, nil
	}
	return p.pressOn(key.String(), p.chosen())
}

func (p *eventsPage) chosen() netip.Prefix {
	if len(p.events) == 0 {
		return netip.Prefix{}
	}
	if e := p.events[min(p.table.Cursor(), len(p.events)-1)]; e.Prefix != nil {
		return *e.Prefix
	}
	return netip.Prefix{}
}

// follow keeps the cursor on the event that it was on while new ones come above it; at the top it stays there.
func (p *eventsPage) follow() {
	p.table.Rows = len(p.events)
	if fresh := p.seen - p.shown; p.table.Cursor() > 0 && fresh > 0 {
		p.table.Select(p.table.Cursor() + int(min(fresh, keptEvents)))
	}
	p.shown = p.seen
}

func (p *eventsPage) Draw(width, height int) []string {
	p.follow()
	if len(p.events) == 0 {
		return []string{term.Faint("Nothing has happened for an hour. What happens from now on is shown here.")}
	}
	return p.table.Draw(width, height)
}
