package term

import tea "charm.land/bubbletea/v2"

// Page is what a view shows between the title and the keys.
type Page interface {
	Title() string // printable
	Keys() []Key   // most important first
	// Draw draws the page into any size: at most height lines, of at most width columns.
	Draw(width, height int) []string
	// Press takes a key before the view does. Not done: the page has no use for it.
	Press(key tea.KeyPressMsg) (done bool, cmd tea.Cmd)
}

// Typing is a page that may be reading text. It gets what is pasted while it does.
type Typing interface {
	Page
	Typing() bool
	Paste(text string)
}
