package top

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"cidrx/agent/control"
	"cidrx/cmd/internal/term"
)

// model is the whole view: four pages side by side, and what was opened from them on top.
type model struct{ *session }

// session is what all pages share.
type session struct {
	term.Shell
	ctx     context.Context
	o       Options
	feed    *feed
	history history

	top    control.Top
	events []control.Event // newest first
	seen   uint64          // events ever
	lost   error           // why the agent does not answer; nil: it does
	since  time.Time       // the last tick that it answered at
	now    time.Time
	asking bool
	deeds  int // bans and unblocks done: what was asked for before the last of them is out of date

	bans bansState
}

// What comes to the model besides keys.
type (
	ticked   time.Time
	answered struct {
		top   control.Top
		err   error
		deeds int // done before it was asked
	}
	happened struct{} // events have come
)

const (
	askEvery   = time.Second
	askTimeout = 10 * time.Second
	// eventPause is how long events are gathered before the screen is drawn anew.
	eventPause = 100 * time.Millisecond
)

func newModel(ctx context.Context, o Options) *model {
	s := &session{ctx: ctx, o: o, feed: newFeed(), top: o.First}
	s.history.add(o.First)
	s.Tabs = []term.Page{newOverview(s), newHottest(s), newBansPage(s), newEventsPage(s)}
	s.Help = term.Help{Entries: helpText, Idle: []string{"b", "w"}}
	return &model{s}
}

// Init starts asking.
func (m *model) Init() tea.Cmd { return tea.Batch(tick(), m.awaitEvents(0)) }

func tick() tea.Cmd { return tea.Tick(askEvery, func(t time.Time) tea.Msg { return ticked(t) }) }

// awaitEvents waits for the audit trail, after a pause.
func (m *model) awaitEvents(pause time.Duration) tea.Cmd {
	return func() tea.Msg {
		select {
		case <-time.After(pause):
		case <-m.ctx.Done():
		}
		select {
		case <-m.feed.wake:
		case <-m.ctx.Done():
		}
		return happened{}
	}
}

// ask asks the agent how it stands.
func (s *session) ask() tea.Cmd {
	s.asking = true
	deeds := s.deeds
	return func() tea.Msg {
		a := s.askTop()
		a.deeds = deeds
		return a
	}
}

func (s *session) askTop() answered {
	ctx, cancel := context.WithTimeout(s.ctx, askTimeout)
	defer cancel()
	t, err := s.o.Agent.Top(ctx)
	return answered{top: t, err: err}
}

// Update takes what happened: a key, a new size, an answer, time.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if done, cmd := m.Shell.Update(msg); done {
		return m, tea.Batch(cmd, m.renewBans())
	}
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		m.press(msg.String())
	case ticked:
		return m, m.second(time.Time(msg))
	case answered:
		m.answer(msg)
	case happened:
		m.events, m.seen = m.feed.newest()
		m.bans.stale = true
		return m, tea.Batch(m.awaitEvents(eventPause), m.renewBans())
	case listed:
		m.bans.answer(m.session, msg)
		return m, m.renewBans()
	case explained:
		msg.page.answer(msg)
	case acted:
		m.acted(msg)
		return m, m.renewBans()
	}
	return m, nil
}

// second does what each second asks for.
func (m *model) second(now time.Time) tea.Cmd {
	m.now = now
	if m.since.IsZero() {
		m.since = now
	}
	cmds := []tea.Cmd{tick(), m.renewBans()}
	if !m.asking {
		cmds = append(cmds, m.ask())
	}
	return tea.Batch(cmds...)
}

// answer takes what the agent said, unless something was done since it was asked.
func (m *model) answer(a answered) {
	m.asking = false
	if a.deeds == m.deeds {
		m.take(a)
	}
}

func (m *model) take(a answered) {
	if a.err != nil {
		m.lost = a.err
		return
	}
	if m.history.add(a.top) {
		m.Note = "The agent has been started anew."
		m.bans.stale = true
	} else if m.lost != nil {
		m.Note = "The agent answers again."
	}
	m.lost, m.since, m.top = nil, m.now, a.top
}

// showsBans says whether the list of bans is in view.
func (s *session) showsBans() bool { _, ok := s.Top().(*bansPage); return ok }

// press does what a key does on every page of this view.
func (m *model) press(key string) {
	switch key {
	case "b":
		m.startBan("")
	case "w":
		m.Open(newAsk(m.session))
	}
}
