package tail

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// clockSlack is how far the clock that file systems stamp with may be behind ours: it only moves on with the timer's tick.
const clockSlack = 50 * time.Millisecond

// shortPartial is the length up to which the beginning of a line whose end is not there yet is simply read again.
const shortPartial = 64 << 10

// file is one open file. It keeps no bytes of it except its head: the beginning of a line that is not complete yet stays in the file
// until it is.
//
//	0 ............ offset ............ offset+scanned ............ size
//	  handed out          no newline                 not looked at
type file struct {
	f     *os.File
	owner *target // the path that first led to it
	info          // as of the last look

	offset   int64 // start of the next line to be handed out
	scanned  int64 // bytes from there known to hold no newline; only kept for long lines
	warmEnd  int64 // lines before it are WarmUp
	catchEnd int64 // lines that begin before it are CatchUp

	head  [headLen]byte // the first headN bytes, as they were when first seen: they tell this content from any other
	headN int
	probe [headLen]byte // room to read them again
	sum   uint64        // of the first sumN bytes of head
	sumN  int

	since     int64     // see Position.Since
	resumed   bool      // stands where an earlier run left off
	slot      int       // in Follower.shown
	attached  int       // paths that lead to it now; 0: rotated away
	busy      time.Time // when it last had something to read, or was rotated away
	seen      time.Time // when it was last seen to hold what it held before
	dirty     bool      // there may be something to read
	met       int64     // mtime when it was last found with nothing seen of it
	truncated bool      // seen to be truncated, not dealt with yet
	err       error     // of the last read
	untrusted string
}

// openFile opens a regular file for following. Where reading begins is still to be said. The path led to no such file at the time
// before, so whatever follows it there is younger than that.
func openFile(path string, before, now time.Time) (*file, error) {
	f, i, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	return &file{
		f: f, info: i, busy: now, seen: now, dirty: true, slot: -1,
		since:     max(i.id.born, before.Add(-clockSlack).UnixNano()),
		untrusted: untrusted(path, i),
	}, nil
}

// resumeAt goes on where p left off, of which holds has just said that it speaks of this file.
func (x *file) resumeAt(p Position) {
	x.offset, x.scanned = p.Offset, 0
	x.catchEnd, x.since, x.resumed = x.size, p.Since, true
}

// standAt sets where reading begins. What precedes offset counts as handed out.
func (x *file) standAt(offset int64) {
	x.offset, x.scanned = offset, 0
	x.loadHead(offset)
}

// restart begins again at the beginning, after a truncation.
func (x *file) restart(now time.Time) {
	x.warmEnd, x.catchEnd, x.resumed = 0, 0, false
	x.truncated, x.dirty, x.busy = false, true, now
	x.since = x.seen.Add(-clockSlack).UnixNano()
	x.standAt(0)
}

// kind is the kind of the line that is next.
func (x *file) kind() Kind {
	switch {
	case x.offset < x.warmEnd:
		return WarmUp
	case x.offset < x.catchEnd:
		return CatchUp
	default:
		return Live
	}
}

// position is where reading would go on after a restart. Warm-up does not move it.
func (x *file) position() Position {
	if n := min(x.headN, int(min(x.done(), headLen))); n != x.sumN || n == 0 {
		x.sum, x.sumN = sum(x.head[:n]), n
	}
	return Position{
		Path: x.owner.path, Dev: x.id.dev, Ino: x.id.ino, Offset: x.done(),
		Sum: x.sum, SumLen: x.sumN, Born: x.id.born, Since: x.since,
	}
}

// done is how much has been handed out, in this run or an earlier one.
func (x *file) done() int64 { return max(x.offset, x.warmEnd) }

// holds says whether the file is the one that p speaks of, by its content: at least as long, and it begins with the same bytes. If so,
// these are its head from now on: should it be truncated right after this, that will be seen.
func (x *file) holds(p Position) bool {
	if p.SumLen < 0 || p.SumLen > headLen || x.size < p.Offset || p.Offset < int64(p.SumLen) {
		return false
	}
	x.loadHead(p.Offset)
	if p.SumLen <= x.headN && sum(x.head[:p.SumLen]) == p.Sum {
		return true
	}
	x.loadHead(0)
	return false
}

