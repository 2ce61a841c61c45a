package tail

import "sync"

// bufferSize is how much is read at a time. Larger reads gain nothing once they fall out of the second-level cache.
const bufferSize = 256 << 10

// pool holds the buffers of one source. There are at most as many as there are tokens; each chunk that is out has taken one. The
// buffer that came back last goes out first, so a quiet source touches the memory of one.
type pool struct {
	tokens chan struct{}
	size   int

	mu   sync.Mutex
	free [][]byte
}

func newPool(n, size int) *pool {
	p := &pool{tokens: make(chan struct{}, n), size: size}
	for range n {
		p.tokens <- struct{}{}
	}
	return p
}

// take hands out the buffer that goes with a token already received.
func (p *pool) take() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.free)
	if n == 0 {
		return make([]byte, p.size)
	}
	b := p.free[n-1]
	p.free = p.free[:n-1]
	return b
}

// release makes the function that gives b back. Only its first call does.
func (p *pool) release(b []byte) func() {
	var once sync.Once
	return func() {
		once.Do(func() {
			p.mu.Lock()
			p.free = append(p.free, b)
			p.mu.Unlock()
			p.tokens <- struct{}{} // has room: there are as many places as buffers
		})
	}
}
