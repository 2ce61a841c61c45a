package top

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"cidrx/agent/control"
	"cidrx/cmd/internal/term"
)

// bansState is the list of bans. It is fetched while it is looked at only: 100,000 bans are tens of megabytes.
type bansState struct {
	list    []control.Ban
	known   bool
	stale   bool // something has changed since
	asking  bool
	err     error
	fetched time.Time
	next    time.Time // not asked again before
	order   int
}

// listed is an answer.
type listed struct {
	list []control.Ban
	err  error
	took time.Duration
	at   time.Time

	deeds int // done before it was asked for
}

const (
	// Bans are asked for again at the earliest after so long, and at the latest after so long though nothing was heard of changes: times
	// left and counters change all the while.
	bansEarliest, bansLatest = 2 * time.Second, 10 * time.Second
	// bansShare is which part of the time the agent may spend on listing bans for this view.
	bansShare = 10
)

// renewBans asks for the bans, if they are in view and it is time to.
func (s *session) renewBans() tea.Cmd {
	b := &s.bans
	due := !b.known || b.stale || s.now.Sub(b.fetched) > bansLatest
	if !s.showsBans() || b.asking || s.lost != nil || !due || s.now.Before(b.next) {
		return nil
	}
	b.asking, b.stale = true, false
	at, deeds := s.now, s.deeds
	return func() tea.Msg {
		l := s.listBans(at)
		l.deeds = deeds
		return l
	}
}

// listBans asks the agent for its bans. Like askTop it runs beside the view, and looks at nothing that the view changes.
func (s *session) listBans(at time.Time) listed {
	ctx, cancel := context.WithTimeout(s.ctx, control.AnswerTimeout)
	defer cancel()
	start := time.Now()
	list, err := s.o.Agent.Bans(ctx, false)
	return listed{list: list, err: err, took: time.Since(start), at: at}
}

// answer takes a list, unless something was done since it was asked for: then it is asked for again.
func (b *bansState) answer(s *session, l listed) {
	b.asking = false
	if l.deeds != s.deeds {
		b.stale = true
		return
	}
	b.take(s, l)
}

// forget makes the list be asked for as soon as it is in view.
func (b *bansState) forget() { b.known, b.next = false, time.Time{} }

func (b *bansState) take(s *session, l listed) {
	b.err = l.err
	b.fetched = l.at
	b.next = s.now.Add(max(bansEarliest, bansShare*l.took))
	if l.err == nil {
		b.list, b.known = l.list, true
		b.sort()
	}
}

// The orders of the list.
var orders = [...]struct {
	name string
	less func(a, b *control.Ban) int
}{
	{"newest first", func(a, b *control.Ban) int { return b.Start.Compare(a.Start) }},
	{"most dropped first", func(a, b *control.Ban) int { return cmp.Compare(b.DroppedPackets, a.DroppedPackets) }},
	{"ending first", func(a, b *control.Ban) int { return cmp.Compare(ending(a), ending(b)) }},
	{"by address", func(a, b *control.Ban) int { return a.Prefix.Addr().Compare(b.Prefix.Addr()) }},
}

func ending(b *control.Ban) int64 {
	if b.Until == nil {
		return 1 << 62
	}
	return b.Until.Unix()
}

func (b *bansState) sort() {
	less := orders[b.order].less
	slices.SortStableFunc(b.list, func(x, y control.Ban) int { return less(&x, &y) })
}

// bansPage lists the bans.
type bansPage struct {
	*session
	table term.Table
	pin   pin
}

func newBansPage(s *session) *bansPage {
	p := &bansPage{session: s}
	p.table = term.Table{Row: p.row, Columns: []term.Column{
		{Title: "NETWORK", Width: 23}, {Title: "STATE", Width: 8}, {Title: "STAGE", Width: 5, Right: true, Spare: 1}, {Title: "LEFT", Width: 8, Right: true},
		{Title: "DROPPED", Width: 7, Right: true}, {Title: "REASON", Width: 15, Grows: true},
	}}
	return p
}

func (p *bansPage) row(i int) []string {
	b := p.bans.list[i]
	stage := "none"
	if b.Stage >= 0 {
		stage = term.Count(b.Stage)
	}
	return []string{b.Prefix.String(), banWord(b.State), stage, left(b), dropped(b), newestReason(b)}
}

func (p *bansPage) Title() string { return "bans" }

func (p *bansPage) Keys() []term.Key {
	return p.acting([]term.Key{{Name: "q", Does: "quit"}, {Name: "tab", Does: "pages"}, {Name: "↑↓", Does: "choose"}, {Name: "enter", Does: "why"}, {Name: "s", Does: "sort"}}, true)
}

func (p *bansPage) Press(key tea.KeyPressMsg) (bool, tea.Cmd) {
	p.table.Rows = len(p.bans.list) // it may have come since it was drawn
	switch k := key.String(); {
	case p.table.Press(k):
		p.pin.set(&p.table, p.prefix)
		return true, nil
	case k == "s":
		p.bans.order = (p.bans.order + 1) % len(orders)
		p.bans.sort()
		p.Note = "Sorted " + orders[p.bans.order].name + "."
		return true, nil
	default:
		return p.pressOn(k, at(&p.table, p.prefix))
	}
}

func (p *bansPage) prefix(i int) netip.Prefix { return p.bans.list[i].Prefix }

func (p *bansPage) Draw(width, height int) []string {
	p.table.Rows = len(p.bans.list)
	p.pin.restore(&p.table, p.prefix)
	switch {
	case p.bans.err != nil && p.lost == nil:
		return []string{term.Bad(term.Cut(term.Printable(p.bans.err.Error()), width))}
	case !p.bans.known:
		return []string{term.Faint("The agent is asked for its bans.")}
	case len(p.bans.list) == 0:
		return []string{term.Faint("Nothing is banned.")}
	}
	head := term.Faint(term.Plural(len(p.bans.list), "ban") + ", " + orders[p.bans.order].name)
	return append([]string{head}, p.table.Draw(width, height-1)...)
}