// loadHead takes what the file begins with now for its head. What precedes offset counts as handed out.
func (x *file) loadHead(offset int64) {
	n, err := x.readAt(x.head[:], 0)
	if err != nil {
		n = 0
	}
	known := int(min(offset, int64(n)))
	x.headN, x.sumN = known+untilNUL(x.head[known:n]), 0
}

// extendHead adds to the head what raw, read at offset at, holds of it.
func (x *file) extendHead(raw []byte, at int64) {
	from := int64(x.headN) - at
	if x.headN == headLen || from < 0 || from >= int64(len(raw)) {
		return
	}
	raw = raw[from:]
	x.headN += copy(x.head[x.headN:], raw[:untilNUL(raw)])
}

// untilNUL is the length of what precedes the first NUL. Room that the writer has reserved may still change.
func untilNUL(b []byte) int {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return i
	}
	return len(b)
}

// consume moves on by n bytes.
func (x *file) consume(n int64) {
	x.offset += n
	x.scanned = 0
}

// readAt reads what is there of b at offset; nothing at the end of the file.
func (x *file) readAt(b []byte, offset int64) (int, error) {
	for {
		n, err := unix.Pread(int(x.f.Fd()), b, offset)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return 0, &fs.PathError{Op: "read", Path: x.f.Name(), Err: err}
		}
		return n, nil
	}
}

// look brings size, times and permissions up to date and says whether size or time of writing changed.
func (x *file) look() (bool, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(x.f.Fd()), &st); err != nil {
		return false, &fs.PathError{Op: "stat", Path: x.f.Name(), Err: err}
	}
	changed := st.Size != x.size || st.Mtim.Nano() != x.mtime
	foreign := st.Mode != x.mode || st.Uid != x.uid
	x.size, x.mtime, x.mode, x.uid, x.nlink = st.Size, st.Mtim.Nano(), st.Mode, st.Uid, uint32(st.Nlink)
	if foreign {
		x.untrusted = untrusted(x.owner.path, x.info)
	}
	return changed, nil
}

// check says whether raw, just read at offset at, may be handed out, and finds out whether the file has been truncated since what
// was handed out before. It comes after the read, because a look before it proves nothing about it.
func (x *file) check(raw []byte, at int64) (bool, error) {
	if _, err := x.look(); err != nil {
		return false, err
	}
	if !x.continues(raw, at) {
		x.truncated = true
		return false, nil
	}
	x.extendHead(raw, at)
	looked := time.Now()
	same, err := x.sameHead()
	if err != nil || same && x.size >= x.done() {
		x.seen = looked
		return err == nil, err
	}
	x.truncated = true
	if x.size <= at {
		return true, nil // what now is in the file is too short to have been what was read
	}
	// Either raw was read before the truncation, and would be lost; or it is from the middle of what was written since, and comes
	// again when the file is read from its beginning. In the latter case it is still there. (That there was a third content in
	// between, which was not there before the read and is gone after it, is left out of account.)
	again := make([]byte, len(raw))
	n, err := x.readAt(again, at)
	return err == nil && !bytes.Equal(again[:n], raw), err
}

// continues says whether raw, read at offset at, agrees with what has been seen of the head.
func (x *file) continues(raw []byte, at int64) bool {
	if at >= int64(x.headN) {
		return true
	}
	seen := x.head[at:x.headN]
	n := min(len(seen), len(raw))
	return bytes.Equal(seen[:n], raw[:n])
}

// sameHead says whether the file still begins as it did.
func (x *file) sameHead() (bool, error) {
	n, err := x.readAt(x.probe[:x.headN], 0)
	return bytes.Equal(x.probe[:n], x.head[:x.headN]), err
}
