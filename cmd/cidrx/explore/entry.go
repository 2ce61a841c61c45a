package explore

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"cidrx/cmd/internal/term"
)

// entry is a line of text being typed.
type entry struct {
	text string
	open bool
}

// longestEntry is enough for any prefix.
const longestEntry = 48

// press edits the text. Enter closes the entry; escape empties it too.
func (e *entry) press(key tea.KeyPressMsg) {
	switch key.String() {
	case "enter":
		e.open = false
	case "esc":
		e.open, e.text = false, ""
	case "backspace":
		e.text = e.text[:max(0, len(e.text)-1)]
	case "ctrl+u":
		e.text = ""
	default:
		e.paste(key.Text)
	}
}

// paste appends those characters of text that are part of addresses.
func (e *entry) paste(text string) {
	for _, r := range text {
		if strings.ContainsRune("0123456789abcdefABCDEF.:/", r) && len(e.text) < longestEntry {
			e.text += string(r)
		}
	}
}

// line shows the text, with a cursor while it is open.
func (e *entry) line(label string) string {
	if e.open {
		return term.Title(label) + term.Strong(e.text) + term.Chosen(" ")
	}
	return term.Title(label) + e.text
}
