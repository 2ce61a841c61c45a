package main

import (
	"io"
	"sync"
)

// Blocks of a reader that runs ahead: as many as keep it busy while the other side counts, and no more.
const (
	aheadBytes  = 256 << 10
	aheadBlocks = 4
)

// ahead reads from another reader in a goroutine of its own. It is for one reader, which may be closed by another goroutine.
type ahead struct {
	full, empty chan []byte
	err         error // of the source, valid when full is closed
	stop        chan struct{}
	once        sync.Once
	block, rest []byte
}

// readAhead takes src over: it is read, and closed, by a goroutine that ends soon after the result is closed or has given an error.
func readAhead(src io.ReadCloser) io.ReadCloser {
	a := &ahead{full: make(chan []byte, aheadBlocks), empty: make(chan []byte, aheadBlocks), stop: make(chan struct{})}
	for range aheadBlocks {
		a.empty <- make([]byte, aheadBytes)
	}
	go a.run(src)
	return a
}

func (a *ahead) run(src io.ReadCloser) {
	defer src.Close() // only read from
	defer close(a.full)
	for {
		var block []byte
		select {
		case block = <-a.empty:
		case <-a.stop:
			a.err = io.ErrClosedPipe
			return
		}
		// Not until the block is full: what a pipe has to say now may be all for a long time.
		n, err := io.ReadAtLeast(src, block[:aheadBytes], 1)
		if n > 0 {
			a.full <- block[:n] // never blocks: there are no more blocks than fit
		}
		if err != nil {
			a.err = err
			return
		}
	}
}

func (a *ahead) Read(p []byte) (int, error) {
	for len(a.rest) == 0 {
		if a.block != nil {
			a.empty <- a.block
			a.block = nil
		}
		select {
		case block, ok := <-a.full:
			if !ok {
				return 0, a.err
			}
			a.block, a.rest = block, block
		case <-a.stop:
			return 0, io.ErrClosedPipe
		}
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// Close ends a Read that waits, and the goroutine as soon as what it reads from lets it.
func (a *ahead) Close() error {
	a.once.Do(func() { close(a.stop) })
	return nil
}
