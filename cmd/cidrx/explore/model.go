package explore

import (
	"context"
	"strconv"
	"sync"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"cidrx/cmd/internal/term"
	"cidrx/detect/report"
)

// page is one view. It draws itself into any size, and gets the keys that the model has no use for.
type page interface {
	title() string // printable
	keys() []term.Key
	draw(width, height int) []string
	press(key tea.KeyPressMsg) (done bool, cmd tea.Cmd)
}

// typing is a page that may be reading text, so that letters are not commands.
type typing interface {
	typing() bool
	paste(text string)
}

// model is the whole view: four pages side by side, and those opened from them on top.
type model struct {
	*session
	term.Stack[page]
}

// session is what all pages share.
type session struct {
	ctx      context.Context
	analysis Analysis
	report   *report.Report
	section  int // the one looked at
	look     look
	found    map[int][]found // of the sections looked at so far
	outcomes map[int]outcome
	coloured bool
	spin     int

	width, height int
	note          string  // until the next key
	open          []page  // asked for by a page: pages to open
	jump          tabName // asked for by a page: the tab to go to
}

type tabName int

const (
	noTab tabName = iota
	summaryTab
	tiersTab
	rangesTab
	mapTab
)

func newModel(ctx context.Context, a Analysis, reading *sync.WaitGroup) *model {
	s := &session{ctx: ctx, analysis: &guarded{Analysis: a}, report: a.Report(), found: map[int][]found{}, outcomes: map[int]outcome{}, coloured: true}
	s.look = look{reading: reading, detail: s.report.Detail}
	ranges := newRangesPage(s)
	pages := []page{&summaryPage{session: s}, &tiersPage{session: s, list: ranges}, ranges, newMapPage(s)}
	return &model{session: s, Stack: term.Stack[page]{Tabs: pages}}
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
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.ColorProfileMsg:
		m.coloured = msg.Profile > colorprofile.ASCII
	case tea.KeyPressMsg:
		m.note = ""
		return m, m.press(msg)
	case tea.PasteMsg:
		if t, ok := m.Top().(typing); ok && t.typing() {
			t.paste(msg.Content)
		}
	case looked:
		m.look.end(msg)
	case tried:
		return m, m.tried(msg)
	case ticked:
		m.spin++
		if m.look.pending {
			return m, tick()
		}
	}
	return m, nil
}

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
	return cmd
}

// tiny says that the terminal has no room for a page.
func (m *model) tiny() bool { return m.width < term.LeastWidth || m.height < term.LeastHeight }

// command does what a key does on every page.
func (m *model) command(key string) tea.Cmd {
	switch key {
	case "q":
		return tea.Quit
	case "ctrl+z":
		return tea.Suspend
	case "esc", "backspace":
		m.Back()
	case "tab", "shift+tab":
		m.Step(map[string]int{"tab": 1, "shift+tab": -1}[key])
	case "1", "2", "3", "4":
		m.GoTo(int(key[0] - '1'))
	case "m":
		m.GoTo(int(mapTab) - 1)
	case "[", "]":
		m.turn(map[string]int{"[": -1, "]": 1}[key])
	case "t":
		p := newTryPage(m.session, 0)
		m.open = append(m.open, p)
		return p.ask()
	case "?":
		m.open = append(m.open, &helpPage{})
	}
	return nil
}

// turn goes to another section, and closes what was opened in this one.
func (m *model) turn(step int) {
	n := len(m.report.Sections)
	if n < 2 {
		m.note = "There is one section only."
		return
	}
	m.section = (m.section + step + n) % n
	m.Opened = nil
}

// follow does what the page in view asked for.
func (m *model) follow() {
	if m.jump != noTab {
		m.GoTo(int(m.jump) - 1)
		m.jump = noTab
	}
	m.Open(m.open...)
	m.open = nil
}

// tried gives the answer for a tier to the page that asked, if it is still there.
func (m *model) tried(answer tried) tea.Cmd {
	for _, p := range m.Opened {
		if p == page(answer.page) {
			return answer.page.answer(answer)
		}
	}
	return nil
}

// View is the screen as it is now.
func (m *model) View() tea.View {
	v := tea.NewView("")
	v.AltScreen = true
	if m.width > 0 && m.height > 0 {
		v.SetContent(m.frame())
	}
	return v
}

func (m *model) frame() string {
	if m.tiny() {
		return term.Frame{}.Render(m.width, m.height)
	}
	top := m.Top()
	f := term.Frame{Left: m.Titles(page.title), Right: m.where(), Body: top.draw(m.width, term.BodyHeight(m.height)), Keys: top.keys(), Note: m.status()}
	return f.Render(m.width, m.height)
}

// where says what is open, or else which section is looked at.
func (m *model) where() string {
	most := m.width - 48
	if n := len(m.Opened); n > 0 {
		return term.Cut("› "+m.Opened[n-1].title(), most) + " "
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
	case m.note != "":
		return " " + term.Warn(m.note)
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
