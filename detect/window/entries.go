package window

import "cidrx/detect/cidr"

const (
	chunkWords = 42
	countBits  = 30 // of the first word of an entry; the two above name the address space
	placeBits  = 6  // of the number of an entry: its first word in the chunk
)

// chunk holds entries of one second, in 192 bytes. An entry is its requests and space, then the host in as many words as it takes: 21
// IPv4 entries fit, or 14 of IPv6.
type chunk struct {
	words  [chunkWords]uint32
	starts uint64 // bit i is set when an entry starts at word i
	next   uint32 // of the same second; in the list of unused chunks
	epoch  uint32 // of the window when the entries were stored
	sec    uint32 // Unix time modulo 2^32, which tells the seconds of a window apart
	from   uint8  // entries before this word have left
	n      uint8  // words from here on are unused
	_      [2]byte
}

// entry returns the host and the requests at word i, and where the next entry starts.
func (c *chunk) entry(i uint8) (p cidr.Packed, n uint32, next uint8) {
	head := c.words[i]
	p = cidr.Packed{High: c.words[i+1], Space: uint8(head >> countBits)}
	if p.Space != cidr.Wide {
		return p, head & MaxRequests, i + 2
	}
	p.Low = c.words[i+2]
	return p, head & MaxRequests, i + 3
}

// push appends an entry and tells whether there was room for it, and where.
func (c *chunk) push(p cidr.Packed, n uint32) (i uint8, ok bool) {
	i = c.n
	size := uint8(2)
	if p.Space == cidr.Wide {
		size = 3
	}
	if i+size > chunkWords {
		return i, false
	}
	c.words[i], c.words[i+1] = uint32(p.Space)<<countBits|n, p.High
	if size == 3 {
		c.words[i+2] = p.Low
	}
	c.starts |= 1 << i
	c.n += size
	return i, true
}

// earlier compares seconds of one window.
func earlier(a, b uint32) bool { return int32(a-b) < 0 }

// named returns the chunk and the word of the entry number e.
func (w *Window) named(e uint32) (*chunk, uint8) {
	return w.chunks.At(e >> placeBits), uint8(e & (1<<placeBits - 1))
}

// add adds n requests to the entry at word i if there is one, of p, with room for them. An entry number that is kept for longer than the
// entry may name somebody else's, or none.
func (c *chunk) add(i uint8, p cidr.Packed, n uint32) bool {
	if i < c.from || c.starts>>i&1 == 0 {
		return false
	}
	if own, count, _ := c.entry(i); own != p || count > MaxRequests-n {
		return false
	}
	c.words[i] += n
	return true
}

// record puts n requests of k into an entry: the newest of k, which its note knows, if that is of the same second, else another.
func (w *Window) record(note *cidr.Note, k cidr.Key, sec, n uint32) {
	p := k.Pack()
	if note.Touched != 0 && note.Newest == sec {
		if c, i := w.named(note.Touched); c.sec == sec && c.epoch == w.epoch && c.add(i, p, n) {
			return
		}
	}
	e := w.store(p, sec, n)
	if note.Touched == 0 || !earlier(sec, note.Newest) {
		note.Touched, note.Newest = e, sec
	}
}

// store puts n requests of p into an entry of the last chunk of their second, and returns its number. Late lines of a host find the
// entry of those before them there, unless many others came late in between: then there are two, which is as good.
func (w *Window) store(p cidr.Packed, sec, n uint32) uint32 {
	at := w.open(sec)
	c := w.chunks.At(at)
	for i := c.from; i < c.n; {
		if c.add(i, p, n) {
			return at<<placeBits | uint32(i)
		}
		_, _, i = c.entry(i)
	}
	i, ok := c.push(p, n)
	if !ok {
		at = w.extend(sec)
		i, _ = w.chunks.At(at).push(p, n)
	}
	w.entries++
	return at<<placeBits | uint32(i)
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

// dropHead releases the first chunk of s. No entry number finds anything there any more.
func (w *Window) dropHead(s *second) {
	w.held--
	at := s.head
	c := w.chunks.At(at)
	s.head = c.next
	if s.head == 0 {
		s.tail = 0
	}
	c.next, c.starts = w.free, 0
	w.free = at
}
