package tail

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"
	"time"
)

const (
	maxWindow = 64 << 20 // how far back the beginning of the window is looked for, bytes
	probeSize = 64 << 10 // read at a time; a longer line has to have its time within this
)

// search looks for the place in a file where a window begins. Lines are taken to be in order of time; where they are not quite, it
// is off by a few lines.
type search struct {
	file  io.ReaderAt
	since func(line []byte) (time.Time, bool)
	start time.Time
	buf   *bufio.Reader
}

// windowStart is the start of the first line, of those that begin in [end-limit, end), whose time is not before s.start; end if
// there is none. end is the start of a line or the end of the file.
func (s *search) windowStart(end, limit int64) (int64, error) {
	s.buf = bufio.NewReaderSize(nil, probeSize)
	low, err := s.lineStart(max(0, end-limit), end)
	if err != nil {
		return end, err
	}
	// Everything before low is before the window or out of reach; the window begins at or before the first timed line after high.
	high := end
	for high-low > probeSize {
		middle := low + (high-low)/2
		at, t, err := s.timed(middle, high)
		if err != nil {
			return end, err
		}
		if at < high && t.Before(s.start) {
			low = at
		} else {
			high = middle
		}
	}
	return s.first(low, end)
}

// lineStart is the start of the first line that begins at or after offset, or end.
func (s *search) lineStart(offset, end int64) (int64, error) {
	if offset == 0 {
		return 0, nil
	}
	found := end
	err := s.lines(offset-1, end, func(at int64, _ []byte) bool {
		found = at
		return at < offset
	})
	return found, err
}

// timed finds the first line that begins in [offset, end) and has a time; end if there is none.
func (s *search) timed(offset, end int64) (int64, time.Time, error) {
	found, when := end, time.Time{}
	from, err := s.lineStart(offset, end)
	if err != nil {
		return end, when, err
	}
	err = s.lines(from, end, func(at int64, line []byte) bool {
		t, ok := s.since(line)
		if ok {
			found, when = at, t
		}
		return !ok
	})
	return found, when, err
}

// first is the start of the first line from offset on whose time is not before the window; end if there is none.
func (s *search) first(offset, end int64) (int64, error) {
	found := end
	err := s.lines(offset, end, func(at int64, line []byte) bool {
		t, ok := s.since(line)
		if ok && !t.Before(s.start) {
			found = at
			return false
		}
		return true
	})
	return found, err
}

// lines calls fn with each line that begins in [from, end), or as much of it as fits the buffer, until fn returns false. from counts as
// the start of a line. end cuts none of them: half a time would be another one.
func (s *search) lines(from, end int64, fn func(at int64, line []byte) bool) error {
	s.buf.Reset(io.NewSectionReader(s.file, from, math.MaxInt64-from))
	for at := from; at < end; {
		line, err := s.buf.ReadSlice('\n')
		n := int64(len(line))
		if n > 0 && !fn(at, bytes.TrimSuffix(line, []byte{'\n'})) {
			return nil
		}
		for errors.Is(err, bufio.ErrBufferFull) {
			line, err = s.buf.ReadSlice('\n')
			n += int64(len(line))
		}
		at += n
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lastLineStart is the start of the line that the file's last byte belongs to, or size if that byte ends a line. NULs at the end,
// room that the writer reserved, do not count.
func lastLineStart(file io.ReaderAt, size int64) (int64, error) {
	buf := make([]byte, probeSize)
	reserved := size // from here on there are only NULs
	for end := size; end > 0; {
		from := max(0, end-probeSize)
		b := buf[:end-from]
		if n, err := file.ReadAt(b, from); n < len(b) {
			return size, err
		}
		if reserved == end {
			b = bytes.TrimRight(b, "\x00")
			reserved = from + int64(len(b))
		}
		if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
			return from + int64(i) + 1, nil
		}
		end = from
	}
	return 0, nil
}
