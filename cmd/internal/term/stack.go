package term

// Stack are the pages of a view: some side by side, and those that were opened from them on top.
type Stack struct {
	Tabs   []Page // one at least
	Opened []Page // the one shown last
	tab    int    // the one in view if none is opened over it
}

// Top is the page that is shown.
func (s *Stack) Top() Page {
	if n := len(s.Opened); n > 0 {
		return s.Opened[n-1]
	}
	return s.Tabs[s.tab]
}

// GoTo shows a tab, and closes what lies over it.
func (s *Stack) GoTo(tab int) { s.tab, s.Opened = tab, nil }

// Step goes to a neighbour of the tab, past the last to the first.
func (s *Stack) Step(by int) { s.GoTo((s.tab + by + len(s.Tabs)) % len(s.Tabs)) }

// Back closes the page in view; from a tab it goes to the first.
func (s *Stack) Back() {
	if n := len(s.Opened); n > 0 {
		s.Opened = s.Opened[:n-1]
		return
	}
	s.tab = 0
}

// mostOpened bounds how many pages can lie over each other.
const mostOpened = 16

// Open puts a page on top. Of too many the lowest go.
func (s *Stack) Open(p Page) {
	s.Opened = append(s.Opened, p)
	s.Opened = s.Opened[max(0, len(s.Opened)-mostOpened):]
}

// Titles are the name of the program and the tabs, by their numbers, with the one in view marked.
func (s *Stack) Titles() string {
	text := Title(" cidrx ") + " "
	for i, t := range s.Tabs {
		label := " " + Count(i+1) + " " + t.Title() + " "
		if i == s.tab {
			label = Chosen(label)
		}
		text += label
	}
	return text
}
