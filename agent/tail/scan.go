package tail

import (
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	maxLevels = 8   // directories that may appear within each other while one scan looks
	scanShare = 100 // a scan for the mere change of a directory takes at most one part in so many of the time
	// maxMatches is how many files the globs of a source may match. Some of these may be rotated ones and not count as followed.
	maxMatches = 2 * maxFiles
)

// directory is a directory that decides what the patterns match, as it was when it was last looked at.
type directory struct {
	path string // as the patterns call it
	real string // without symbolic links; empty if it could not be looked at
	info
}

func lookDir(path string) directory {
	d := directory{path: path}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return d
	}
	if i, err := statPath(real); err == nil {
		d.real, d.info = real, i
	}
	return d
}

// poll finds everything that inotify would have told, and what it cannot tell. It is cheap as long as nothing happens: some stats
// for each path and open file.
func (f *Follower) poll(now time.Time) {
	switch {
	case now.After(f.due):
		if f.watch == nil && !f.opt.NoNotify {
			f.watch = newWatcher(f.log)
		}
		f.scan(now)
	case now.After(f.notYet) && f.dirsChanged():
		f.scan(now)
	default:
		f.lookAt(now, func(*target) bool { return true })
	}
	for _, x := range f.order {
		changed, err := x.look()
		x.dirty = x.dirty || changed || err != nil || x.err != nil
	}
	for _, t := range f.sorted {
		t.more = t.more || t.again
	}
	f.lookTrust()
	f.release(now)
	f.publish()
}

// dirsChanged says whether something may match the patterns that did not before. A directory that changed about the time when it was
// looked at may have changed again within the resolution of its time.
func (f *Follower) dirsChanged() bool {
	recent := time.Now().Add(-clockSlack).UnixNano()
	return slices.ContainsFunc(f.dirs, func(d directory) bool {
		now := lookDir(d.path)
		replaced := now.real != d.real || now.id != d.id
		return replaced || f.globs && (now.mtime != d.mtime || d.mtime > recent)
	})
}

// lookTrust looks again at who may write to the directory of one file, and at the next one's in the next poll.
func (f *Follower) lookTrust() {
	if len(f.order) == 0 {
		return
	}
	f.trustNext = (f.trustNext + 1) % len(f.order)
	if x := f.order[f.trustNext]; x.attached > 0 {
		x.untrusted = untrusted(x.owner.path, x.info)
	}
}

// scan finds out anew what the patterns match, watches the directories, and looks at every path.
func (f *Follower) scan(now time.Time) {
	f.rescan, f.due = false, now.Add(rescanEvery)
	for range maxLevels {
		f.match()
		if !f.watchDirs() { // else something may have appeared in a new directory before it was watched
			break
		}
	}
	f.looked = now
	f.lookAt(now, func(*target) bool { return true })
	f.forget()
	f.notYet = now.Add(scanShare * time.Since(now))
}

// lookAt looks at some of the targets, and says whether there were any.
func (f *Follower) lookAt(now time.Time, which func(*target) bool) bool {
	looked := false
	for _, t := range f.sorted {
		if which(t) {
			f.look(t, now)
			looked = true
		}
	}
	if f.linked {
		f.linked = false
		f.watchDirs() // a symbolic link may lead to another directory than before
	}
	return looked
}

// match makes targets of what the patterns match now. A rotated file of another target is none, although a glob such as access.log*
// matches it: it has been read under its earlier name.
func (f *Follower) match() {
	for _, t := range f.sorted {
		t.matched = false
	}
	var paths []string
	for _, p := range f.patterns {
		if p.glob {
			paths = append(paths, p.expand()...)
		} else if t := f.target(p.path, true); t != nil {
			t.matched = true
		}
	}
	if len(paths) > maxMatches {
		f.log.Warn("globs match too many files, the last ones are not followed; make them narrower", "files", len(paths), "most", maxMatches)
		paths = paths[:maxMatches]
	}
	for _, path := range paths {
		if f.isPartOfOther(path, paths) {
			continue
		}
		if t := f.target(path, false); t != nil {
			t.matched = true
		}
	}
}

