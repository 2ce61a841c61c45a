package explore

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"cidrx/cmd/internal/term"
	"cidrx/cmd/internal/term/termtest"
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
				t.Fatalf("seed %d, step %d, %dx%d", seed, step, s.Width, s.Height)
			}
		}
	}
}

func fits(t *testing.T, s *screen) bool {
	t.Helper()
	return termtest.Fits(t, s.View(), s.Width, s.Height)
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

// Of texts that could not all be counted, a figure says between which two it lies, each list for itself, and in place of a list that would
// be chance there are words.
func TestMoreTextsThanRoom(t *testing.T) {
	a := newFake(questions)
	d, err := a.Look(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for i := range d.Ranges {
		d.Ranges[i].Agents = report.Tops{Others: 1025, More: true, Most: 4}
		d.Ranges[i].Endpoints = report.Tops{List: []report.Top{{Text: "/login", Requests: 1700}, {Text: "/a", Requests: 132, Above: 30}}, Others: 1023, More: true, Most: 31}
	}
	for _, size := range [][2]int{{80, 24}, {60, 15}, {140, 50}} {
		s := shown(a, size[0], size[1], false)
		s.update(looked{d, nil})
		agents := s.press("3", "enter", "tab")
		checkSays(t, agents, "At least 1,025 different ones, none with more than 4 of the 2,400 requests: too many and too even to rank")
		endpoints := s.press("tab")
		checkSays(t, endpoints, "102 to 132", "/a", "1,700 70.8 % /login", "and at least 1,023 others, none with more than 31 of the 2,400 requests")
		if strings.Contains(endpoints.text(), "too high") {
			t.Errorf("the list is doubted, and not its figures:\n%s", endpoints.text())
		}
	}
}

// checkSays looks for texts on the screen, however they are broken into lines and set apart.
func checkSays(t *testing.T, s *screen, texts ...string) {
	t.Helper()
	fits(t, s)
	flat := strings.Join(strings.Fields(s.text()), " ")
	for _, want := range texts {
		if !strings.Contains(flat, want) {
			t.Errorf("%dx%d: no %q in:\n%s", s.Width, s.Height, want, s.text())
		}
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
