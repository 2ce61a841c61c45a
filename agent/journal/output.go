package journal

import (
	"sync"
	"time"

	"cidrx/agent/tail"
)

const (
	blockSize = 256 << 10 // bytes of lines handed out at a time, more or less
	blocks    = 8         // handed out and not yet released, at most
)

// block is lines and when each of them was written.
type block struct {
	data  []byte
	times []time.Time
	cut   int
}

// output puts lines into chunks.
type output struct {
	emit func(tail.Chunk) error
	err  error // the first that emit returned; nothing is emitted after it
	free chan *block

	now  *block // being filled; nil: none
	kind tail.Kind
	pos  tail.Position // not emitted yet
}

func newOutput(emit func(tail.Chunk) error) *output {
	o := &output{emit: emit, free: make(chan *block, blocks)}
	for range blocks {
		o.free <- &block{}
	}
	return o
}

// add adds a line. It waits while all blocks are with the receiver: journalctl waits then, too.
func (o *output) add(line []byte, cut bool, t time.Time, kind tail.Kind) {
	if o.now != nil && (o.kind != kind || len(o.now.data)+len(line) > blockSize) {
		o.flush()
	}
	if o.err != nil {
		return
	}
	if o.now == nil {
		o.now, o.kind = <-o.free, kind
	}
	o.now.data, o.now.times = append(o.now.data, line...), append(o.now.times, t)
	if cut {
		o.now.cut++
	}
}

// position says where reading stands after what has been added.
func (o *output) position(p tail.Position) { o.pos = p }

// flush emits what has been added.
func (o *output) flush() {
	if o.err != nil || o.now == nil && o.pos == (tail.Position{}) {
		return
	}
	c := tail.Chunk{Kind: tail.CatchUp, Path: o.pos.Path, Pos: o.pos, Release: func() {}}
	if b := o.now; b != nil {
		var once sync.Once
		c.Data, c.Times, c.Cut, c.Kind = b.data, b.times, b.cut, o.kind
		c.Release = func() { once.Do(func() { o.release(b) }) }
	}
	o.now, o.pos = nil, tail.Position{}
	o.err = o.emit(c)
}

// release takes a block back; it has room in the channel. What a rare huge message has made of it is let go.
func (o *output) release(b *block) {
	b.data, b.times, b.cut = b.data[:0], b.times[:0], 0
	if cap(b.data) > 2*blockSize {
		b.data = nil
	}
	o.free <- b
}
