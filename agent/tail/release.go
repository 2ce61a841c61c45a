package tail

import (
	"cmp"
	"slices"
	"time"
)

// This file is about files that have been rotated away: when they are let go, and what is remembered of them.

// drainedAfter is how many times Quiet a deleted file must have been quiet to be let go although nothing has taken its place.
const drainedAfter = 12

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

// remember keeps the position of a file that is done with. Where the oldest has to be forgotten for it, nothing as old counts as
// missed any more.
func (f *Follower) remember(p Position) {
	f.done = append(f.done, p)
	if len(f.done) <= maxRemembered {
		return
	}
	oldest := slices.MinFunc(f.done, func(a, b Position) int { return cmp.Compare(a.Since, b.Since) })
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

// knows says whether the file is open or done with, or about to be opened because it was being read in the last run.
func (f *Follower) knows(id fileID) bool {
	isIt := func(p Position) bool { return p.isOf(id) }
	return f.files[id] != nil || slices.ContainsFunc(f.done, isIt) || slices.ContainsFunc(f.saved, isIt)
}
