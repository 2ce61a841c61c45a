package tail

import (
	"slices"
	"time"
)

// start opens everything that is there and decides where each file is read from.
func (f *Follower) start(now time.Time) {
	f.started, f.looked = now, now
	f.globs = slices.ContainsFunc(f.patterns, func(p pattern) bool { return p.glob })
	f.recall()
	f.match()
	f.watchDirs()
	if len(f.opt.Resume) > 0 {
		f.startAgain(now)
	} else {
		f.startFirst(now)
	}
	for _, x := range f.order {
		f.log.Info("following", "file", x.owner.path, "from", x.done())
		f.report(x)
	}
	f.due = now // the first poll scans
	f.publish()
}

// startFirst opens what is there at the first start. Rotated files that are there already are left alone.
func (f *Follower) startFirst(now time.Time) {
	for _, t := range f.sorted {
		if x := f.openFirst(t, now, now); x != nil {
			f.startAt(x)
			f.add(x)
		}
		f.disown(t)
	}
}

// openFirst opens and attaches the file of a target; nil if there is none, or if it is open already.
func (f *Follower) openFirst(t *target, before, now time.Time) *file {
	x, fresh, err := f.open(t, before, now)
	f.note(t, err)
	if x != nil {
		f.attach(t, x)
	}
	if !fresh {
		return nil
	}
	return x
}

// startAt sets where a file is read from of which, as of all others, nothing is known.
func (f *Follower) startAt(x *file) {
	at, err := lastLineStart(x.f, x.size)
	if err == nil && f.opt.StartAt == AtWindow && f.opt.Since != nil {
		s := search{file: x.f, since: f.opt.Since, start: f.opt.WindowStart}
		at, err = s.windowStart(at, maxWindow)
		x.catchEnd = x.size
	}
	x.err = err
	x.standAt(at)
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
	x.warmEnd, x.offset = x.offset, from
	f.warming = true
	if from > 0 {
		return 0
	}
	return limit - x.warmEnd
}
