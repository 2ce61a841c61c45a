package top

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"cidrx/agent/control"
	"cidrx/cmd/internal/term"
)

// hottestPage lists the strategies and what is hot in each.
type hottestPage struct {
	*session
	strategies term.Table
	hottest    *hotList
}

func newHottest(s *session) *hottestPage {
	p := &hottestPage{session: s, hottest: newHotList()}
	p.strategies = term.Table{Quiet: true, Row: p.strategy, Columns: []term.Column{
		{Title: "STRATEGY", Width: 16, Grows: true}, {Title: "REQUESTS/S", Width: 10, Right: true}, {Title: "IN WINDOW", Width: 9, Right: true},
		{Title: "ADDRESSES", Width: 9, Right: true}, {Title: "WINDOW", Width: 8, Right: true}, {Title: "VERDICTS", Width: 8, Right: true},
	}}
	return p
}

// hotList is a list of hot prefixes with a cursor.
type hotList struct {
	list  []control.Hot
	table term.Table
	pin   pin
}

func newHotList() *hotList {
	l := &hotList{}
	l.table = term.Table{Row: l.row, Columns: []term.Column{
		{Title: "HOTTEST OF", Width: 10}, {Title: "NETWORK", Width: 23, Grows: true}, {Title: "REACHED", Width: 7, Right: true},
		{Title: "", Width: 10, Spare: 1}, {Title: "REQUESTS", Width: 11, Right: true}, {Title: "HOSTS", Width: 9, Right: true},
		{Title: "BAN", Width: 8}, {Title: "TIER", Width: 26, Spare: 2},
	}}
	return l
}

func (l *hotList) row(i int) []string {
	h := l.list[i]
	return []string{term.Printable(h.Name), h.Prefix.String(), percentReached(h.Standing), gauge(h.Standing, 10), of(h.Requests, h.Needed),
		of(uint64(max(0, h.Hosts)), uint64(max(0, h.HostsNeeded))), banWord(h.State), term.Printable(h.Tier)}
}

func (l *hotList) prefix(i int) netip.Prefix { return l.list[i].Prefix }

// draw shows list, which may have another order than a moment ago.
func (l *hotList) draw(list []control.Hot, width, height int) []string {
	l.list, l.table.Rows = list, len(list)
	l.pin.restore(&l.table, l.prefix)
	return l.table.Draw(width, height)
}

func (l *hotList) press(key string) bool {
	done := l.table.Press(key)
	l.pin.set(&l.table, l.prefix)
	return done
}

// chosen is the prefix at the cursor, invalid if there is none.
func (l *hotList) chosen() netip.Prefix { return at(&l.table, l.prefix) }

// leastReached is from which part of what a tier asks for on a prefix is worth a line. The nearest of each strategy always is.
const leastReached = 0.01

// hot are the hot prefixes, by strategy.
func (s *session) hot() []control.Hot {
	name, list := "", []control.Hot{}
	for i, h := range s.top.Hottest {
		if i == 0 || h.Name != name || reached(h.Standing) >= leastReached {
			list = append(list, h)
		}
		name = h.Name
	}
	return list
}

// nearest are the hot prefixes of all strategies: first those that no ban covers yet, the nearest to one first.
func (s *session) nearest() []control.Hot {
	list := s.hot()
	slices.SortStableFunc(list, func(a, b control.Hot) int {
		if covered, other := a.State != "", b.State != ""; covered != other {
			return map[bool]int{true: 1, false: -1}[covered]
		}
		return cmp.Compare(reached(b.Standing), reached(a.Standing))
	})
	return list
}

func (p *hottestPage) Title() string { return "hottest" }

func (p *hottestPage) Keys() []term.Key {
	return p.acting([]term.Key{{Name: "q", Does: "quit"}, {Name: "tab", Does: "pages"}, {Name: "↑↓", Does: "choose"}, {Name: "enter", Does: "why"}}, true)
}

func (p *hottestPage) Press(key tea.KeyPressMsg) (bool, tea.Cmd) {
	if p.hottest.press(key.String()) {
		return true, nil
	}
	return p.pressOn(key.String(), p.hottest.chosen())
}

func (p *hottestPage) Draw(width, height int) []string {
	p.strategies.Rows = len(p.top.Status.Strategies)
	lines := p.strategies.Draw(width, min(p.strategies.Rows+1, max(2, height/3)))
	lines = append(lines, "")
	list := p.hot()
	if len(list) == 0 {
		return append(lines, term.Faint("No strategy has counted a request within its window."))
	}
	return append(lines, p.hottest.draw(list, width, height-len(lines))...)
}

func (p *hottestPage) strategy(i int) []string {
	s := p.top.Status.Strategies[i]
	return []string{term.Printable(s.Name), perSecond(p.history.asked, s.Name), term.Short(s.Requests), term.Short(uint64(max(0, s.Addresses))),
		term.BriefPair(seconds2(s.WindowS)), term.Short(s.Verdicts)}
}

// seconds2 makes a duration of seconds that may be any number.
func seconds2(s float64) time.Duration {
	const most = 100 * 365 * 24 * time.Hour
	return time.Duration(max(0, min(s, most.Seconds())) * float64(time.Second))
}
