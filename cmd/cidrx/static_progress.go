package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"cidrx/detect/static"
)

// When progress is shown: not for work that is done before anybody wonders.
const (
	progressAfter = time.Second
	progressEvery = 200 * time.Millisecond
)

// progress shows on a terminal how far an analysis is, on a line that goes away with it.
type progress struct {
	static.Progress
	logs  *wholeLogs
	began atomic.Pointer[time.Time] // of the reading that is going on
	done  chan struct{}
	over  sync.WaitGroup
	once  sync.Once
}

// watch shows progress on stderr if that is a terminal, until stop.
func watch(logs *wholeLogs, stderr io.Writer) *progress {
	p := &progress{logs: logs, done: make(chan struct{})}
	p.again()
	if f, ok := stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.over.Go(func() { p.show(f) })
	}
	return p
}

// again says that the logs are read from the beginning.
func (p *progress) again() {
	now := time.Now()
	p.began.Store(&now)
	p.logs.read.Store(0)
	p.Lines.Store(0)
	p.Bytes.Store(0)
}

// stop takes the line away. It may be called more than once.
func (p *progress) stop() {
	p.once.Do(func() { close(p.done) })
	p.over.Wait()
}

func (p *progress) show(out *os.File) {
	shown := false
	next := time.NewTimer(progressAfter)
	defer next.Stop()
	for {
		select {
		case <-p.done:
			if shown {
				io.WriteString(out, clearLine)
			}
			return
		case <-next.C:
			io.WriteString(out, clearLine+fitting(p.line(time.Since(*p.began.Load())), out))
			shown = true
			next.Reset(progressEvery)
		}
	}
}

// clearLine goes to the beginning of the line and erases it (ECMA-48: CR, EL).
const clearLine = "\r\x1b[K"

// fitting is text cut to the width of a terminal: a line that wraps could not be taken back.
func fitting(text string, out *os.File) string {
	columns, _, err := term.GetSize(int(out.Fd()))
	if err != nil || columns < 2 || len(text) < columns {
		return text
	}
	return text[:columns-1]
}

// line is how far it is after a time: 1.2 GiB of 4.0 GiB, 30 %, 3,200,000 lines/s, 12s left.
func (p *progress) line(after time.Duration) string {
	read, size := p.logs.read.Load(), p.logs.size
	lines := thousands(uint64(float64(p.Lines.Load())/after.Seconds())) + " lines/s"
	if !p.logs.sized || size == 0 || read == 0 {
		return mebibytes(read) + ", " + lines
	}
	done := min(1, float64(read)/float64(size)) // a log may grow meanwhile
	left := time.Duration(float64(after) * (1 - done) / done)
	return fmt.Sprintf("%s of %s, %.0f %%, %s, %s left", mebibytes(read), mebibytes(size), 100*done, lines, short(left))
}

// mebibytes writes a number of bytes in the unit that fits.
func mebibytes(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.0f KiB", float64(n)/(1<<10))
}
