package term_test

import (
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"

	"cidrx/cmd/internal/term"
)

// page has nothing but a title, and a use for the key of that name.
type page string

func (p page) Title() string                             { return string(p) }
func (p page) Keys() []term.Key                          { return []term.Key{{Name: string(p), Does: "nothing"}} }
func (p page) Draw(int, int) []string                    { return []string{"page " + string(p)} }
func (p page) Press(key tea.KeyPressMsg) (bool, tea.Cmd) { return key.String() == string(p), nil }

// pages are some with a letter each.
func pages(letters string) (list []term.Page) {
	for _, r := range letters {
		list = append(list, page(r))
	}
	return list
}

func TestStack(t *testing.T) {
	s := term.Stack{Tabs: pages("abc")}
	steps := []struct {
		name string
		do   func()
		top  string
	}{
		{"at first", func() {}, "a"},
		{"past the first", func() { s.Step(-1) }, "c"},
		{"past the last", func() { s.Step(1) }, "a"},
		{"to another", func() { s.GoTo(1) }, "b"},
		{"open two", func() { s.Open(page("x")); s.Open(page("y")) }, "y"},
		{"close one", s.Back, "x"},
		{"close the other", s.Back, "b"},
		{"from a tab to the first", s.Back, "a"},
		{"a tab closes what lies over it", func() { s.Open(page("x")); s.GoTo(2) }, "c"},
		{"open many", func() {
			for _, p := range pages("0123456789abcdefghij") {
				s.Open(p)
			}
		}, "j"},
	}
	for _, step := range steps {
		step.do()
		if got := s.Top().Title(); got != step.top {
			t.Fatalf("%s: %q is shown, want %q", step.name, got, step.top)
		}
	}
	if diff := cmp.Diff(pages("456789abcdefghij"), s.Opened); diff != "" {
		t.Errorf("opened (-want +got):\n%s", diff)
	}
}
