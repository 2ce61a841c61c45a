package term

import (
	"strconv"

	tea "charm.land/bubbletea/v2"
)

// Shell is what stands around the pages of every view: it knows the terminal's size, hands out what is typed, and goes from page to page.
type Shell struct {
	Stack
	Help          Help   // opened by ?
	Note          string // what the last key did; gone with the next
	Width, Height int    // of the terminal, 0: not known yet
}

// Update takes a new size, keys and what is pasted. A key goes to the page in view, then to what it does in every view. Not done: it is the
// view's own to deal with.
func (s *Shell) Update(msg tea.Msg) (done bool, cmd tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		s.Width, s.Height = msg.Width, msg.Height
	case tea.PasteMsg:
		if p, ok := s.Top().(Typing); ok && p.Typing() {
			p.Paste(msg.Content)
		}
	case tea.KeyPressMsg:
		s.Note = ""
		return s.press(msg)
	default:
		return false, nil
	}
	return true, nil
}

// press lets nothing but the end through where there is no room for a page.
func (s *Shell) press(key tea.KeyPressMsg) (done bool, cmd tea.Cmd) {
	name, room := key.String(), fits(s.Width, s.Height)
	if name == "ctrl+c" || name == "q" && !room {
		return true, tea.Quit
	}
	if !room {
		return true, nil
	}
	if done, cmd := s.Top().Press(key); done {
		return true, cmd
	}
	return s.command(name)
}

// command does what a key does in every view.
func (s *Shell) command(key string) (done bool, cmd tea.Cmd) {
	switch key {
	case "q":
		return true, tea.Quit
	case "ctrl+z":
		return true, tea.Suspend
	case "esc", "backspace":
		s.Back()
	case "tab":
		s.Step(1)
	case "shift+tab":
		s.Step(-1)
	case "?":
		help := s.Help // at its start each time
		s.Open(&help)
	default:
		tab, err := strconv.Atoi(key)
		if err != nil || tab < 1 || tab > len(s.Tabs) {
			return false, nil
		}
		s.GoTo(tab - 1)
	}
	return true, nil
}

// View is the screen as it is now: f, with the page in view and its keys.
func (s *Shell) View(f Frame) tea.View {
	if fits(s.Width, s.Height) {
		page := s.Top()
		f.Body, f.Keys = page.Draw(s.Width, BodyHeight(s.Height)), page.Keys()
	}
	v := tea.NewView("")
	v.AltScreen = true
	if s.Width > 0 && s.Height > 0 {
		v.SetContent(f.Render(s.Width, s.Height))
	}
	return v
}
