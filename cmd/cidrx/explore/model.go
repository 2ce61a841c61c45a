package explore

import (
	"context"
	"slices"
	"strconv"
	"sync"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"cidrx/cmd/internal/term"
	"cidrx/detect/report"
)

// model is the whole view: four pages side by side, and those opened from them on top.
type model struct{ *session }

// session is what all pages share.
type session struct {
	term.Shell
	ctx      context.Context
	analysis Analysis
	report   *report.Report
	section  int // the one looked at
	look     look
	found    map[int][]found // of the sections looked at so far
	outcomes map[int]outcome
	coloured bool
	spin     int
}

// The tabs, in their order.
const (
	summaryTab = iota
	tiersTab
	rangesTab
	mapTab
)

func newModel(ctx context.Context, a Analysis, reading *sync.WaitGroup) *model {
	s := &session{ctx: ctx, analysis: &guarded{Analysis: a}, report: a.Report(), found: map[int][]found{}, outcomes: map[int]outcome{}, coloured: true}
	s.look = look{reading: reading, detail: s.report.Detail}
	ranges := newRangesPage(s)
	s.Tabs = []term.Page{summaryTab: &summaryPage{session: s}, tiersTab: &tiersPage{session: s, list: ranges}, rangesTab: ranges, mapTab: newMapPage(s)}
	s.Help = term.Help{Entries: helpText, Margin: " "}
	return &model{s}
}

// Init starts the second look at the logs.
func (m *model) Init() tea.Cmd {
	if m.look.detail != nil {
		return nil
	}
	return tea.Batch(m.look.start(m.ctx, m.analysis), tick())
}

// Update takes what happened: a key, a new size, an answer.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if done, cmd := m.Shell.Update(msg); done {
		return m, cmd
	}
	switch msg := msg.(type) {
	case tea.ColorProfileMsg:
		m.coloured = msg.Profile > colorprofile.ASCII
	case tea.KeyPressMsg:
		return m, m.press(msg.String())
	case looked:
		m.look.end(msg)
	case tried:
		if slices.Contains(m.Opened, term.Page(msg.page)) {
			return m, msg.page.answer(msg)
		}
	case ticked:
		m.spin++
		if m.look.pending {
			return m, tick()
		}
	}
	return m, nil
}

// press does what a key does on every page of this view.
func (m *model) press(key string) tea.Cmd {
	switch key {
	case "m":
		m.GoTo(mapTab)
	case "[":
		m.turn(-1)
	case "]":
		m.turn(1)
	case "t":
		p := newTryPage(m.session, 0)
		m.Open(p)
		return p.ask()
	}
	return nil
}

// turn goes to another section, and closes what was opened in this one.
func (m *model) turn(step int) {
	n := len(m.report.Sections)
	if n < 2 {
		m.Note = "There is one section only."
		return
	}
	m.section = (m.section + step + n) % n
	m.Opened = nil
}

// View is the screen as it is now.
func (m *model) View() tea.View {
	return m.Shell.View(term.Frame{Left: m.Titles(), Right: m.where(), Note: m.status()})
}

// where says what is open, or else which section is looked at.
func (m *model) where() string {
	most := m.Width - 48
	if len(m.Opened) > 0 {
		return term.Cut("› "+m.Top().Title(), most) + " "
	}
	if len(m.report.Sections) > 1 {
		of := " " + strconv.Itoa(m.section+1) + "/" + strconv.Itoa(len(m.report.Sections)) + " "
		return term.Faint(term.Cut(m.sectionName(m.section), most-len(of)) + of)
	}
	return term.Faint(term.Cut(m.logNames(), most) + " ")
}

// status is the note of the last key, or what goes on in the background.
func (m *model) status() string {
	switch {
	case m.Note != "":
		return " " + term.Warn(m.Note)
	case m.look.pending:
		return " " + m.spinner() + term.Faint(" reading the log again for times, user agents and lines")
	case m.look.err != nil:
		return " " + term.Warn("the second read of the log failed: "+term.Printable(m.look.err.Error()))
	}
	return ""
}

func (s *session) spinner() string {
	frames := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	return term.Title(string(frames[s.spin%len(frames)]))
}
