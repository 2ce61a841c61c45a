package term_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cidrx/cmd/internal/term"
)

func TestStack(t *testing.T) {
	s := term.Stack[string]{Tabs: []string{"a", "b", "c"}}
	steps := []struct {
		name string
		do   func()
		top  string
	}{
		{"at first", func() {}, "a"},
		{"past the first", func() { s.Step(-1) }, "c"},
		{"past the last", func() { s.Step(1) }, "a"},
		{"to another", func() { s.GoTo(1) }, "b"},
		{"open two", func() { s.Open("x", "y") }, "y"},
		{"close one", s.Back, "x"},
		{"open none", func() { s.Open() }, "x"},
		{"close the other", s.Back, "b"},
		{"from a tab to the first", s.Back, "a"},
		{"a tab closes what lies over it", func() { s.Open("x"); s.GoTo(2) }, "c"},
		{"open many", func() { s.Open(strings.Split("0123456789abcdefghij", "")...) }, "j"},
	}
	for _, step := range steps {
		step.do()
		if got := s.Top(); got != step.top {
			t.Fatalf("%s: %q is shown, want %q", step.name, got, step.top)
		}
	}
	if diff := cmp.Diff("456789abcdefghij", strings.Join(s.Opened, "")); diff != "" {
		t.Errorf("opened (-want +got):\n%s", diff)
	}
}

func TestHelpLines(t *testing.T) {
	got := term.HelpLines([][2]string{{"", "Keys"}, {"q", "quit, and leave the terminal as it was before"}, {" ", ""}, {"b", "back"}}, 50)
	want := []string{term.Title("Keys"), term.Strong("q               ") + "quit, and leave the terminal", term.Strong(strings.Repeat(" ", 16)) + "as it was before", "", term.Strong("b               ") + "back"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
