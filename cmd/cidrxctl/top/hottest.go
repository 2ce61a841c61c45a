package top

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"cidrx/cmd/internal/term"
)

// hottestPage lists the strategies and what is hot in each.
type hottestPage struct {
	*session
	strategies term.Table
	hottest    term.Table
}

func newHottest(s *session) *hottestPage {
	p := &hottestPage{session: s, hottest: hotTable(s)}
	p.strategies = term.Table{Quiet: true, Row: p.strategy, Columns: []term.Column{
		{Title: "STRATEGY", Width: 16, Grows: true}, {Title: "REQUESTS/S", Width: 10, Right: true}, {Title: "IN WINDOW", Width: 9, Right: true},
		{Title: "ADDRESSES", Width: 9, Right: true}, {Title: "WINDOW", Width: 8, Right: true}, {Title: "VERDICTS", Width: 8, Right: true},
	}}
	return p
}

// hotTable lists hot prefixes.
func hotTable(s *session) term.Table {
	return term.Table{Row: s.hotRow, Columns: []term.Column{
		{Title: "HOTTEST OF", Width: 10}, {Title: "NETWORK", Width: 23, Grows: true}, {Title: "REACHED", Width: 7, Right: true},
		{Title: "", Width: 10, Spare: 2}, {Title: "REQUESTS", Width: 14, Right: true}, {Title: "HOSTS", Width: 12, Right: true},
		{Title: "", Width: 8, Spare: 1}, {Title: "TIER", Width: 26, Spare: 3},
	}}
}

func (s *session) hotRow(i int) []string {
	h := s.top.Hottest[i]
	return []string{term.Printable(h.Name), h.Prefix.String(), percentReached(h.Standing), gauge(h.Standing, 10), of(h.Requests, h.Needed),
		of(uint64(max(0, h.Hosts)), uint64(max(0, h.HostsNeeded))), banWord(h.State), term.Printable(h.Tier)}
}

func (p *hottestPage) title() string { return "hottest" }

func (p *hottestPage) keys() []term.Key {
	return p.acting([]term.Key{{Name: "q", Does: "quit"}, {Name: "tab", Does: "pages"}, {Name: "↑↓", Does: "choose"}, {Name: "enter", Does: "why"}}, true)
}

func (p *hottestPage) press(key tea.KeyPressMsg) (bool, tea.Cmd) {
	if p.hottest.Press(key.String()) {
		return true, nil
	}
	return p.pressOn(key.String(), hotPrefix(p.session, &p.hottest))
}

func (p *hottestPage) draw(width, height int) []string {
	p.strategies.Rows = len(p.top.Status.Strategies)
	lines := p.strategies.Draw(width, min(p.strategies.Rows+1, max(2, height/3)))
	lines = append(lines, "")
	p.hottest.Rows = len(p.top.Hottest)
	if p.hottest.Rows == 0 {
		return append(lines, term.Faint("No strategy has counted a request within its window."))
	}
	return append(lines, p.hottest.Draw(width, height-len(lines))...)
}

func (p *hottestPage) strategy(i int) []string {
	s := p.top.Status.Strategies[i]
	return []string{term.Printable(s.Name), perSecond(p.history.asked, s.Name), term.Short(s.Requests), term.Short(uint64(max(0, s.Addresses))),
		short(seconds2(s.WindowS)), term.Short(s.Verdicts)}
}

// seconds2 makes a duration of seconds that may be any number.
func seconds2(s float64) time.Duration {
	const most = 100 * 365 * 24 * time.Hour
	return time.Duration(max(0, min(s, most.Seconds())) * float64(time.Second))
}
