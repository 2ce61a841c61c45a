package syslog

import (
	"sync"

	"cidrx/agent/tail"
)

const (
	blockSize = 256 << 10 // of lines handed out at a time
	maxBlocks = 64        // 16 MiB: over a second of 50,000 lines a second
	maxForged = 8         // of these, for senders that are not believed: they must not displace the others
	keepFree  = 4         // blocks kept when nothing needs them
)

// block is lines on their way to the receiver, all of senders that are believed, or all of others.
type block struct {
	data      []byte
	cut       int
	untrusted string
}

// queue is what has been received and not yet been taken. It is bounded: what has no room is dropped and counted, so that the kernel's
// queue, which may be as short as ten datagrams, is always being emptied.
type queue struct {
	wake  chan struct{} // has a value when there may be a block to take
	limit map[bool]int  // of blocks, by whether their senders are believed

	mu      sync.Mutex
	ready   []*block
	free    []*block
	out     map[bool]int // blocks that are ready or taken, by whether their senders are believed
	dropped uint64
}

// newQueue makes a queue; forged is how many blocks may hold what senders wrote that are not believed.
func newQueue(forged int) *queue {
	return &queue{wake: make(chan struct{}, 1), limit: map[bool]int{true: maxBlocks, false: forged}, out: map[bool]int{}}
}

// put adds a line with its newline.
func (q *queue) put(line []byte, cut bool, untrusted string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.room(len(line), untrusted)
	if b == nil {
		q.dropped++
		return
	}
	b.data = append(b.data, line...)
	if cut {
		b.cut++
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// room is the block that a line goes into; nil if there is none.
func (q *queue) room(n int, untrusted string) *block {
	for i := len(q.ready) - 1; i >= 0; i-- {
		b := q.ready[i]
		if b.untrusted != untrusted {
			continue
		}
		if len(b.data)+n <= blockSize {
			return b
		}
		break
	}
	believed := untrusted == ""
	if q.out[believed] >= q.limit[believed] {
		return nil
	}
	q.out[believed]++
	b := &block{}
	if i := len(q.free) - 1; i >= 0 {
		b, q.free = q.free[i], q.free[:i]
	} else {
		b.data = make([]byte, 0, blockSize)
	}
	b.untrusted = untrusted
	q.ready = append(q.ready, b)
	return b
}

// take is the oldest block, as a chunk; ok is false if there is none.
func (q *queue) take() (c tail.Chunk, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.ready) == 0 {
		return c, false
	}
	b := q.ready[0]
	q.ready = append(q.ready[:0], q.ready[1:]...)
	var once sync.Once
	return tail.Chunk{Data: b.data, Cut: b.cut, Untrusted: b.untrusted, Release: func() { once.Do(func() { q.release(b) }) }}, true
}

func (q *queue) release(b *block) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.out[b.untrusted == ""]--
	b.data, b.cut = b.data[:0], 0
	if len(q.free) < keepFree && cap(b.data) <= 2*blockSize {
		q.free = append(q.free, b)
	}
}

// held is how many bytes wait.
func (q *queue) held() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for _, b := range q.ready {
		n += len(b.data)
	}
	return n
}

func (q *queue) lost() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}
