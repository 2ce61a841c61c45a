package window

import "cidrx/detect/cidr"

const (
	chunkLen  = 14
	countBits = 30 // of an entry's number; the two above name the address space
	slotBits  = 4  // of the number of an entry: its place in the chunk
)

// chunk holds entries of one second, in 192 bytes.
type chunk struct {
	keys   [chunkLen]uint64
	counts [chunkLen]uint32
	next   uint32 // of the same second; in the list of unused chunks
	epoch  uint32 // of the window when the entries were stored
	sec    uint32 // Unix time modulo 2^32, which tells the seconds of a window apart
	from   uint8  // entries before this one have left
	n      uint8  // entries from here on are unused
	_      [10]byte
}

// entry returns the host and the requests at place i.
func (c *chunk) entry(i uint8) (cidr.Key, uint32) {
	count := c.counts[i]
	return cidr.Unpack(c.keys[i], uint8(count>>countBits)), count & MaxRequests
}

// earlier compares seconds of one window.
func earlier(a, b uint32) bool { return int32(a-b) < 0 }

// named returns the chunk and the place of the entry number e.
func (w *Window) named(e uint32) (*chunk, uint8) {
	return w.chunks.At(e >> slotBits), uint8(e & (1<<slotBits - 1))
}

// holds tells whether entry i is in use, by k. An entry number that is kept for longer than the entry may name one of somebody else's.
func (c *chunk) holds(i uint8, k cidr.Key) bool {
	if i < c.from || i >= c.n {
		return false
	}
	own, _ := c.entry(i)
	return own == k
}

// add adds n requests to entry i if it is k's and has room for them.
func (c *chunk) add(i uint8, k cidr.Key, n uint32) bool {
	if !c.holds(i, k) || c.counts[i]&MaxRequests > MaxRequests-n {
		return false
	}
	c.counts[i] += n
	return true
}

// record puts n requests of k into an entry: the newest of k, which its note knows, if that is of the same second, else another.
func (w *Window) record(note *cidr.Note, k cidr.Key, sec, n uint32) {
	if note.Touched != 0 && note.Newest == sec {
		if c, i := w.named(note.Touched); c.sec == sec && c.epoch == w.epoch && c.add(i, k, n) {
			return
		}
	}
	e := w.store(k, sec, n)
	if note.Touched == 0 || !earlier(sec, note.Newest) {
		note.Touched, note.Newest = e, sec
	}
}

// store puts n requests of k into an entry of the last chunk of their second, and returns its number. Late lines of a host find the
// entry of those before them there, unless many others came late in between: then there are two, which is as good.
func (w *Window) store(k cidr.Key, sec, n uint32) uint32 {
	at := w.open(sec)
	c := w.chunks.At(at)
	for i := c.from; i < c.n; i++ {
		if c.add(i, k, n) {
			return at<<slotBits | uint32(i)
		}
	}
	if c.n == chunkLen {
		at = w.extend(sec)
		c = w.chunks.At(at)
	}
	bits, space := k.Pack()
	i := c.n
	c.keys[i], c.counts[i] = bits, uint32(space)<<countBits|n
	c.n++
	w.entries++
	return at<<slotBits | uint32(i)
}

// open returns the last chunk of sec, a new one if there is none, or none of this epoch.
func (w *Window) open(sec uint32) uint32 {
	tail := w.at(int64(sec)).tail
	if tail != 0 && w.chunks.At(tail).epoch == w.epoch {
		return tail
	}
	return w.extend(sec)
}

// extend appends a chunk to those of sec.
func (w *Window) extend(sec uint32) uint32 {
	s, at := w.at(int64(sec)), w.newChunk()
	c := w.chunks.At(at)
	c.sec, c.epoch = sec, w.epoch
	if s.tail == 0 {
		s.head = at
	} else {
		w.chunks.At(s.tail).next = at
	}
	s.tail = at
	return at
}

func (w *Window) newChunk() uint32 {
	w.held++
	at := w.free
	if at == 0 {
		return w.chunks.New()
	}
	c := w.chunks.At(at)
	w.free = c.next
	*c = chunk{}
	return at
}

// dropHead releases the first chunk of s. It leaves from = n = 0, so that no entry number finds anything there.
func (w *Window) dropHead(s *second) {
	w.held--
	at := s.head
	c := w.chunks.At(at)
	s.head = c.next
	if s.head == 0 {
		s.tail = 0
	}
	c.next, c.from, c.n = w.free, 0, 0
	w.free = at
}
