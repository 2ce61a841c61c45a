package term_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cidrx/cmd/internal/term"
	"cidrx/cmd/internal/term/termtest"
)

func TestHelp(t *testing.T) {
	h := term.Help{Entries: [][2]string{{"", "Keys"}, {"q", "quit, and leave the terminal as it was before"}, {" ", ""}, {"b", "back"}}, Margin: " ", Idle: []string{"b"}}
	lines := []string{" " + term.Title("Keys"), " " + term.Strong("q               ") + "quit, and leave the terminal", " " + term.Strong(strings.Repeat(" ", 16)) + "as it was before", "", " " + term.Strong("b               ") + "back"}
	want := make([]string, len(lines))
	for i, line := range lines {
		want[i] = term.Fit(line, 49)
	}
	if diff := cmp.Diff(want, h.Draw(50, 5)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for key, want := range map[string]bool{"?": true, "b": true, "down": true, "w": false, "esc": false} {
		if done, _ := h.Press(termtest.Key(key)); done != want {
			t.Errorf("%s: done %v, want %v", key, done, want)
		}
	}
	if got := h.Draw(50, 3)[2]; !strings.HasPrefix(got, lines[3]) {
		t.Errorf("after down the third line is %q", got)
	}
}
