// Package window counts requests by address over a sliding time, exact to the second of the events.
package window

import (
	"net/netip"
	"time"

	"cidrx/detect/cidr"
	"cidrx/detect/internal/slab"
)

// MaxRequests is how many requests one Add can stand for. More count as so many.
const MaxRequests = 1<<countBits - 1

// Window counts the requests of the last seconds: one counts from its second until its second plus the length. Times are Unix seconds.
//
// Requests of one host in one second share an entry where that is cheap to see: always if they come one after the other, mostly if
// they come late. Entries take about 9 bytes, those of IPv6 14, in lists by second, so that the oldest are found at once. Beyond
// maxEntries the oldest leave early, one for each that comes: their requests leave the counts and the total alike, so that shares stay
// those of a shorter window, and the work is spread evenly over the events.
type Window struct {
	trie    cidr.Trie
	seconds []second // a ring, by Unix second modulo its length, a power of two
	length  int64
	now     int64
	floor   int64  // seconds up to this one have left; never less than now - length, more after evictions
	cut     int64  // newest second that an eviction has touched
	read    uint64 // means nothing: see cidr.Trie.Touch
	total   uint64
	evicted uint64

	chunks     slab.Slab[chunk]
	free       uint32 // list of unused chunks
	entries    int    // held, those of removed hosts included
	held       int    // chunks in use
	maxEntries int
	epoch      uint32 // of the last Remove: what was stored before says nothing of hosts that came after
}

// second holds what came with one second's stamp.
type second struct {
	total      uint64 // requests, those without an entry included
	head, tail uint32 // its chunks, oldest first
}

// New returns an empty window at second 0 of length, at least a second, with at most maxEntries entries, at least one.
func New(length time.Duration, maxEntries int) *Window {
	w := &Window{length: max(1, int64(length/time.Second)), maxEntries: max(1, maxEntries)}
	size := 1
	for int64(size) < w.length {
		size *= 2
	}
	w.seconds = make([]second, size)
	w.stand(0)
	return w
}

// stand sets an empty window to now.
func (w *Window) stand(now int64) {
	w.now, w.floor, w.cut = now, now-w.length, now-w.length
}

func (w *Window) at(sec int64) *second { return &w.seconds[int(sec)&(len(w.seconds)-1)] }

// Add counts n requests, 1 to MaxRequests, of k at sec, and tells whether it did: not if sec has left the window. A second beyond the
// newest now is taken as now. The trie's Around and Reaches speak of k until the next change.
func (w *Window) Add(k cidr.Key, sec int64, n uint32) bool {
	w.trim() // first: it may let sec go, and it changes the trie
	sec, n = min(sec, w.now), min(n, MaxRequests)
	if !w.AddTotal(sec, n) {
		return false
	}
	note, fresh := w.trie.Add(k, uint64(n))
	if fresh {
		*note = cidr.Note{Born: w.epoch, First: uint32(sec)}
	} else if earlier(uint32(sec), note.First) {
		note.First = uint32(sec)
	}
	w.record(note, k, uint32(sec), n)
	return true
}

// AddTotal counts n requests in the total and nowhere else, under the terms of Add.
func (w *Window) AddTotal(sec int64, n uint32) bool {
	sec, n = min(sec, w.now), min(n, MaxRequests)
	if sec <= w.floor {
		return false
	}
	w.at(sec).total += uint64(n)
	w.total += uint64(n)
	return true
}

// Advance moves the window to now; requests that are too old leave. It never moves back.
func (w *Window) Advance(now int64) {
	if now <= w.now {
		return
	}
	w.now = now
	if w.now-w.length > w.floor {
		w.leave(w.now - w.length)
	}
}

// Remove takes the counts of all hosts inside p out of the window. They stay in the totals until they age.
func (w *Window) Remove(p netip.Prefix) {
	var keys []cidr.Key
	w.trie.Walk(p, func(k cidr.Key, _ uint64, _ *cidr.Note) bool {
		keys = append(keys, k)
		return true
	})
	for _, k := range keys {
		w.trie.Subtract(k, ^uint64(0))
	}
	if len(keys) > 0 {
		w.epoch++
	}
}

// Reset makes the window empty, gives its memory back and sets it to now, which may be earlier than before. What it ever
// evicted stays counted.
func (w *Window) Reset(now int64) {
	fresh := New(time.Duration(w.length)*time.Second, w.maxEntries)
	fresh.stand(now)
	fresh.evicted = w.evicted
	*w = *fresh
}

// SetMaxEntries changes how many entries are kept at most.
func (w *Window) SetMaxEntries(n int) {
	w.maxEntries = max(1, n)
	w.trim()
}

// Trie returns the counts of the window. They must not be changed.
func (w *Window) Trie() *cidr.Trie { return &w.trie }

// Total returns all requests in the window.
func (w *Window) Total() uint64 { return w.total }

// Addresses returns how many distinct hosts have requests in the window.
func (w *Window) Addresses() int { return w.trie.Hosts() }

// Evicted returns how many entries ever left before their time because there were too many.
func (w *Window) Evicted() uint64 { return w.evicted }

// Effective returns how much time the window covers in full: less than its length for as long after evictions.
func (w *Window) Effective() time.Duration {
	covered := min(w.length, w.now-max(w.floor, w.cut))
	return time.Duration(covered) * time.Second
}
