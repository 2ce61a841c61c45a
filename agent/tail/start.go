package tail

import (
	"cmp"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"time"
)

// listings is how often a directory is listed for a file that has to be there.
const listings = 3

// start opens everything that is there and decides where each file is read from.
func (f *Follower) start(now time.Time) {
	f.started, f.looked = now, now
	f.saved = f.opt.Resume
	f.globs = slices.ContainsFunc(f.patterns, func(p pattern) bool { return p.glob })
	for _, p := range f.opt.Resume {
		if p.Done {
			f.remember(p)
		}
	}
	for _, p := range f.opt.Resume {
		if slices.ContainsFunc(f.patterns, func(each pattern) bool { return each.glob && each.matches(p.Path) }) {
			f.target(p.Path, false) // its file may be on its way from one name to another
		}
	}
	f.match()
	f.watchDirs()
	for _, t := range slices.Clone(f.sorted) {
		f.startTarget(t, now)
	}
	f.saved = nil
	f.giveUp(now)
	f.warmUp()
	for _, x := range f.order {
		f.log.Info("following", "file", x.owner.path, "from", x.done())
		f.report(x)
	}
	f.due = now // the first poll scans
	f.publish()
}

// startTarget opens the files of one target.
func (f *Follower) startTarget(t *target, now time.Time) {
	x, fresh, err := f.open(t, now, now)
	f.note(t, err)
	if x != nil {
		f.attach(t, x)
	}
	if !fresh {
		x = nil
	}
	if len(f.opt.Resume) == 0 {
		f.startFirst(x)
		f.disown(t)
	} else {
		f.startAgain(t, x, now)
	}
}

// startFirst sets where a file is read from of which, as of all others, nothing is known.
func (f *Follower) startFirst(x *file) {
	if x == nil {
		return
	}
	at, err := lastLineStart(x.f, x.size)
	if err == nil && f.opt.StartAt == AtWindow && f.opt.Since != nil {
		s := search{file: x.f, since: f.opt.Since, start: f.opt.WindowStart}
		at, err = s.windowStart(at, maxWindow)
		x.catchEnd = x.size
	}
	x.err = err
	x.standAt(at)
	f.add(x)
}

// startAgain goes on where the last run left off. The rest of what has been rotated away meanwhile comes first, oldest first, and
// then x, the file that is at the target's path now, if there is one that is not open yet.
func (f *Follower) startAgain(t *target, x *file, now time.Time) {
	past := f.past(t)
	if len(past) > 0 {
		t.floor = past[0].Since
	}
	if len(past) >= maxFinished {
		t.floor++ // what was dropped from the list is older than this
	}
	for _, p := range past {
		if x == nil || !p.isOf(x.id) {
			f.reopen(t, p, now)
		}
	}
	if x != nil && f.resume(t, x, past, now) {
		f.add(x)
		return
	}
	if len(past) > 0 {
		f.missed(t, now, now)
		t.again = true
	}
	if x != nil {
		x.catchEnd = x.size
		f.add(x)
	}
}

// past lists the saved positions of a target, the oldest first.
func (f *Follower) past(t *target) []Position {
	past := slices.Clone(f.opt.Resume)
	past = slices.DeleteFunc(past, func(p Position) bool { return p.Path != t.path })
	slices.SortFunc(past, func(a, b Position) int { return cmp.Compare(a.Since, b.Since) })
	return past
}

// resume sets x to where it was left, if it is a file that was being read. If it was but has been truncated since, what was copied
// away is opened before it.
func (f *Follower) resume(t *target, x *file, past []Position, now time.Time) bool {
	for _, p := range f.opt.Resume {
		if !p.isOf(x.id) {
			continue
		}
		if x.holds(p) {
			x.resumeAt(p)
			if p.SumLen == 0 { // it may hold anything: what was in it before may have been copied and truncated
				f.missed(t, now, now)
				t.again = true
			}
			return true
		}
		x.since = now.Add(-clockSlack).UnixNano()
		x.catchEnd = x.size
		f.truncatedMeanwhile(t, p, now)
		return true
	}
	// The log may have been moved to another file system, or restored from a backup.
	for _, p := range slices.Backward(past) {
		if !p.Done && !f.isOpen(p) && p.SumLen == headLen && x.holds(p) {
			x.resumeAt(p)
			return true
		}
	}
	return false
}

// reopen looks for a file that was being read among the rotated ones. A listing may leave out what is renamed at the same time, so
// one that is not found is looked for again.
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

// reopenOne opens a rotated file that was being read, and says whether it could. If it has been truncated since, what was copied away
// is opened too.
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
	f.add(x)
	if x.holds(p) {
		x.resumeAt(p)
	} else {
		x.catchEnd = x.size
		f.truncatedMeanwhile(t, p, now)
	}
	return true
}

// truncatedMeanwhile opens the copies of what was in a file that was being read and has been truncated since.
func (f *Follower) truncatedMeanwhile(t *target, p Position, now time.Time) {
	t.rememberCut(p)
	f.missed(t, now, now)
	t.again = true
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

// warmUp makes each file that goes on where it was left begin with the window before that. Where the window is older than the file,
// it begins in the file that was rotated away before.
func (f *Follower) warmUp() {
	if f.opt.Since == nil || f.opt.WindowStart.IsZero() {
		return
	}
	for _, t := range f.sorted {
		limit := int64(maxWindow)
		for _, x := range slices.Backward(f.order) {
			if x.owner == t && x.resumed && limit > 0 {
				limit = f.warmUpFile(x, limit)
			}
		}
	}
}

// warmUpFile sets where the warm-up of one file begins and returns what is left of the limit for older ones.
func (f *Follower) warmUpFile(x *file, limit int64) int64 {
	if x.offset == 0 {
		return limit
	}
	s := search{file: x.f, since: f.opt.Since, start: f.opt.WindowStart}
	from, err := s.windowStart(x.offset, limit)
	if err != nil || from >= x.offset {
		x.err = err
		return 0
	}
	x.warmEnd = x.offset
	x.standAt(from)
	f.warming = true
	if from > 0 {
		return 0
	}
	return limit - x.warmEnd
}
