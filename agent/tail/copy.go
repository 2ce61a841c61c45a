package tail

import (
	"bytes"
	"slices"
)

// This file is about copies: a log may be rotated by copying it and truncating it in place, and a copy must not be read again.

// rememberCut keeps the position that was reached in a file before it was truncated, in this run and for the next one, so that the
// rest is read if there is a copy.
func (f *Follower) rememberCut(t *target, p Position) {
	t.rememberCut(p)
	f.reportCut(t, p)
}

// rememberCut leaves out what nothing was read of: a copy of that is read like any other missed file.
func (t *target) rememberCut(p Position) {
	if p.Offset == 0 {
		return
	}
	t.cut = append(t.cut, p)
	if len(t.cut) > maxCut {
		t.cut = slices.Delete(t.cut, 0, 1)
	}
}

// forgetCut ends the search for a copy: it has been found.
func (f *Follower) forgetCut(t *target, p Position) {
	t.cut = slices.DeleteFunc(t.cut, func(q Position) bool { return q == p })
	p.Offset, p.SumLen, p.Sum = 0, 0, sum(nil)
	f.reportCut(t, p)
}

// reportCut emits a position that belongs to no file any more.
func (f *Follower) reportCut(t *target, p Position) {
	p.Dev, p.Ino, p.Born, p.Done = 0, 0, 0, true
	f.send(Chunk{Path: t.path, Kind: CatchUp, Pos: p, Release: func() {}})
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
		x.loadHead(0)
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
