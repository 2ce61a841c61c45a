package top

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"cidrx/agent/control"
	"cidrx/cmd/internal/term"
)

// page is one view. It draws itself into any size, and gets the keys that the model has no use for.
type page interface {
	title() string // printable
	keys() []term.Key
	draw(width, height int) []string
	press(key tea.KeyPressMsg) (done bool, cmd tea.Cmd)
}

// typing is a page that reads text, so that letters are not commands.
type typing interface {
	typing() bool
	paste(text string)
}

// model is the whole view: four pages side by side, and what was opened from them on top.
type model struct {
	*session
	term.Stack[page]
}

// session is what all pages share.
type session struct {
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

	bans bansState

	width, height int
	note          string // until the next key, or what it is about is over
	open          []page // asked for by a page: pages to open
	close         bool   // asked for by a page: to be closed
}

// What comes to the model besides keys.
type (
	ticked   time.Time
	answered struct {
		top control.Top
		err error
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
	return &model{session: s, Stack: term.Stack[page]{Tabs: []page{newOverview(s), newHottest(s), newBansPage(s), newEventsPage(s)}}}
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
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(s.ctx, askTimeout)
		defer cancel()
		t, err := s.o.Agent.Top(ctx)
		return answered{t, err}
	}
}

// Update takes what happened: a key, a new size, an answer, time.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		m.note = ""
		return m, m.press(msg)
	case tea.PasteMsg:
		if t, ok := m.Top().(typing); ok && t.typing() {
			t.paste(msg.Content)
		}
	case ticked:
		return m, m.second(time.Time(msg))
	case answered:
		m.answer(msg)
	case happened:
		m.events, m.seen = m.feed.newest()
		m.bans.stale = true
		return m, tea.Batch(m.awaitEvents(eventPause), m.renewBans())
	case listed:
		m.bans.take(m.session, msg)
	case explained:
		msg.page.answer(msg)
	case acted:
		m.acted(msg)
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

func (m *model) answer(a answered) {
	m.asking = false
	if a.err != nil {
		m.lost = a.err
		return
	}
	if m.history.add(a.top) {
		m.note = "The agent has been started anew."
		m.bans.stale = true
	} else if m.lost != nil {
		m.note = "The agent answers again."
	}
	m.lost, m.since, m.top = nil, m.now, a.top
}

// showsBans says whether the list of bans is in view.
func (m *model) showsBans() bool { _, ok := m.Top().(*bansPage); return ok }

// tiny says that the terminal has no room for a page.
func (m *model) tiny() bool { return m.width < term.LeastWidth || m.height < term.LeastHeight }

// press gives a key to the page in view, then to the view as a whole.
func (m *model) press(key tea.KeyPressMsg) tea.Cmd {
	if key.String() == "ctrl+c" || m.tiny() && key.String() == "q" {
		return tea.Quit
	}
	if m.tiny() {
		return nil
	}
	done, cmd := m.Top().press(key)
	if !done {
		cmd = m.command(key.String())
	}
	m.follow()
	return tea.Batch(cmd, m.renewBans())
}

// command does what a key does on every page.
func (m *model) command(key string) tea.Cmd {
	switch key {
	case "q":
		return tea.Quit
	case "ctrl+z":
		return tea.Suspend
	case "esc", "backspace":
		m.Back()
	case "tab":
		m.Step(1)
	case "shift+tab":
		m.Step(-1)
	case "1", "2", "3", "4":
		m.GoTo(int(key[0] - '1'))
	case "b":
		m.startBan("")
	case "w":
		m.open = append(m.open, newAsk(m.session))
	case "?":
		m.open = append(m.open, &helpPage{session: m.session})
	}
	return nil
}

// follow does what the page in view asked for.
func (m *model) follow() {
	if m.close {
		m.Back()
	}
	m.close = false
	m.Open(m.open...)
	m.open = nil
}
