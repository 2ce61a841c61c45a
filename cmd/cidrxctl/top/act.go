package top

import (
	"context"
	"net/netip"
	"slices"
	"time"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"cidrx/agent/control"
	"cidrx/cmd/internal/term"
)

// acted is what became of a ban or an unblock, and what the agent says after it.
type acted struct {
	deed  deed
	asked netip.Prefix
	done  control.Done
	err   error

	top  answered
	list *listed // nil: the list of bans was not in view
}

// deed is something to do, in words.
type deed struct{ did, until string }

var (
	banned    = deed{"is banned", " until "}
	unblocked = deed{"is unblocked", "; grace until "} // the grace ends then, not the unblock
)

// acted shows what was done together with how it stands since, so that no row says anything else than the note. Answers that were asked
// for before are out of date.
func (m *model) acted(a acted) {
	if a.err != nil {
		m.bans.stale = true
		m.Note = a.err.Error()
		return
	}
	m.deeds++
	m.take(a.top)
	if a.list != nil {
		m.bans.take(m.session, *a.list)
	} else {
		m.bans.forget()
	}
	m.Note = did(a.deed, a.done, a.asked)
}

// mayAct says in a note why not.
func (s *session) mayAct() bool {
	switch {
	case s.lost != nil:
		s.Note = "The agent does not answer: nothing can be changed."
	case !s.top.MayAct:
		s.Note = "You may look and not act: join group cidrx, or use sudo."
	default:
		return true
	}
	return false
}

// startUnblock asks whether to lift a ban.
func (s *session) startUnblock(p netip.Prefix) {
	if !s.mayAct() {
		return
	}
	s.Open(&question{session: s, head: "Unblock " + p.String() + "?",
		text: "Its ban is lifted and whatever is banned inside it; it is carved out of wider bans. For the configured grace time a new ban there needs five times the evidence.",
		do: func(ctx context.Context) acted {
			done, err := s.o.Agent.Unblock(ctx, control.UnblockRequest{Prefixes: []netip.Prefix{p}})
			return acted{deed: unblocked, asked: p, done: done, err: err}
		}})
}

// question is asked before something is changed.
type question struct {
	*session
	head, text string
	do         func(context.Context) acted
}

func (p *question) Title() string { return "sure?" }

func (p *question) Keys() []term.Key {
	return []term.Key{{Name: "y", Does: "yes"}, {Name: "n", Does: "no"}, {Name: "esc", Does: "back"}}
}

// Press takes nothing but an answer: no key that means something elsewhere shall slip through.
func (p *question) Press(key tea.KeyPressMsg) (bool, tea.Cmd) {
	switch key.String() {
	case "y", "Y":
		p.Back()
		p.Note = "The agent is asked; it answers when the kernel has confirmed."
		return true, p.act(p.showsBans())
	case "n", "N", "esc", "q":
		p.Back()
		p.Note = "Nothing was changed."
	}
	return true, nil
}

// act does it, and asks how it stands then: with the list of bans, if that is in view.
func (p *question) act(withBans bool) tea.Cmd {
	at := p.now
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(p.ctx, control.AnswerTimeout)
		defer cancel()
		a := p.do(ctx)
		if a.err != nil {
			return a
		}
		a.top = p.askTop()
		if withBans {
			l := p.listBans(at)
			a.list = &l
		}
		return a
	}
}

func (p *question) Draw(width, _ int) []string {
	lines := []string{"", term.Strong(term.Cut(p.head, width)), ""}
	return append(lines, term.Wrap(p.text, width)...)
}

// form reads a few lines of text.
type form struct {
	*session
	head   string
	fields []field
	at     int
	wrong  string
	submit func(f *form) tea.Cmd // sets wrong when something is
}

type field struct{ name, value, hint string }

// mostTyped bounds a field.
const mostTyped = 200

