package window

import "cidrx/detect/cidr"

// leave lets every second up to sec go.
func (w *Window) leave(sec int64) {
	if sec-w.floor > int64(len(w.seconds)) {
		w.floor = sec - int64(len(w.seconds))
	}
	for w.floor < sec {
		w.floor++
		s := w.at(w.floor)
		for s.head != 0 {
			w.leaveChunk(w.chunks.At(s.head))
			w.dropHead(s)
		}
		w.total -= s.total
		s.total = 0
	}
}

func (w *Window) leaveChunk(c *chunk) {
	w.expectLeave(c, cidr.Lanes)
	for c.from < c.n {
		w.leaveEntry(c)
	}
}

// leaveEntry takes the first entry of c away, with its requests, and says how many: none if its host was removed since it was stored,
// even if the host has come back.
func (w *Window) leaveEntry(c *chunk) (requests uint32) {
	p, n, next := c.entry(c.from)
	c.from = next
	w.entries--
	note := w.trie.Lookup(p.Key())
	if note == nil || earlier(c.epoch, note.Born) {
		return 0
	}
	w.trie.Deduct(uint64(n))
	return n
}

// trim evicts the oldest entries for as long as there are too many, or too many pieces of memory: entries that are spread thinly over
// seconds, and hosts over buckets, take several times the usual. So the window holds less than 110 bytes for each of maxEntries and
// 200 for each second, whatever comes. The newest entry always stays.
func (w *Window) trim() {
	for w.entries > 1 && (w.entries > w.maxEntries || w.held > w.maxEntries/8+len(w.seconds)+spare || w.trie.Buckets() > w.maxEntries/4+spare) {
		w.evict()
	}
}

// spare is how many pieces of memory are not worth an eviction.
const spare = 256

// evict takes the oldest entry of the oldest second. When it was the second's last, the rest of the second's total goes too.
func (w *Window) evict() {
	s := w.at(w.floor + 1)
	for s.head == 0 {
		w.leave(w.floor + 1)
		s = w.at(w.floor + 1)
	}
	c := w.chunks.At(s.head)
	if n := w.leaveEntry(c); n > 0 {
		w.evicted++
		w.cut = w.floor + 1
		s.total -= uint64(n)
		w.total -= uint64(n)
	}
	if c.from == c.n {
		w.dropHead(s)
	}
}
