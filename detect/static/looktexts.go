package static

import (
	"container/heap"

	"cidrx/detect/report"
)

const maxText = report.MaxText

// frequent finds the most frequent of any number of texts with room for few (Space-Saving: Metwally, Agrawal, El Abbadi, "Efficient
// Computation of Frequent and Top-k Elements in Data Streams", 2005). While there are no more texts than it has room for, its counts are
// exact. Beyond, a text without a counter takes over the smallest one, so that a count is never too low, and too high by at most what
// was taken over; that is at most the sum of all counts divided by the room. A text without a counter came at most as often as the smallest
// counter says.
type frequent struct {
	room     int
	counters smallest
	by       map[string]*counter
	over     bool // there were more texts than room
}

// counter counts a text.
type counter struct {
	text  string
	n     uint64
	above uint64 // n is at most this much too high
	place int    // in the heap
}

func newFrequent(room int) *frequent { return &frequent{room: room, by: map[string]*counter{}} }

// add counts a text n times more.
func (f *frequent) add(text string, n uint64) {
	c := f.by[text]
	switch {
	case c != nil:
		c.n += n
		heap.Fix(&f.counters, c.place)
		return
	case len(f.counters) < f.room:
		c = &counter{text: text, n: n}
		heap.Push(&f.counters, c)
	default:
		c = f.counters[0]
		delete(f.by, c.text)
		c.text, c.above, c.n = text, c.n, c.n+n
		heap.Fix(&f.counters, 0)
		f.over = true
	}
	f.by[text] = c
}

// top returns the most frequent texts, at most mostTops, and what is known of the others.
func (f *frequent) top(c chance) report.Tops {
	r := ranking{chance: c}
	if f.over {
		r.missed = f.counters[0].n
	}
	for _, of := range f.counters {
		r.texts = append(r.texts, report.Top{Text: of.text, Requests: of.n, Above: of.above})
	}
	return r.tops()
}

// smallest is a heap with the smallest counter on top, of equal ones the text that sorts last.
type smallest []*counter

func (s smallest) Len() int { return len(s) }
func (s smallest) Less(i, j int) bool {
	return s[i].n < s[j].n || s[i].n == s[j].n && s[i].text > s[j].text
}
func (s smallest) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].place, s[j].place = i, j
}
func (s *smallest) Push(x any) {
	c := x.(*counter)
	c.place = len(*s)
	*s = append(*s, c)
}
func (s *smallest) Pop() any { panic("counters are taken over, never removed") }