// isPartOfOther says whether path is a rotated file of a target, or of one of paths that is going to be one.
func (f *Follower) isPartOfOther(path string, paths []string) bool {
	isPart := func(of string) bool {
		return filepath.Dir(of) == filepath.Dir(path) && isRotated(filepath.Base(of), filepath.Base(path))
	}
	return slices.ContainsFunc(paths, isPart) || slices.ContainsFunc(f.sorted, func(t *target) bool { return isPart(t.path) })
}

// target returns the target for a path; nil if the path was only matched by a glob and leads to a directory or the like.
func (f *Follower) target(path string, plain bool) *target {
	if t := f.targets[path]; t != nil {
		t.plain = t.plain || plain
		return t
	}
	if !plain {
		if i, err := statPath(path); err == nil && followable(path, i) != nil {
			return nil
		}
	}
	t := &target{path: path, plain: plain, looked: f.looked, floor: f.started.Add(-clockSlack).UnixNano()}
	f.targets[path] = t
	f.sorted = append(f.sorted, t)
	slices.SortFunc(f.sorted, func(a, b *target) int { return strings.Compare(a.path, b.path) })
	return t
}

// forget drops the targets that no glob matches any more and of which no file is open.
func (f *Follower) forget() {
	owned := map[*target]bool{}
	for _, x := range f.order {
		owned[x.owner] = true
	}
	f.sorted = slices.DeleteFunc(f.sorted, func(t *target) bool {
		gone := !t.plain && !t.matched && t.current == nil && !owned[t]
		if gone {
			delete(f.targets, t.path)
		}
		return gone
	})
}

// watchDirs has inotify watch all directories that matter: those of the patterns, and those that the files are really in. It says
// whether that made it watch more than before.
func (f *Follower) watchDirs() bool {
	f.dirs = f.dirs[:0]
	f.aliases, f.byName = map[string][]string{}, map[string]*target{}
	want := map[string]fileID{}
	for _, p := range f.patterns {
		for _, path := range p.dirs() {
			f.addDir(path, want)
		}
	}
	for _, t := range f.sorted {
		f.addTarget(t, want)
	}
	added := f.watch.watch(want)
	for _, x := range f.order {
		x.dirty = x.dirty || added
	}
	return added
}

// addDir adds a directory of the patterns to what is watched.
func (f *Follower) addDir(path string, want map[string]fileID) {
	if slices.ContainsFunc(f.dirs, func(d directory) bool { return d.path == path }) {
		return
	}
	d := lookDir(path)
	f.dirs = append(f.dirs, d)
	if d.real != "" {
		want[d.real] = d.id
		f.aliases[d.real] = append(f.aliases[d.real], path)
	}
}

// addTarget adds the names under which inotify speaks of the target's file. It is in the directory of its path, unless its path is a
// symbolic link.
func (f *Follower) addTarget(t *target, want map[string]fileID) {
	dir, err := filepath.EvalSymlinks(filepath.Dir(t.path))
	if err != nil {
		return
	}
	t.real = filepath.Join(dir, filepath.Base(t.path))
	f.byName[t.real] = t
	if !isLink(t.real) {
		return
	}
	real, err := filepath.EvalSymlinks(t.real)
	if err != nil {
		return
	}
	t.real = real
	f.byName[real] = t
	if d := lookDir(filepath.Dir(real)); d.real != "" {
		want[d.real] = d.id
	}
}

// meant says whether a name that inotify speaks of may be something that a pattern matches.
func (f *Follower) meant(name string) bool {
	for _, dir := range f.aliases[filepath.Dir(name)] {
		path := filepath.Join(dir, filepath.Base(name))
		if slices.ContainsFunc(f.patterns, func(p pattern) bool { return p.matches(path) }) {
			return true
		}
	}
	return false
}
