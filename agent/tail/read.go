package tail

import (
	"bytes"
	"errors"

	"golang.org/x/sys/unix"
)

// read hands out the next whole lines, in b or, if it is a long line, in memory of its own, and moves on behind them. cut counts the
// lines that were longer than MaxLine. No lines: there is nothing new, or only a part of a line. It sets dirty if there is more to
// read, and truncated if the file was seen to be truncated; lines that come with that are from before.
func (x *file) read(b []byte) (lines []byte, cut int, err error) {
	x.dirty = false
	if same, err := x.sameHead(); !same || err != nil {
		x.truncated = !same && err == nil
		return nil, 0, err
	}
	if x.scanned > shortPartial {
		return x.readLong(b)
	}
	x.scanned = 0
	n, err := x.readAt(x.within(b), x.offset)
	if err != nil {
		return nil, 0, err
	}
	if ok, err := x.check(b[:n], x.offset); !ok || err != nil {
		return nil, 0, err
	}
	end := wholeLines(b[:n], x.catchEnd-x.offset)
	if end == 0 {
		x.noLine(b[:n], n == len(b))
		return nil, 0, nil
	}
	seen := x.offset + int64(n)
	x.dirty = seen < x.size || bytes.IndexByte(b[end:n], '\n') >= 0
	x.consume(int64(end))
	return dropNULs(b[:end]), 0, nil
}

// within shortens b so that a read into it, from where scanning stands, ends with the warm-up.
func (x *file) within(b []byte) []byte {
	if left := x.warmEnd - x.offset - x.scanned; left > 0 && left < int64(len(b)) {
		return b[:left]
	}
	return b
}

// noLine deals with bytes that hold no newline: NULs are skipped, the beginning of a line has to wait for its end.
func (x *file) noLine(b []byte, full bool) {
	end := x.offset + int64(len(b))
	switch {
	case len(b) == 0:
	case x.offset < x.warmEnd && end >= x.warmEnd:
		x.jump(x.warmEnd) // no line ends where the saved position says that one begins
	case b[0] == 0:
		x.skipNULs(b, full)
	default:
		x.scanned = int64(len(b))
		x.dirty = end < x.size
	}
}

// skipNULs moves on to the end of the NULs that b begins with, or of the hole that b is a part of. NULs up to the end of the file
// stay: a writer that reserves room in advance will write over them.
func (x *file) skipNULs(b []byte, full bool) {
	n := len(b) - len(bytes.TrimLeft(b, "\x00"))
	end := x.offset + int64(n)
	if n < len(b) {
		x.jump(end)
		return
	}
	if !full {
		return
	}
	data, err := x.f.Seek(end, unix.SEEK_DATA)
	switch {
	case err == nil:
		x.jump(data)
	case !errors.Is(err, unix.ENXIO): // ENXIO: nothing but a hole up to the end
		x.jump(end)
	}
}

// jump goes on at offset, without handing out the NULs, or the end of the warm-up, that lie before.
func (x *file) jump(offset int64) {
	for x.headN < headLen && int64(x.headN) < offset {
		x.head[x.headN] = 0
		x.headN++
	}
	x.offset, x.scanned, x.dirty = offset, 0, true
}

// readLong looks for the end of a line that is longer than shortPartial. Only what has not been looked at is read; the line itself
// is read when its end is there. So a line that is written byte by byte costs its length twice, not its square, and none is kept in
// memory however long it gets.
func (x *file) readLong(b []byte) (line []byte, cut int, err error) {
	at := x.offset + x.scanned
	n, err := x.readAt(x.within(b), at)
	if err != nil {
		return nil, 0, err
	}
	var length int64
	end := bytes.IndexByte(b[:n], '\n')
	if end >= 0 {
		length = x.scanned + int64(end)
		line, err = x.line(length)
	}
	if ok, cerr := x.check(b[:n], at); !ok || err != nil || cerr != nil {
		return nil, 0, errors.Join(err, cerr)
	}
	if end < 0 {
		x.noEnd(n)
		return nil, 0, nil
	}
	if len(line) == 0 {
		return nil, 0, nil // truncated between the two reads
	}
	x.consume(length + 1)
	x.dirty = x.offset < x.size
	if length > MaxLine {
		cut = 1
	}
	return dropNULs(append(line, '\n')), cut, nil
}

// noEnd notes that n more bytes of a long line hold no newline.
func (x *file) noEnd(n int) {
	x.scanned += int64(n)
	if end := x.offset + x.scanned; x.offset < x.warmEnd && end >= x.warmEnd {
		x.jump(x.warmEnd)
		return
	}
	x.dirty = n > 0 && x.offset+x.scanned < x.size
}

// line reads the line of this length where the file stands, cut to MaxLine; nothing if it is not there any more.
func (x *file) line(length int64) ([]byte, error) {
	keep := min(length, MaxLine)
	b := make([]byte, keep, keep+1)
	n, err := x.readAt(b, x.offset)
	if int64(n) < keep {
		return nil, err
	}
	return b, err
}

// lastLine hands out what follows the last newline, as a line without one: nobody will complete it any more.
func (x *file) lastLine() (line []byte, cut int, err error) {
	length := x.size - x.done()
	if length <= 0 {
		return nil, 0, nil
	}
	line, err = x.line(length)
	if ok, cerr := x.check(line, x.offset); !ok || err != nil || cerr != nil || len(line) == 0 {
		return nil, 0, errors.Join(err, cerr)
	}
	x.consume(length)
	if length > MaxLine {
		cut = 1
	}
	return bytes.TrimLeft(line, "\x00"), cut, nil
}
