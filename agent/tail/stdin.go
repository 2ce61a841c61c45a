package tail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// stream cuts lines out of something that can be read only once.
type stream struct {
	in       io.Reader
	carry    []byte // beginning of a line whose end is yet to come; at most MaxLine bytes
	skipping bool   // the rest of a line that was cut is being skipped
}

// runStdin reads standard input to its end. The last line need not end with a newline.
func (f *Follower) runStdin(ctx context.Context) error {
	f.pool = newPool(f.opt.Buffers, MaxLine+bufferSize)
	in, stop, err := interruptible(ctx, f.opt.Stdin)
	if err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	defer stop()
	s := &stream{in: in}
	for f.err == nil {
		select {
		case <-ctx.Done():
			return f.err
		case <-f.pool.tokens:
		}
		err := f.nextStdin(s)
		if errors.Is(err, io.EOF) || ctx.Err() != nil {
			return f.err
		}
		if err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
	}
	return f.err
}

// nextStdin hands out what one read finds, and at the end what is left. io.EOF says that it was the end.
func (f *Follower) nextStdin(s *stream) error {
	b := f.pool.take()
	release := f.pool.release(b)
	lines, cut, err := s.next(b)
	if len(lines) == 0 {
		release()
	} else {
		f.send(Chunk{Path: "-", Data: lines, Cut: cut, Release: release})
	}
	if last := bytes.TrimLeft(s.carry, "\x00"); errors.Is(err, io.EOF) && len(last) > 0 {
		f.send(Chunk{Path: "-", Data: last, Release: func() {}})
	}
	return err
}

// next reads once, in b, and returns the lines that are complete then.
func (s *stream) next(b []byte) (lines []byte, cut int, err error) {
	have := copy(b, s.carry)
	n, err := s.in.Read(b[have : have+bufferSize])
	b = b[:have+n]
	if s.skipping {
		end := bytes.IndexByte(b, '\n') + 1
		if end == 0 {
			return nil, 0, err
		}
		s.skipping = false
		b = b[end:]
	}
	lines, cut = s.split(bytes.TrimLeft(b, "\x00")) // b begins with a line
	return dropNULs(lines), cut, err
}

// split cuts b, which begins with a line, into whole lines and what is carried over. Only the first line can be too long.
func (s *stream) split(b []byte) (lines []byte, cut int) {
	first := bytes.IndexByte(b, '\n')
	if first < 0 && len(b) > MaxLine {
		s.carry, s.skipping = s.carry[:0], true
		b[MaxLine] = '\n'
		return b[:MaxLine+1], 1
	}
	end := bytes.LastIndexByte(b, '\n') + 1
	s.carry = append(s.carry[:0], b[end:]...)
	if first <= MaxLine {
		return b[:end], 0
	}
	n := copy(b[MaxLine+1:], b[first+1:end])
	b[MaxLine] = '\n'
	return b[:MaxLine+1+n], 1
}
