package static

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
)

const (
	maxLine   = 1 << 20   // bytes of a line that is parsed, as in the agent; longer ones are passed over
	spins     = 200       // tries to get at a log that another worker reads, before one sleeps over it
	blockSize = 128 << 10 // bytes that a worker reads at a time: they stay in its core's cache until they are counted
	mapTimes  = 8         // of that are looked at at a time where nothing is read: to let memory go costs the other workers something, too
)

// blocks cuts a log into blocks of whole lines, which its readers take in turn. Where a block ends changes nothing of its lines.
type blocks struct {
	mu       sync.Mutex
	in       io.Reader
	mapped   Mapped // in, if it is; nil: it must be read
	passed   int    // bytes of mapped that have been looked at
	size     int
	carry    []byte // the beginning of a line whose end is yet to come, at most maxLine bytes
	at       int64  // where in the log it begins
	skipping bool   // the rest of a line that is too long is being passed over
	err      error  // of in: io.EOF at the end

	long     uint64 // lines that were passed over without being handed out
	longAt   int64  // where the first of them was known to be one, and how it begins
	longLine []byte
}

// block is a part of a log.
type block struct {
	lines []byte // whole lines; the newline of a log's last line may be missing
	at    int64  // where in the log they begin
}

func newBlocks(in io.Reader, size int) *blocks {
	mapped, ok := in.(Mapped)
	if ok {
		size *= mapTimes
	}
	return &blocks{in: in, mapped: mapped, size: size}
}

// buffer makes memory for one block; none if the log need not be read. What is not used of it costs nothing: the kernel gives pages when
// they are touched.
func (s *blocks) buffer() []byte {
	if s.mapped != nil {
		return nil
	}
	return make([]byte, maxLine+s.size)
}

// next returns the next block, in buf if the log must be read. Its error is io.EOF behind the last block, and stays what it is from then on.
func (s *blocks) next(ctx context.Context, buf []byte) (block, error) {
	s.lock()
	defer s.mu.Unlock()
	for s.err == nil {
		if b := s.cut(s.more(ctx, buf)); len(b.lines) > 0 {
			return b, nil
		}
	}
	return block{}, s.err
}

// lock waits for another's reading without going to sleep: that is over in microseconds, and to be woken takes longer.
func (s *blocks) lock() {
	for range spins {
		if s.mu.TryLock() {
			return
		}
		runtime.Gosched()
	}
	s.mu.Lock()
}

// more returns what is carried over and about a block's size of what follows.
func (s *blocks) more(ctx context.Context, buf []byte) []byte {
	have := len(s.carry)
	if s.mapped == nil {
		copy(buf, s.carry)
		n, err := readFull(ctx, s.in, buf[have:have+s.size])
		s.err = err
		return buf[:have+n]
	}
	all, from := s.mapped.Bytes(), s.passed-have
	s.passed = min(s.passed+s.size, len(all))
	if s.err = ctx.Err(); s.passed == len(all) {
		s.err = io.EOF
	}
	return all[from:s.passed]
}

// done is told that a block has been counted.
func (s *blocks) done(b block) {
	if s.mapped != nil {
		s.mapped.Passed(b.lines)
	}
}

// readFull reads until b is full, the log ends (io.EOF), or something else does. Unlike io.ReadFull it says which of them it was.
func readFull(ctx context.Context, in io.Reader, b []byte) (n int, err error) {
	const patience = 100 // reads without a byte
	for idle := 0; n < len(b); idle++ {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		m, err := in.Read(b[n:])
		if n += m; err != nil {
			return n, err
		}
		if m > 0 {
			idle = 0
		} else if idle == patience {
			return n, io.ErrNoProgress
		}
	}
	return n, nil
}

// cut takes the whole lines off b, which begins where s stands, and carries the rest over.
func (s *blocks) cut(b []byte) block {
	if s.skipping {
		end := bytes.IndexByte(b, '\n') + 1
		if s.skipping = end == 0; s.skipping {
			end = len(b)
		}
		s.at += int64(end)
		b = b[end:]
	}
	b = s.dropNULs(b)
	out := block{at: s.at}
	end := bytes.LastIndexByte(b, '\n') + 1
	if errors.Is(s.err, io.EOF) {
		end = len(b) // nobody will complete the last line any more
	}
	out.lines = b[:end:end]
	s.at += int64(end)
	s.keep(s.dropNULs(b[end:]))
	return out
}

// dropNULs drops those in front of a line: the hole that a writer leaves which goes on at its old place after a truncation.
func (s *blocks) dropNULs(b []byte) []byte {
	line := bytes.TrimLeft(b, "\x00")
	s.at += int64(len(b) - len(line))
	return line
}

// keep carries over the beginning of a line, unless the line is too long already.
func (s *blocks) keep(begin []byte) {
	s.carry = s.carry[:0]
	if len(begin) <= maxLine {
		s.carry = append(s.carry, begin...)
		return
	}
	if s.long++; s.long == 1 {
		s.longAt, s.longLine = s.at, beginning(nil, begin)
	}
	s.skipping = true
	s.at += int64(len(begin))
}

// trim takes off what stands around a line: NULs in front of it, and the carriage return of other systems.
func trim(line []byte) []byte { return bytes.TrimSuffix(bytes.TrimLeft(line, "\x00"), []byte{'\r'}) }
