package term

import "slices"

// Stack are the pages of a view: some side by side, and those that were opened from them on top.
type Stack[P any] struct {
	Tabs   []P
	Tab    int // the one in view if none is opened over it
	Opened []P // the one shown last
}

// Top is the page that is shown.
func (s *Stack[P]) Top() P {
	if n := len(s.Opened); n > 0 {
		return s.Opened[n-1]
	}
	return s.Tabs[s.Tab]
}

// GoTo shows a tab, and closes what lies over it.
func (s *Stack[P]) GoTo(tab int) { s.Tab, s.Opened = tab, nil }

// Step goes to a neighbour of the tab, past the last to the first.
func (s *Stack[P]) Step(by int) { s.GoTo((s.Tab + by + len(s.Tabs)) % len(s.Tabs)) }

// Back closes the page in view; from a tab it goes to the first.
func (s *Stack[P]) Back() {
	if n := len(s.Opened); n > 0 {
		s.Opened = s.Opened[:n-1]
		return
	}
	s.Tab = 0
}

// mostOpened bounds how many pages can lie over each other.
const mostOpened = 16

// Open puts pages on top, the last one in view. Of too many the lowest go.
func (s *Stack[P]) Open(pages ...P) {
	s.Opened = append(s.Opened, pages...)
	if n := len(s.Opened); n > mostOpened {
		s.Opened = slices.Delete(s.Opened, 0, n-mostOpened)
	}
}

// Titles are the name of the program and the tabs, by their numbers, with the one in view marked.
func (s *Stack[P]) Titles(title func(P) string) string {
	text := Title(" cidrx ") + " "
	for i, t := range s.Tabs {
		label := " " + Count(i+1) + " " + title(t) + " "
		if i == s.Tab {
			label = Chosen(label)
		}
		text += label
	}
	return text
}
