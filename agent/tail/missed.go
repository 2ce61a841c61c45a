package tail

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"
	"time"
)

// A log is one file after the other. This file is about those that were at the log's path while nobody looked.

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
		if !x.holds(*cut) {
			x.f.Close() // it has changed since
			t.again = true
			return
		}
		since := x.since
		x.resumeAt(*cut)
		x.since = since
	}
	f.log.Info("reading a rotated file that was not seen before", "file", s.path, "from", x.offset)
	f.add(x)
	f.report(x)
	if cut != nil {
		f.forgetCut(t, *cut)
	}
}

// openSibling opens a rotated file; nil if it has been renamed since it was listed, in which case t.more is set, or cannot be read.
func (f *Follower) openSibling(t *target, s sibling, before, now time.Time) *file {
	x, err := openFile(s.path, before, now)
	if errors.Is(err, fs.ErrNotExist) {
		t.more = true
		return nil
	}
	if err != nil {
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
	slices.SortFunc(list, func(a, b sibling) int { return cmp.Compare(a.birth(), b.birth()) })
	return list
}

// at says whether the file with this identity is the one at the target's path.
func (t *target) at(id fileID) bool { return t.current != nil && t.current.id == id }

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
