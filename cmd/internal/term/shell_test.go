package term_test

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"cidrx/cmd/internal/term"
	"cidrx/cmd/internal/term/termtest"
)

// entry is a page that reads text.
type entry struct {
	page
	open bool
	text string
}

func (e *entry) Typing() bool      { return e.open }
func (e *entry) Paste(text string) { e.text += text }

// A key goes to the page, then to the shell, and what neither uses to the view.
func TestShellKeys(t *testing.T) {
	s := term.Shell{Stack: term.Stack{Tabs: pages("a2c")}}
	for _, step := range []struct {
		key, top string
		done     bool
	}{
		{"tab", "a", true}, // there is no terminal yet
		{"", "a", true},
		{"tab", "2", true}, {"2", "2", true}, {"3", "c", true}, {"2", "2", true}, {"4", "2", false}, {"0", "2", false}, {"a", "2", false},
		{"shift+tab", "a", true}, {"?", "help", true}, {"?", "help", true}, {"esc", "a", true}, {"b", "a", false}, {"shift+tab", "c", true}, {"backspace", "a", true},
	} {
		var msg tea.Msg = tea.WindowSizeMsg{Width: 60, Height: 15}
		if step.key != "" {
			msg = termtest.Key(step.key)
		}
		s.Note = "of the key before"
		done, _ := s.Update(msg)
		if got := s.Top().Title(); got != step.top || done != step.done || step.key != "" && s.Note != "" {
			t.Fatalf("after %s: page %q, done %v, note %q; want page %q, done %v, no note", step.key, got, done, s.Note, step.top, step.done)
		}
	}
	if done, _ := s.Update("anything else"); done {
		t.Error("a message of the view's own is taken away")
	}
}

func TestShellQuits(t *testing.T) {
	for _, tt := range []struct {
		key   string
		width int
		quits bool
	}{{"q", 60, true}, {"ctrl+c", 60, true}, {"q", 59, true}, {"ctrl+c", 59, true}, {"x", 59, false}} {
		s := term.Shell{Stack: term.Stack{Tabs: pages("x")}, Width: tt.width, Height: 15}
		_, cmd := s.Update(termtest.Key(tt.key))
		quits := cmd != nil
		if quits {
			_, quits = cmd().(tea.QuitMsg)
		}
		if quits != tt.quits {
			t.Errorf("%s in %d columns: quits %v, want %v", tt.key, tt.width, quits, tt.quits)
		}
	}
}

func TestShellPastesWhereTextIsRead(t *testing.T) {
	e := &entry{page: "e"}
	s := term.Shell{Stack: term.Stack{Tabs: []term.Page{e, page("x")}}}
	for _, e.open = range []bool{false, true} {
		s.Update(tea.PasteMsg{Content: "text"})
	}
	s.GoTo(1)
	s.Update(tea.PasteMsg{Content: "text"})
	if e.text != "text" {
		t.Errorf("%q was pasted, want %q", e.text, "text")
	}
}

func TestShellView(t *testing.T) {
	s := term.Shell{Stack: term.Stack{Tabs: pages("x")}}
	if v := s.View(term.Frame{}); v.Content != "" || !v.AltScreen {
		t.Errorf("without a size the screen is %q", v.Content)
	}
	s.Width, s.Height = 60, 15
	lines := strings.Split(ansi.Strip(s.View(term.Frame{Left: "left", Right: "right", Note: "note"}).Content), "\n")
	if !strings.HasPrefix(lines[0], "left") || !strings.HasSuffix(lines[0], "right") || lines[2] != "page x" || lines[13] != "note" || lines[14] != "x nothing" {
		t.Errorf("the screen is %q", lines)
	}
}
