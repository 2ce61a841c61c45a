package tail

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"
	"time"
)

// target is one path that is followed, whatever file it leads to.
type target struct {
	path    string
	real    string     // the same without symbolic links, as of the last time that it led to a file
	plain   bool       // configured as it is, not matched by a glob
	matched bool       // by the last scan
	current *file      // what the path leads to; nil if that is nothing, or cannot be read
	err     error      // why it cannot
	looked  time.Time  // when it was last looked at
	floor   int64      // birth of the oldest file that can have been here unseen, Unix nanoseconds
	stale   bool       // an event says that the path may lead elsewhere
	more    bool       // there are files that were here unseen and are not opened yet
	again   bool       // the next poll shall look for such files
	cut     []Position // reached in what was here before truncations, as long as no copy has been found
	pass    uint64     // the last pass that left something unread
}

// look finds out whether the target's path leads to another file than before.
func (f *Follower) look(t *target, now time.Time) {
	before := t.looked
	t.looked, t.stale = now, false
	i, err := statPath(t.path)
	if err == nil && t.current != nil && t.current.id == i.id {
		f.note(t, nil)
		return
	}
	if err == nil {
		f.detach(t, now)
		f.note(t, f.enter(t, before, now))
		return
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		f.detach(t, now)
	}
	f.note(t, err)
}

// enter begins to follow the file that the target's path now leads to. What was there after the last look and has been rotated away
// again since comes first.
func (f *Follower) enter(t *target, before, now time.Time) error {
	f.makeRoom(t)
	x, fresh, err := f.open(t, before, now)
	if err != nil {
		return err
	}
	f.attach(t, x)
	f.linked = f.linked || isLink(t.path)
	if !fresh {
		f.report(x)
		return nil
	}
	f.missed(t, before, now)
	t.again = true // a listing may leave out what is renamed at the same time
	if p, ok := f.finished(x); ok {
		x.resumeAt(p)
	} else if x.birth() < before.Add(-clockSlack).UnixNano() {
		x.catchEnd = x.size
	}
	f.add(x)
	f.log.Info("following", "file", t.path, "from", x.offset)
	f.report(x)
	return nil
}

// open opens what the target's path leads to. A file that is open already, because another path leads or led to it, is not fresh.
func (f *Follower) open(t *target, before, now time.Time) (x *file, fresh bool, err error) {
	i, err := statPath(t.path)
	if err == nil {
		err = followable(t.path, i)
	}
	if err != nil {
		return nil, false, err
	}
	if x := f.files[i.id]; x != nil {
		return x, false, nil
	}
	if len(f.files)-f.old >= maxFiles {
		return nil, false, fmt.Errorf("%s is not followed: %d files of this source are; make its globs narrower", t.path, maxFiles)
	}
	if x, err = openFile(t.path, before, now); err != nil {
		return nil, false, err
	}
	if again := f.files[x.id]; again != nil {
		x.f.Close() // the path has changed since we looked, to a file that is open
		return again, false, nil
	}
	return x, true, nil
}

// attach notes that the target's path leads to x.
func (f *Follower) attach(t *target, x *file) {
	t.current = x
	x.attached++
	if x.owner == nil || x.owner.current != x {
		x.owner = t
	}
	f.recount()
}

// detach notes that the target's path does not lead to its file any more. The file stays open: its writer may not know yet.
func (f *Follower) detach(t *target, now time.Time) {
	x := t.current
	if x == nil {
		return
	}
	t.current = nil
	x.attached--
	if x.attached > 0 {
		f.rename(x)
	} else {
		x.busy, x.dirty = now, true
		f.log.Info("rotated away", "file", t.path, "at", x.offset)
	}
	f.recount()
}

// rename makes a target that leads to x its owner, if the one that was does not any more.
func (f *Follower) rename(x *file) {
	if i := slices.IndexFunc(f.sorted, func(t *target) bool { return t.current == x }); i >= 0 && x.owner.current != x {
		x.owner = f.sorted[i]
		f.report(x)
	}
}

// add puts x among the open files: behind all others if its target's path leads to it, else in order of birth before that one.
func (f *Follower) add(x *file) {
	f.files[x.id] = x
	at := slices.IndexFunc(f.order, func(y *file) bool {
		return x.attached == 0 && y.owner == x.owner && (y.attached > 0 || y.birth() > x.birth())
	})
	if at < 0 {
		at = len(f.order)
	}
	f.order = slices.Insert(f.order, at, x)
	f.done = slices.DeleteFunc(f.done, func(p Position) bool { return p.isOf(x.id) })
	f.recount()
}

// recount counts the open files that no path leads to.
func (f *Follower) recount() {
	f.old = 0
	for _, x := range f.order {
		if x.attached == 0 {
			f.old++
		}
	}
}

// note keeps why a target cannot be read, for Status, and logs a change of it.
func (f *Follower) note(t *target, err error) {
	was := t.err
	t.err = err
	switch {
	case err == nil || was != nil && was.Error() == err.Error():
	case errors.Is(err, fs.ErrNotExist):
		f.log.Info("waiting for a log file", "file", t.path)
	default:
		f.log.Warn("log file cannot be read", "file", t.path, "error", err)
	}
}
