package tail

import (
	"bytes"
	"errors"
	"io/fs"
	"slices"
	"time"
)

// A log is a file after the other. This file is about those that are not at the log's path: rotated away with us looking on, or
// while nobody looked.

// drainedAfter is how many times Quiet a deleted file must have been quiet to be let go although nothing has taken its place.
const drainedAfter = 12

// maxCut is how many truncations of one path are remembered whose copy has not been found.
const maxCut = 8

// missed opens the files that were at the target's path while nobody looked: rotated files beside it, born at t.floor or later, that
// are not known, and are no copies of one that is. A copy of what was in a file before it was truncated is gone on with where that was
// left. If not all could be opened yet it sets t.more, and t.again if it cannot tell yet what some file is.
func (f *Follower) missed(t *target, before, now time.Time) {
	t.more, t.again = false, false
	for _, s := range f.siblings(t, isRotated) {
		if s.birth() < t.floor || f.knows(s.id) || t.at(s.id) {
			continue
		}
		head := newHead(s.beginning())
		cut := t.truncated(s, head)
		switch {
		case s.size == 0: // it may be the copy that is just being made
			t.again = t.again || now.Sub(time.Unix(0, s.birth())) < rescanEvery
		case cut != nil && s.size < cut.Offset: // a copy made earlier, by somebody else
			f.disownOne(t, s)
		case cut == nil && f.isCopy(t, s, head):
		case !f.makeRoom(t):
			t.more = true
			return
		default:
			f.openMissed(t, s, cut, before, now)
		}
	}
}

// openMissed begins to read a file that missed found; if it is a copy of what was truncated, behind what has been read of that.
func (f *Follower) openMissed(t *target, s sibling, cut *Position, before, now time.Time) {
	x := f.openSibling(t, s, before, now)
	if x == nil {
		return
	}
	if now.Equal(f.started) || s.birth() < before.Add(-clockSlack).UnixNano() {
		x.catchEnd = x.size
	}
	if cut != nil {
		since := x.since
		x.resumeAt(*cut)
		x.since = since
		t.cut = slices.DeleteFunc(t.cut, func(p Position) bool { return p == *cut })
	}
	f.log.Info("reading a rotated file that was not seen before", "file", s.path, "from", x.offset)
	f.add(x)
	f.report(x)
}

// truncated finds the position that was reached in what s, by its head, is a copy of: the content of a file before it was truncated.
// It is nil if s is no such copy. What is older than that content is no copy of it.
func (t *target) truncated(s sibling, head *head) *Position {
	for _, p := range t.cut {
		if s.birth() >= p.Since && head.of(p) {
			return &p
		}
	}
	return nil
}

// rememberCut keeps the position that was reached in a file before it was truncated, so that the rest is read if there is a copy. Of
// what nothing was read, a copy is read like any other missed file.
func (t *target) rememberCut(p Position) {
	if p.Offset == 0 {
		return
	}
	t.cut = append(t.cut, p)
	if len(t.cut) > maxCut {
		t.cut = slices.Delete(t.cut, 0, 1)
	}
}

// missedMore lets go of what is too much and opens what missed had to leave. It says whether that made something to read.
func (f *Follower) missedMore() bool {
	for _, t := range f.sorted {
		if f.old > maxOld {
			f.makeRoom(t)
		}
		if t.more {
			f.missed(t, f.started, time.Now())
		}
	}
	return slices.ContainsFunc(f.order, func(x *file) bool { return x.dirty })
}

// at says whether the file with this identity is the one at the target's path.
func (t *target) at(id fileID) bool { return t.current != nil && t.current.id == id }

// openSibling opens a rotated file; nil if it has been renamed since it was listed, in which case t.more is set, or cannot be read.
func (f *Follower) openSibling(t *target, s sibling, before, now time.Time) *file {
	x, err := openFile(s.path, before, now)
	if err != nil {
		t.more = t.more || errors.Is(err, fs.ErrNotExist)
		f.log.Warn("rotated log file cannot be read", "file", s.path, "error", err)
		return nil
	}
	if x.id != s.id {
		x.f.Close()
		t.more = true
		return nil
	}
	x.owner = t
	return x
}

// siblings lists the rotated files of a target, the oldest first. Where its path is a symbolic link they lie beside the file itself.
func (f *Follower) siblings(t *target, match func(base, name string) bool) []sibling {
	list := siblings(t.path, match)
	if t.real == "" || t.real == t.path {
		return list
	}
	for _, s := range siblings(t.real, match) {
		if !slices.ContainsFunc(list, func(o sibling) bool { return o.id == s.id }) {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b sibling) int { return compare(a.birth(), b.birth()) })
	return list
}

// knows says whether the file is open or done with, or about to be opened because it was being read in the last run.
func (f *Follower) knows(id fileID) bool {
	isIt := func(p Position) bool { return p.isOf(id) }
	return f.files[id] != nil || slices.ContainsFunc(f.done, isIt) || slices.ContainsFunc(f.saved, isIt)
}

