package top

import (
	"net/netip"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cidrx/cmd/internal/term"
)

// overview is the first page: a line or two of everything. The cursor is in the list of hot prefixes.
type overview struct {
	*session
	sources term.Table
	hottest *hotList
	events  term.Table
}

func newOverview(s *session) *overview {
	p := &overview{session: s}
	p.sources = term.Table{Quiet: true, Row: p.source, Columns: []term.Column{
		{Title: "SOURCE", Width: 14}, {Title: "LINES/S", Width: 7, Right: true}, {Title: "LAG", Width: 8, Right: true}, {Title: "FAILED", Width: 6, Right: true},
		{Title: "FOLLOWS", Width: 12, Grows: true},
	}}
	p.hottest = newHotList()
	p.events = eventTable(s)
	p.events.Quiet = true
	return p
}

func (p *overview) Title() string { return "overview" }

func (p *overview) Keys() []term.Key {
	return p.acting([]term.Key{{Name: "q", Does: "quit"}, {Name: "tab", Does: "pages"}, {Name: "↑↓", Does: "choose"}, {Name: "enter", Does: "why"}}, true)
}

func (p *overview) Press(key tea.KeyPressMsg) (bool, tea.Cmd) {
	if p.hottest.press(key.String()) {
		return true, nil
	}
	return p.pressOn(key.String(), p.hottest.chosen())
}

// Draw shares the lines out: the charts have four, a third of the rest is for events, a few for sources, and the hot prefixes take what is left.
func (p *overview) Draw(width, height int) []string {
	lines := append(p.health(width), p.charts(width)...)
	rest := height - len(lines)
	p.sources.Rows = len(p.top.Status.Sources)
	sources := min(p.sources.Rows, max(1, rest/5)) + 1
	events := max(3, rest/3)
	lines = append(lines, p.sources.Draw(width, sources)...)
	list := p.nearest()
	hot := p.hottest.draw(list, width, rest-sources-events)
	if len(list) == 0 {
		hot = append(hot, term.Faint("nothing: no strategy has counted a request within its window"))
	}
	lines = append(lines, hot...)
	for len(lines) < height-events {
		lines = append(lines, "")
	}
	p.events.Rows = len(p.session.events)
	p.events.Select(0)
	return append(lines, p.events.Draw(width, events)...)
}

// health is what the agent does, and what is wrong.
func (p *overview) health(width int) []string {
	s := p.top.Status
	line := stateWord(s.State) + term.Faint(" with ") + term.Printable(s.Backend) + term.Faint(" up ") + spanText(s.UptimeS) +
		term.Faint(" bans ") + term.Count(s.Bans.IPv4) + " IPv4, " + term.Count(s.Bans.IPv6) + " IPv6" +
		term.Faint(" kernel ") + term.Plural(s.Kernel.Elements, "element")
	if s.Kernel.Drift > 0 {
		line += term.Warn(" drift " + term.Count(s.Kernel.Drift))
	}
	if s.Kernel.Repairs > 0 {
		line += term.Faint(" repairs ") + term.Count(s.Kernel.Repairs)
	}
	lines := []string{line}
	switch {
	case s.Why != "":
		for _, l := range term.Wrap(term.Printable(s.Why), width)[:1] {
			lines = append(lines, term.Warn(l))
		}
	case s.State == "observing":
		lines = append(lines, term.Faint("Nothing is blocked. What enforcing would do: cidrxctl mode enforce --preview"))
	default:
		lines = append(lines, "")
	}
	return lines
}

// charts are lines and drops a second, side by side.
func (p *overview) charts(width int) []string {
	half := (width - 2) / 2
	left := chart("lines a second", p.history.lines, half)
	right := chart("packets dropped a second", p.history.packets, half)
	lines := make([]string, len(left))
	for i := range left {
		lines[i] = term.Fit(left[i], half) + "  " + right[i]
	}
	return lines
}

// chart has a heading and two lines of bars, a column a second, the newest at the right.
func chart(name string, values []uint64, width int) []string {
	now, label := uint64(0), name+": -"
	if n := len(values); n > 0 {
		now = values[n-1]
		label = name + ": " + term.Short(now)
	}
	shown := make([]uint64, width)
	values = values[max(0, len(values)-width):]
	copy(shown[width-len(values):], values)
	bars, peak := term.Bars(shown, width, 2)
	head := term.Ends(label, term.Faint("peak "+term.Short(peak)), width)
	return append([]string{head}, term.Bar(bars[0]), term.Bar(bars[1]))
}

func (p *overview) source(i int) []string {
	s := p.top.Status.Sources[i]
	follows := term.Printable(s.Path)
	if s.Error != "" {
		follows = term.Bad(term.Printable(s.Error))
	}
	failed := term.Short(s.Failed)
	if s.Failed > 0 {
		failed = term.Warn(failed)
	}
	return []string{term.Printable(s.Name), perSecond(p.history.sources, s.Name), lag(s.LagS), failed, follows}
}

// lag is how far behind a source is: more than a few seconds is worth a look.
func lag(seconds float64) string {
	text := strings.TrimSpace(term.Span(seconds2(seconds)))
	if seconds > 5 {
		return term.Warn(text)
	}
	return text
}

// acting adds the keys that change something, for those who may: others are told that they only look.
func (s *session) acting(keys []term.Key, chosen bool) []term.Key {
	if !s.top.MayAct {
		return append(keys, term.Key{Name: "?", Does: "help"}, term.Key{Name: "·", Does: "read only"})
	}
	if chosen {
		keys = append(keys, term.Key{Name: "u", Does: "unblock"})
	}
	return append(keys, term.Key{Name: "b", Does: "ban"}, term.Key{Name: "?", Does: "help"})
}

// pressOn does what a key does to the prefix that is chosen; an invalid one is none.
func (s *session) pressOn(key string, p netip.Prefix) (bool, tea.Cmd) {
	switch {
	case key != "enter" && key != "u" && key != "b" || !p.IsValid():
		return false, nil
	case key == "enter":
		page := newWhy(s, p.Addr())
		s.Open(page)
		return true, page.ask()
	case key == "u":
		s.startUnblock(p)
	case key == "b":
		s.startBan(p.String())
	}
	return true, nil
}
