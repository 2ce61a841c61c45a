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
	for ; c.from < c.n; c.from++ {
		k, n := c.entry(c.from)
		w.deduct(c, k, n)
		w.entries--
	}
}

// deduct takes the requests of an entry of c out of the counts and tells whether they were still there: not if its host was removed
// since, even if the host has come back.
func (w *Window) deduct(c *chunk, k cidr.Key, n uint32) bool {
	note := w.trie.Lookup(k)
	if note == nil || earlier(c.epoch, note.Born) {
		return false
	}
	w.trie.Deduct(uint64(n))
	return true
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
	k, n := c.entry(c.from)
	c.from++
	w.entries--
	if w.deduct(c, k, n) {
		w.evicted++
		w.cut = w.floor + 1
		s.total -= uint64(n)
		w.total -= uint64(n)
	}
	if c.from == c.n {
		w.dropHead(s)
	}
}