// startBan opens the form for a ban, with a network to begin with.
func (s *session) startBan(network string) {
	if !s.mayAct() {
		return
	}
	s.Open(&form{session: s, head: "Ban by hand", submit: (*form).ban, fields: []field{
		{"network", network, "an address or a CIDR"}, {"for", "", "such as 30m, 12h, 2d; empty: the first stage"}, {"reason", "", "for the audit trail"}}})
}

// newAsk asks for an address to explain.
func newAsk(s *session) *form {
	return &form{session: s, head: "Explain everything known of an address", submit: (*form).explain, fields: []field{{"address", "", "such as 192.0.2.7"}}}
}

// ban checks what was typed and asks whether that is meant.
func (f *form) ban() tea.Cmd {
	p, err := control.ParseNetwork(f.fields[0].value)
	var length time.Duration
	if text := f.fields[1].value; err == nil && text != "" {
		length, err = f.o.Length(text)
	}
	if err != nil {
		f.wrong = err.Error()
		return nil
	}
	r := control.BanRequest{Prefix: p, ForS: int64(length / time.Second), Reason: f.fields[2].value}
	howLong := "for the first stage"
	if length > 0 {
		howLong = "for " + term.BriefPair(length)
	}
	f.Back()
	f.Open(&question{session: f.session, head: "Ban " + p.String() + " " + howLong + "?",
		text: "Every packet from there is dropped, but for what is allowed.",
		do: func(ctx context.Context) acted {
			done, err := f.o.Agent.Ban(ctx, r)
			return acted{deed: banned, asked: p, done: done, err: err}
		}})
	return nil
}

func (f *form) explain() tea.Cmd {
	addr, err := control.ParseAddress(f.fields[0].value)
	if err != nil {
		f.wrong = err.Error()
		return nil
	}
	page := newWhy(f.session, addr)
	f.Back()
	f.Open(page)
	return page.ask()
}

func (f *form) Title() string { return f.fields[0].name }

func (f *form) Keys() []term.Key {
	return []term.Key{{Name: "enter", Does: "go on"}, {Name: "tab", Does: "next field"}, {Name: "ctrl+u", Does: "clear"}, {Name: "esc", Does: "back"}}
}

func (f *form) Typing() bool { return true }

// Press reads the text; all keys are its own.
func (f *form) Press(key tea.KeyPressMsg) (bool, tea.Cmd) {
	value := &f.fields[f.at].value
	f.wrong = ""
	switch key.String() {
	case "esc":
		f.Back()
	case "enter":
		return true, f.submit(f)
	case "tab", "down":
		f.at = (f.at + 1) % len(f.fields)
	case "shift+tab", "up":
		f.at = (f.at + len(f.fields) - 1) % len(f.fields)
	case "ctrl+u":
		*value = ""
	case "backspace":
		if runes := []rune(*value); len(runes) > 0 {
			*value = string(runes[:len(runes)-1])
		}
	default:
		f.Paste(key.Text)
	}
	return true, nil
}

// Paste takes in what prints.
func (f *form) Paste(text string) {
	value := &f.fields[f.at].value
	for _, r := range text {
		if len(*value) < mostTyped && r != utf8.RuneError && term.Printable(string(r)) == string(r) {
			*value += string(r)
		}
	}
}

func (f *form) Draw(width, _ int) []string {
	lines := []string{"", term.Strong(f.head), ""}
	for i, d := range f.fields {
		value := d.value
		if i == f.at {
			value = tail(value, width-12) + term.Chosen(" ")
		}
		lines = append(lines, term.Fit(d.name, 9)+" "+value, term.Faint("          "+d.hint))
	}
	if f.wrong != "" {
		lines = append(lines, "")
		for _, l := range term.Wrap(term.Printable(f.wrong), width) {
			lines = append(lines, term.Bad(l))
		}
	}
	return lines
}

// tail is the end of what is typed, if there is no room for all.
func tail(s string, width int) string {
	runes := []rune(s)
	for term.Width(string(runes)) > width {
		runes = slices.Delete(runes, 0, 1)
	}
	return string(runes)
}
