package tail

import (
	"slices"
	"time"
)

// A log is a file after the other. This file is about those that are not at the log's path: rotated away with us looking on, or
// while nobody looked.

// drainedAfter is how many times Quiet a deleted file must have been quiet to be let go although nothing has taken its place.
const drainedAfter = 12

// missed opens the files that were at the target's path while nobody looked: rotated files beside it, born at floor or later, that
// are not known, and are no copies of one that is.
func (f *Follower) missed(t *target, floor int64, before, now time.Time) {
	t.more = false
	for _, s := range f.siblings(t, isRotated) {
		if s.birth() < floor || f.knows(s.id) || t.at(s.id) || f.isCopy(t, s) {
			continue
		}
		if !f.makeRoom(now) {
			t.more = true
			return
		}
		x := f.openSibling(t, s, before, now)
		if x == nil {
			t.more = true // renamed again since it was listed
			continue
		}
		if s.birth() < before.Add(-clockSlack).UnixNano() {
			x.catchEnd = x.size
		}
		f.log.Info("reading a rotated file that was not seen before", "file", s.path)
		f.add(x, t.current)
		f.report(x)
	}
}

// at says whether the file with this identity is the one at the target's path.
func (t *target) at(id fileID) bool { return t.current != nil && t.current.id == id }

// copied opens the copy that was made of a log before it was truncated in place, and goes on in it where p, the position from before
// the truncation, says. Copies that are younger still hold what was written and truncated while nobody looked. They are read before
// next.
func (f *Follower) copied(t *target, p Position, next *file, now time.Time) {
	list := f.siblings(t, isRotated)
	for i, s := range slices.Backward(list) {
		if s.birth() < p.Since || s.size < p.Offset || f.knows(s.id) || t.at(s.id) || !alike(s.beginning(), p) {
			continue
		}
		for _, s := range list[i:] {
			x := f.openSibling(t, s, f.started, now)
			if x == nil {
				continue
			}
			if x.id == list[i].id {
				x.resumeAt(p)
			}
			x.catchEnd = x.size
			f.log.Info("reading the copy of a truncated file", "file", s.path, "from", x.offset)
			f.add(x, next)
			f.report(x)
		}
		return
	}
}

// openSibling opens a rotated file, unless it is known or has been renamed since it was listed.
func (f *Follower) openSibling(t *target, s sibling, before, now time.Time) *file {
	if f.knows(s.id) || t.at(s.id) {
		return nil
	}
	x, err := openFile(s.path, before, now)
	if err != nil {
		f.log.Warn("rotated log file cannot be read", "file", s.path, "error", err)
		return nil
	}
	if x.id != s.id {
		x.f.Close()
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

// knows says whether the file is open or done with.
func (f *Follower) knows(id fileID) bool {
	if f.files[id] != nil {
		return true
	}
	return slices.ContainsFunc(f.done, func(p Position) bool { return p.isOf(id) })
}

// isCopy says whether a file begins like one of the target's that is known.
func (f *Follower) isCopy(t *target, s sibling) bool {
	head := s.beginning()
	for _, x := range f.order {
		if x.owner == t && alike(head, x.position()) {
			return true
		}
	}
	return slices.ContainsFunc(f.done, func(p Position) bool { return p.Path == t.path && alike(head, p) })
}

// disown remembers the rotated files that are there now and are none of ours, so that they are not taken for missed ones later.
func (f *Follower) disown(t *target) {
	for _, s := range f.siblings(t, isRotated) {
		if s.birth() >= t.floor && !f.knows(s.id) && !t.at(s.id) {
			f.remember(Position{
				Path: t.path, Dev: s.id.dev, Ino: s.id.ino, Born: s.id.born, Offset: s.size, Since: s.birth(), Done: true,
			})
		}
	}
}

// remember keeps the position of a file that is done with. Where the oldest has to be forgotten for it, nothing as old counts as
// missed any more.
func (f *Follower) remember(p Position) {
	f.done = append(f.done, p)
	if len(f.done) <= maxFinished {
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
	f.makeRoom(now)
	for _, t := range f.sorted {
		if t.more {
			f.missed(t, t.floor, f.started, now)
		}
	}
}

// makeRoom lets go of the oldest rotated files if too many are open, and says whether one more may be.
func (f *Follower) makeRoom(now time.Time) bool {
	for _, x := range slices.Clone(f.order) {
		if f.old < maxOld {
			break
		}
		if x.attached == 0 && !x.dirty {
			f.finish(x)
		}
	}
	return f.old < maxOld
}

// finish hands out what follows the last newline of a rotated file, as its last line, and closes it. If there is no buffer for that
// at present, it is left for later.
func (f *Follower) finish(x *file) {
	changed, err := x.look()
	if err == nil && (changed || x.truncated) {
		x.dirty = true
		return
	}
	if x.size > x.done() {
		if !f.acquire() {
			return
		}
		f.lastLine(x)
		if x.truncated {
			x.dirty = true
			return
		}
	}
	p := x.position()
	p.Done = true
	f.remember(p)
	f.remove(x)
	f.send(Chunk{Path: x.owner.path, Kind: x.kind(), Pos: p, Untrusted: x.untrusted, Release: func() {}})
}

// remove closes x.
func (f *Follower) remove(x *file) {
	x.f.Close()
	delete(f.files, x.id)
	f.order = slices.DeleteFunc(f.order, func(o *file) bool { return o == x })
	f.recount()
}