// isCopy says whether a file begins like one of the target's that is known, or may be a copy, perhaps a part of one yet, of the file
// that is at the target's path now.
func (f *Follower) isCopy(t *target, s sibling, head *head) bool {
	for _, x := range f.order {
		if x.owner == t && head.surelyOf(x.position()) {
			return true
		}
	}
	if slices.ContainsFunc(f.done, func(p Position) bool { return p.Path == t.path && head.surelyOf(p) }) {
		return true
	}
	return t.current != nil && f.mayBeCopy(t, s, head.bytes)
}

// mayBeCopy says whether s, which begins with head, may be a copy of what the current file holds, or, if it turns out just now that
// the file was truncated, of what it held: that cannot be told before the truncation is dealt with.
func (f *Follower) mayBeCopy(t *target, s sibling, head []byte) bool {
	x := t.current
	if x.headN == 0 {
		x.loadHead()
	}
	changed, err := x.look()
	x.dirty = x.dirty || changed
	same, err2 := x.sameHead()
	if err != nil || err2 != nil {
		t.again = true
		return true
	}
	if !same {
		x.dirty, t.more = true, true
		return true
	}
	n := min(x.headN, len(head))
	may := n > 0 && s.size <= x.size && bytes.Equal(x.head[:n], head[:n])
	t.again = t.again || may && n < surelySame
	return may
}

// disown remembers the rotated files that are there now and are none of ours, so that they are not taken for missed ones later.
func (f *Follower) disown(t *target) {
	for _, s := range f.siblings(t, isRotated) {
		if s.birth() >= t.floor && !f.knows(s.id) && !t.at(s.id) {
			f.disownOne(t, s)
		}
	}
}

// disownOne has this run and the next ones remember a file as done with.
func (f *Follower) disownOne(t *target, s sibling) {
	p := Position{Path: t.path, Dev: s.id.dev, Ino: s.id.ino, Born: s.id.born, Offset: s.size, Sum: sum(nil), Since: s.birth(), Done: true}
	f.remember(p)
	f.send(Chunk{Path: t.path, Kind: CatchUp, Pos: p, Release: func() {}})
}

// remember keeps the position of a file that is done with. Where the oldest has to be forgotten for it, nothing as old counts as
// missed any more.
func (f *Follower) remember(p Position) {
	f.done = append(f.done, p)
	if len(f.done) <= maxRemembered {
		return
	}
	oldest := slices.MinFunc(f.done, func(a, b Position) int { return compare(a.Since, b.Since) })
	f.done = slices.DeleteFunc(f.done, func(p Position) bool { return p == oldest })
	for _, t := range f.sorted {
		if t.path == oldest.Path {
			t.floor = max(t.floor, oldest.Since+1, oldest.Born+1)
		}
	}
}

// finished finds the position of a file that was done with and is back.
func (f *Follower) finished(x *file) (Position, bool) {
	for _, p := range f.done {
		if p.isOf(x.id) && x.holds(p) {
			p.Done = false
			return p, true
		}
	}
	return Position{}, false
}

// release lets go of the rotated files that nobody writes to any more: their successor is there, and they have been quiet; or they
// were deleted long ago. What is left unread keeps a file open.
func (f *Follower) release(now time.Time) {
	for _, x := range slices.Clone(f.order) {
		quiet := now.Sub(x.busy)
		replaced := x.owner.current != nil && quiet >= f.opt.Quiet
		if x.attached == 0 && !x.dirty && (replaced || x.nlink == 0 && quiet >= drainedAfter*f.opt.Quiet) {
			f.finish(x)
		}
	}
}

// makeRoom lets go of the target's oldest rotated files that are read to their end if too many are open, and says whether one more
// may be. The youngest stay in any case, because their writer may not have reopened its log yet.
func (f *Follower) makeRoom(t *target) bool {
	var old []*file
	for _, x := range f.order {
		if x.owner == t && x.attached == 0 {
			old = append(old, x)
		}
	}
	open := len(old)
	for _, x := range old[:max(0, open-keepOld)] {
		if open >= maxOld && !x.dirty && f.finish(x) {
			open--
		}
	}
	return open < maxOld
}

// finish hands out what follows the last newline of a rotated file, as its last line, and closes it. If there is no buffer for that
// at present, or if there is something new in it, it is left for later; the answer says whether it is closed.
func (f *Follower) finish(x *file) bool {
	changed, err := x.look()
	if err == nil && changed {
		x.dirty = true
		return false
	}
	if x.size > x.done() {
		if !f.acquire() {
			return false
		}
		f.lastLine(x)
		if x.truncated {
			x.dirty = true
			return false
		}
	}
	p := x.position()
	p.Done = true
	f.remember(p)
	f.remove(x)
	f.send(Chunk{Path: x.owner.path, Kind: x.kind(), Pos: p, Untrusted: x.untrusted, Release: func() {}})
	return true
}

// remove closes x.
func (f *Follower) remove(x *file) {
	x.f.Close()
	delete(f.files, x.id)
	f.order = slices.DeleteFunc(f.order, func(o *file) bool { return o == x })
	f.recount()
}
