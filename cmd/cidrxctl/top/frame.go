package top

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"cidrx/agent/control"
	"cidrx/cmd/internal/term"
)

// View is the screen as it is now.
func (m *model) View() tea.View {
	return m.Shell.View(term.Frame{Left: m.titles(), Right: m.right(), Note: m.status()})
}

// titles are the tabs, the one in view marked, or the page that lies over them.
func (m *model) titles() string {
	text := m.Titles()
	if len(m.Opened) > 0 {
		text += " › " + m.Top().Title()
	}
	return text
}

// right is the state in one word: what must be seen whatever page is in view.
func (m *model) right() string {
	if m.lost != nil {
		return term.Bad(" NO ANSWER ")
	}
	return stateWord(m.top.Status.State) + " "
}

// status is the note of the last key, or what is wrong with the agent.
func (m *model) status() string {
	if m.lost != nil {
		message, next := control.Advice(m.lost)
		text := term.Printable(message)
		if !m.since.IsZero() && m.now.After(m.since) {
			text += " since " + term.Span(m.now.Sub(m.since).Truncate(time.Second)) + "; trying again"
		}
		if next != "" {
			text += " (" + term.Printable(next) + ")"
		}
		return " " + term.Bad(term.Cut(text, m.Width-2))
	}
	if m.Note != "" {
		return " " + term.Warn(term.Cut(term.Printable(m.Note), m.Width-2))
	}
	if by := m.top.Status.ConfirmBy; by != nil {
		return " " + term.Warn("On trial: back to observe at "+term.Stamp(*by)+" UTC unless: cidrxctl confirm")
	}
	return ""
}
