package tail

import (
	"cmp"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"time"
)

// listings is how often a directory is listed for a file that has to be there: a listing may leave out what is renamed meanwhile.
const listings = 3

// recall takes over what the last run knew.
func (f *Follower) recall() {
	f.saved = f.opt.Resume
	for _, p := range f.opt.Resume {
		if p.Done && p.Ino != 0 {
			f.remember(p)
		}
		glob := func(each pattern) bool { return each.glob && each.matches(p.Path) }
		if slices.ContainsFunc(f.patterns, glob) {
			f.target(p.Path, false) // its file may be on its way from one name to another
		}
	}
}

// startAgain goes on where the last run left off. First all files that were being read are found, whatever they are called now; only
// then can it be told which rotated files were not seen before.
func (f *Follower) startAgain(now time.Time) {
	fresh := map[*target]bool{}
	for _, t := range f.sorted {
		past := f.past(t)
		x := f.openFirst(t, now, now)
		for _, p := range past {
			if x == nil || !p.isOf(x.id) {
				f.reopen(t, p, now)
			}
		}
		if x != nil {
			f.resume(x, past)
			f.add(x)
		}
		fresh[t] = len(past) == 0
	}
	f.giveUp(now)
	for _, t := range f.sorted {
		if !fresh[t] {
			f.missed(t, now, now)
			t.again = true
		}
	}
	f.saved = nil
	f.warmUp()
}

// past lists the saved positions of a target, the oldest first, and sets what else is known of its past.
func (f *Follower) past(t *target) []Position {
	var past []Position
	for _, p := range f.opt.Resume {
		if p.Path != t.path {
			continue
		}
		if p.Ino == 0 {
			t.rememberCut(p)
			continue
		}
		past = append(past, p)
	}
	slices.SortFunc(past, func(a, b Position) int { return cmp.Compare(a.Since, b.Since) })
	if len(past) > 0 {
		t.floor = past[0].Since
	}
	if len(past) >= maxFinished {
		t.floor++ // what was dropped from the list is older than this
	}
	return past
}

// resume sets x, which its target's path leads to, to where it was left, if it is a file that was being read.
func (f *Follower) resume(x *file, past []Position) {
	for _, p := range f.opt.Resume {
		if p.isOf(x.id) {
			f.goOn(x, p)
			return
		}
	}
	// The log may have been moved to another file system, or restored from a backup.
	for _, p := range slices.Backward(past) {
		if !p.Done && !f.isOpen(p) && p.SumLen == headLen && x.holds(p) {
			x.resumeAt(p)
			return
		}
	}
	x.catchEnd = x.size
	if x.id.born != 0 {
		x.since = x.id.born // nothing is known of when it came here
	}
}

// goOn sets x to where p, which is of the same file, says; to its beginning if it has been truncated since.
func (f *Follower) goOn(x *file, p Position) {
	if x.holds(p) {
		x.resumeAt(p)
		return
	}
	x.catchEnd, x.since = x.size, p.Since
	f.rememberCut(x.owner, p)
}

// reopen looks for a file that was being read among the rotated ones.
func (f *Follower) reopen(t *target, p Position, now time.Time) {
	for range listings {
		for _, s := range f.siblings(t, isNear) {
			if p.isOf(s.id) && (f.files[s.id] != nil || f.reopenOne(t, s, p, now)) {
				return
			}
		}
		if p.Done {
			return // compressed or deleted by now, most likely
		}
	}
}

// reopenOne opens a rotated file that was being read, and says whether it could.
func (f *Follower) reopenOne(t *target, s sibling, p Position, now time.Time) bool {
	f.makeRoom(t)
	x, err := openFile(s.path, now, now)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) { // renamed since it was listed
			f.log.Warn("rotated log file cannot be read", "file", s.path, "error", err)
		}
		return false
	}
	if x.id != s.id {
		x.f.Close()
		return false
	}
	x.owner = t
	f.goOn(x, p)
	f.add(x)
	return true
}

// isOpen says whether the file that p speaks of is open.
func (f *Follower) isOpen(p Position) bool {
	return slices.ContainsFunc(f.order, func(x *file) bool { return p.isOf(x.id) })
}

// giveUp says which files of the last run are not there any more, and ends their positions, so that they are not kept for ever. Before
// that, the files are looked for beside other targets: they may have been renamed.
func (f *Follower) giveUp(now time.Time) {
	for _, p := range f.opt.Resume {
		for _, t := range f.sorted {
			if !p.Done && !f.isOpen(p) && filepath.Dir(t.path) == filepath.Dir(p.Path) {
				f.reopen(t, p, now)
			}
		}
		if p.Done || f.isOpen(p) {
			continue
		}
		f.log.Warn("a log file of the last run is gone; what was written to it after we stopped reading is not counted",
			"file", p.Path, "inode", p.Ino, "offset", p.Offset)
		p.Done = true
		f.send(Chunk{Path: p.Path, Kind: CatchUp, Pos: p, Release: func() {}})
	}
}
