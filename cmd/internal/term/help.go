package term

import (
	"slices"

	tea "charm.land/bubbletea/v2"
)

// Help is the page that explains the keys and the words of a view.
type Help struct {
	// Entries are each a key or a word, and what it means. One whose first text is empty is a heading; one whose second is, a blank line.
	Entries [][2]string
	Margin  string   // at the left
	Idle    []string // keys of the view that do nothing here

	table Table
}

// Title names the page.
func (h *Help) Title() string { return "help" }

// Keys are those to read on and to leave.
func (h *Help) Keys() []Key { return []Key{{"q", "quit"}, {"esc", "back"}, {"↑↓", "scroll"}} }

// Press scrolls.
func (h *Help) Press(key tea.KeyPressMsg) (done bool, cmd tea.Cmd) {
	name := key.String()
	return name == "?" || slices.Contains(h.Idle, name) || h.table.Press(name), nil
}

// Draw draws what is in view of the entries.
func (h *Help) Draw(width, height int) []string {
	return h.table.Scroll(h.lines(width), width, height)
}

// lines are all entries, the meaning beside the name.
func (h *Help) lines(width int) (lines []string) {
	for _, e := range h.Entries {
		switch {
		case e[0] == "":
			lines = append(lines, h.Margin+Title(e[1]))
		case e[1] == "":
			lines = append(lines, "")
		default:
			for i, line := range Wrap(e[1], width-20) {
				name := e[0]
				if i > 0 {
					name = ""
				}
				lines = append(lines, h.Margin+Strong(Fit(name, 16))+line)
			}
		}
	}
	return lines
}
