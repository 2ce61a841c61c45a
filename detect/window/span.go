package window

import "cidrx/detect/cidr"

// spanBudget is how many chunks of entries Span looks at in search of a first one.
const spanBudget = 1 << 10

// Span returns the seconds of the oldest and the newest request of the hosts of n that are in the window, 0 and 0 if there are none.
// Where hosts have been busy for longer than the window lasts, and the search for their oldest request gets long, the second where it
// stops is given: an earlier one there is not.
func (w *Window) Span(n cidr.Net) (first, last int64) {
	first, hidden := w.now+1, false
	w.trie.WalkNet(n, func(_ cidr.Key, _ uint64, note *cidr.Note) bool {
		last = max(last, w.unix(note.Newest)) // still here: entries leave in the order of their seconds
		if at := w.unix(note.First); at > max(w.floor, w.cut) {
			first = min(first, at)
		} else {
			hidden = true // its oldest request may have left, and the next is not known
		}
		return true
	})
	if hidden {
		first = w.search(n, first)
	}
	if last == 0 {
		return 0, 0
	}
	return first, last
}

// unix returns the full form of a second of the window or a little before it.
func (w *Window) unix(sec uint32) int64 { return w.now + int64(int32(sec-uint32(w.now))) }

// search returns the first second before the given one that has a request of a host of n, or where the search gets too long.
func (w *Window) search(n cidr.Net, before int64) int64 {
	budget := spanBudget
	for sec := w.floor + 1; sec < min(before, w.now); sec++ {
		for at := w.at(sec).head; at != 0; at = w.chunks.At(at).next {
			c := w.chunks.At(at)
			if budget--; budget < 0 || w.hasOf(c, n) {
				return sec
			}
		}
	}
	return min(before, w.now)
}

// hasOf tells whether c has an entry of a host of n that counts.
func (w *Window) hasOf(c *chunk, n cidr.Net) bool {
	for i := c.from; i < c.n; {
		p, _, next := c.entry(i)
		i = next
		k := p.Key()
		if !n.Contains(k) {
			continue
		}
		if note := w.trie.Note(k); note != nil && !earlier(c.epoch, note.Born) {
			return true
		}
	}
	return false
}
