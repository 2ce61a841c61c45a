package static

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"cidrx/detect/report"
)

// stream is what a frequent is asked to count, and the true counts.
type stream struct {
	counted *frequent
	truth   map[string]uint64
	total   uint64
}

func newStream(room int) *stream { return &stream{newFrequent(room), map[string]uint64{}, 0} }

func (s *stream) add(text string, n uint64) {
	s.counted.add(text, n)
	s.truth[text] += n
	s.total += n
}

// skews are how texts are spread: from a few that have nearly all requests to all alike, and such as come in turn and take each other's
// counters over.
var skews = map[string]func(r *rand.Rand, i, kinds int) int{
	"even":    func(r *rand.Rand, _, kinds int) int { return r.IntN(kinds) },
	"skewed":  func(r *rand.Rand, _, kinds int) int { return r.IntN(1 + r.IntN(1+r.IntN(kinds))) },
	"in turn": func(_ *rand.Rand, i, kinds int) int { return i % kinds },
	"bursts":  func(r *rand.Rand, i, kinds int) int { return i / 40 % kinds * r.IntN(2) },
	"new":     func(r *rand.Rand, i, _ int) int { return i * r.IntN(4) },
}

func TestListedTextsAreWhatTheySeem(t *testing.T) {
	for name, next := range skews {
		listed := 0
		for seed := range uint64(60) {
			r := rand.New(rand.NewPCG(seed, 1))
			room, kinds := 16+r.IntN(60), 1+r.IntN(400)
			s := newStream(room)
			for i := range 3000 {
				s.add(fmt.Sprint(next(r, i, kinds)), uint64(1+r.IntN(3)))
			}
			tops := s.counted.top(chance{})
			listed += len(tops.List)
			s.check(t, fmt.Sprintf("%s, seed %d", name, seed), tops)
		}
		if name != "in turn" && listed < 60 {
			t.Errorf("%s: only %d texts were listed", name, listed)
		}
	}
}

// check holds a list against the true counts.
func (s *stream) check(t *testing.T, name string, tops report.Tops) {
	t.Helper()
	unlisted := map[string]uint64{}
	for text, n := range s.truth {
		unlisted[text] = n
	}
	for _, top := range tops.List {
		if n := s.truth[top.Text]; top.Requests < n || top.Least() > n || top.Least() == 0 {
			t.Errorf("%s: %q came %d times, not %s", name, top.Text, n, top.Figure())
		}
		delete(unlisted, top.Text)
	}
	if len(unlisted) < tops.Others || len(unlisted) > tops.Others && !tops.More || tops.More != (len(s.truth) > s.counted.room) {
		t.Errorf("%s: %d others, and more: %v; there are %d", name, tops.Others, tops.More, len(unlisted))
	}
	for text, n := range unlisted {
		if n > tops.Most {
			t.Errorf("%s: %q came %d times, and the others at most %d", name, text, n, tops.Most)
		}
		if n > 2*s.total/uint64(s.counted.room) && len(tops.List) < mostTops {
			t.Errorf("%s: %q came %d of %d times and is not listed", name, text, n, s.total)
		}
		if s.counted.by[text] == nil && slices.ContainsFunc(tops.List, func(top report.Top) bool { return s.truth[top.Text] < n }) {
			t.Errorf("%s: %q came %d times and was not counted, and less frequent ones are listed: %v", name, text, n, tops.List)
		}
	}
	if !slices.IsSortedFunc(tops.List, func(a, b report.Top) int { return int(b.Least()) - int(a.Least()) }) {
		t.Errorf("%s: out of order: %v", name, tops.List)
	}
}

// Where all texts are counted, the list is that of the true counts.
func TestTextsThatHaveRoomAreExact(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 2))
		s := newStream(64)
		for range 2000 {
			s.add(fmt.Sprint(r.IntN(1+r.IntN(64))), 1)
		}
		if got, want := fmt.Sprintf("%+v", s.counted.top(chance{})), fmt.Sprintf("%+v", topOf(s.truth)); got != want {
			t.Fatalf("seed %d: %s, want %s", seed, got, want)
		}
	}
}

func TestAMillionTextsTakeNoMoreRoom(t *testing.T) {
	s := newStream(128)
	for i := range 1_000_000 {
		s.add(fmt.Sprint(i), 1)
		if i%4 == 0 {
			s.add("often", 1)
		}
	}
	tops := s.counted.top(chance{})
	if len(s.counted.by) != 128 || len(s.counted.counters) != 128 || len(tops.List) != 1 || tops.List[0].Text != "often" || tops.Others != 128 {
		t.Errorf("%d texts, %+v", len(s.counted.by), tops)
	}
	s.check(t, "a million", tops)
}

// No list is better than one of chance: user agents that are all different, a few more often than others.
func TestTextsThatAreAllDifferentAreNotRanked(t *testing.T) {
	for _, c := range []struct{ room, requests, kinds int }{{1024, 200_000, 100_000}, {163, 2000, 1_000_000}, {1024, 1100, 1_000_000}, {128, 129, 1_000_000}} {
		r := rand.New(rand.NewPCG(5, 6))
		s := newStream(c.room)
		for range c.requests {
			s.add(fmt.Sprint(r.IntN(c.kinds)), 1)
		}
		tops := s.counted.top(chance{})
		if len(tops.List) > 0 || tops.Others != c.room+1 || !tops.More || tops.Most > uint64(2*c.requests/c.room+20) {
			t.Errorf("%+v: %+v", c, tops)
		}
		s.check(t, fmt.Sprint(c), tops)
	}
}

// In a sample a text must be in enough lines to be listed, and what is said is of the whole range.
func TestChanceInASampleIsNotRanked(t *testing.T) {
	s := &sample{lines: make([]sampledLine, 50), of: 495}
	if got := s.line(); got != 10 {
		t.Fatalf("a line of a sample of 50 of 495 stands for %d", got)
	}
	if all := (&sample{lines: s.lines, of: 50}).line(); all != 0 || (*sample)(nil).line() != 0 {
		t.Errorf("a line of a sample of all lines stands for %d", all)
	}
	for _, c := range []struct {
		counts map[string]uint64
		whole  uint64
		want   report.Tops
	}{
		{map[string]uint64{"often": 300, "seldom": 90, "once": 10}, 800, report.Tops{List: []report.Top{{Text: "often", Requests: 600}}, Others: 2, More: true, Most: 200}},
		{map[string]uint64{"nearly half": 230, "also": 270}, 500, report.Tops{List: []report.Top{{Text: "also", Requests: 270}}, Others: 1, More: true, Most: 230}},
		{map[string]uint64{"a third": 3000, "one third": 3010, "the third": 2990}, 900, report.Tops{
			List: []report.Top{{Text: "one third", Requests: 301}, {Text: "a third", Requests: 300}, {Text: "the third", Requests: 299}}, More: true}},
		{map[string]uint64{"alone": 100}, 90, report.Tops{List: []report.Top{{Text: "alone", Requests: 90}}, More: true}},
		{map[string]uint64{"alone": 90}, 80, report.Tops{Others: 1, More: true, Most: 80}},
		{nil, 80, report.Tops{More: true}},
	} {
		f, of := newFrequent(8), chance{line: s.line()}
		for text, n := range c.counts {
			f.add(text, n)
			of.seen += n
		}
		if diff := gocmp.Diff(c.want, of.scaled(f.top(of), c.whole)); diff != "" {
			t.Errorf("%v in %d requests (-want +got):\n%s", c.counts, c.whole, diff)
		}
	}
}
