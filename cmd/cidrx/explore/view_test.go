package explore

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"cidrx/cmd/internal/term/termtest"
)

var update = flag.Bool("update", false, "write the golden frames anew")

// screen is a view that a test presses keys on. What it asks for in the background is done at once.
type screen struct {
	*model
	quit bool
}

// shown is a view of a terminal of that size. ready: the second look at the log has ended.
func shown(a Analysis, width, height int, ready bool) *screen {
	s := &screen{model: newModel(context.Background(), a, &sync.WaitGroup{})}
	s.Init()
	s.update(tea.WindowSizeMsg{Width: width, Height: height})
	s.View()
	if ready {
		detail, err := a.Look(context.Background())
		s.update(looked{detail, err})
	}
	return s
}

func (s *screen) update(msg tea.Msg) {
	_, cmd := s.Update(msg)
	for cmd != nil {
		msg := cmd()
		switch msg.(type) {
		case tea.QuitMsg:
			s.quit = true
		case ticked: // the spinner's; it would go on for ever
			return
		}
		_, cmd = s.Update(msg)
	}
}

// press presses keys by name: "down", "ctrl+c", or a character.
func (s *screen) press(keys ...string) *screen {
	for _, k := range keys {
		s.update(termtest.Key(k))
		s.View()
	}
	return s
}

// text is what the screen shows, without styles and blanks at the ends of lines.
func (s *screen) text() string {
	var lines []string
	for line := range strings.Lines(ansi.Strip(s.View().Content)) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	return strings.Join(lines, "\n") + "\n"
}

// The frames of every page, at the two sizes that matter most.
func TestFrames(t *testing.T) {
	stories := []struct {
		name string
		keys string
	}{
		{"summary", ""},
		{"tiers", "2"},
		{"tiers-missed", "2 down down"},
		{"tiers-nobody", "2 ]  ]"},
		{"ranges", "3"},
		{"ranges-by-address", "3 s s s"},
		{"ranges-typing", "3 / 2 0 3 ."},
		{"ranges-address", "3 / 2 0 3 . 0 . 1 1 3 . 9 enter"},
		{"ranges-nothing", "3 / 9 . 9 . 9 . 9 enter"},
		{"range-hosts", "3 enter"},
		{"range-host", "3 / 2 0 3 enter enter enter"},
		{"range-host-agents", "3 / 2 0 3 enter enter enter tab"},
		{"range-agents", "3 end enter tab"},
		{"range-endpoints", "3 enter tab tab"},
		{"range-statuses", "3 enter tab tab tab"},
		{"range-lines", "3 end enter shift+tab"},
		{"range-of-map", "4 o"},
		{"try", "2 t"},
		{"try-smaller", "2 t ctrl+u 2 0 0"},
		{"try-nothing", "2 t ctrl+u 9 9 9 9"},
		{"try-wrong", "2 t tab ctrl+u 3 3"},
		{"try-list", "2 t enter down"},
		{"map", "4"},
		{"map-next", "4 n"},
		{"map-zoomed", "4 n enter enter"},
		{"map-finest", "4 n enter enter enter enter"},
		{"help", "?"},
	}
	analysis := newFake(questions)
	for _, story := range stories {
		for _, size := range []struct {
			name          string
			width, height int
		}{{"80x24", 80, 24}, {"120x40", 120, 40}} {
			t.Run(story.name+"-"+size.name, func(t *testing.T) {
				s := shown(analysis, size.width, size.height, true)
				s.coloured = !strings.HasPrefix(story.name, "map") // shades can be read in a file
				s.press(strings.Fields(story.keys)...)
				golden(t, story.name+"-"+size.name, s.text())
			})
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got); go test -update writes it anew:\n%s", name, diff)
	}
}
