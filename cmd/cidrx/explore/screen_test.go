package explore

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"cidrx/cmd/internal/term"
	"cidrx/detect/report"
)

// Whatever is pressed in whatever size: no panic, no line wider than the terminal, not more lines than it has, and nothing in the text
// that a terminal would obey.
func TestAnyKeys(t *testing.T) {
	keys := strings.Fields("up down left right enter esc tab shift+tab backspace pgup pgdown home end / s s t t m ? [ ] h j k l 1 2 3 4 0 9 . : n N o b r + - a z space ctrl+u 日 enter enter down down tab")
	analysis := newFake(questions)
	for seed := range uint64(24) {
		r := rand.New(rand.NewPCG(seed, 3))
		s := shown(analysis, 80, 24, seed%2 == 0)
		s.coloured = seed%3 > 0
		for step := range 120 {
			switch r.IntN(12) {
			case 0:
				s.update(tea.WindowSizeMsg{Width: r.IntN(140), Height: r.IntN(60)})
			case 1:
				s.update(tea.PasteMsg{Content: "203.0.113.7\x1b[2J"})
			case 2:
				s.update(ticked{})
			default:
				k := keys[r.IntN(len(keys))]
				if k == "space" {
					k = " "
				}
				s.press(k)
			}
			if !fits(t, s) {
				t.Fatalf("seed %d, step %d, %dx%d", seed, step, s.width, s.height)
			}
		}
	}
}

// fits says whether the view keeps inside its terminal.
func fits(t *testing.T, s *screen) bool {
	t.Helper()
	content := s.View().Content
	lines := strings.Split(content, "\n")
	ok := true
	if content != "" && len(lines) > s.height {
		t.Errorf("%d lines in a terminal of %d", len(lines), s.height)
		ok = false
	}
	for i, line := range lines {
		if w, wc := ansi.StringWidth(line), ansi.StringWidthWc(line); max(w, wc) > s.width {
			t.Errorf("line %d has %d or %d columns in a terminal of %d: %q", i, w, wc, s.width, line)
			ok = false
		}
	}
	for _, r := range ansi.Strip(content) {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError) {
			t.Errorf("%q reaches the terminal", r)
			ok = false
		}
	}
	return ok && onlyColours(t, content)
}

// onlyColours says whether all escape sequences of a view are styles.
func onlyColours(t *testing.T, content string) bool {
	t.Helper()
	for rest := content; ; {
		_, after, found := strings.Cut(rest, "\x1b")
		if !found {
			return true
		}
		end := strings.IndexFunc(after, func(r rune) bool { return !strings.ContainsRune("[0123456789;:", r) })
		if end < 0 || after[end] != 'm' || after[0] != '[' {
			t.Errorf("escape sequence %.20q reaches the terminal", after)
			return false
		}
		rest = after[end:]
	}
}

func TestTooSmall(t *testing.T) {
	s := shown(newFake(questions), term.LeastWidth-1, term.LeastHeight, true)
	if got := strings.Join(strings.Fields(s.text()), " "); !strings.Contains(got, "59x15") || !strings.Contains(got, "60x15") {
		t.Errorf("a terminal of 59x15 reads %q", got)
	}
	if s.press("q"); !s.quit {
		t.Error("q does not quit a terminal that is too small")
	}
}

func TestQuit(t *testing.T) {
	for _, keys := range []string{"q", "ctrl+c", "3 enter q", "3 / 1 ctrl+c", "2 t q", "? q", "4 ctrl+c"} {
		if s := shown(newFake(questions), 80, 24, true).press(strings.Fields(keys)...); !s.quit {
			t.Errorf("%s does not quit", keys)
		}
	}
}

// While the log is read again the view says so, and shows what there is.
func TestLookPending(t *testing.T) {
	s := shown(newFake(questions), 80, 24, false)
	s.press("3", "enter")
	for _, want := range []string{"reading the log again", "203.0.113.89"} {
		if !strings.Contains(s.text(), want) {
			t.Errorf("no %q in:\n%s", want, s.text())
		}
	}
	if s.press("tab"); !strings.Contains(s.text(), "The log is being read again for this.") {
		t.Errorf("user agents before they are there:\n%s", s.text())
	}
}

func TestLookFails(t *testing.T) {
	a := newFake(questions)
	a.failed = errors.New("access.log: no such\x1b[31m file")
	s := shown(a, 80, 24, true).press("3", "enter", "tab")
	if got := s.text(); !strings.Contains(got, `access.log: no such\x1b[31m file`) {
		t.Errorf("the error does not show:\n%s", got)
	}
}

func TestApproximate(t *testing.T) {
	a := newFake(questions)
	s := shown(a, 80, 24, false)
	d, err := a.Look(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	d.Approximate, d.Sampled = true, 1234
	s.update(looked{d, nil})
	if got := s.press("3", "enter", "tab").text(); !strings.Contains(got, "estimates, 1.2k lines") {
		t.Errorf("estimates are not marked:\n%s", got)
	}
}

// A report of nothing at all has all its pages too.
func TestEmpty(t *testing.T) {
	a := newFake(questions)
	a.report = &report.Report{}
	s := shown(a, 80, 24, true)
	for _, k := range []string{"tab", "tab", "tab", "n", "?", "esc", "enter", "2", "enter", "3", "s", "/", "1", "enter"} {
		if s.press(k); !fits(t, s) {
			t.Fatalf("after %s:\n%s", k, s.text())
		}
	}
}
