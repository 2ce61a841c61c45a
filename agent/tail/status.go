package tail

import (
	"slices"
	"strings"
)

// Status says how it stands with each file and each path that leads to none, sorted by path. It may be called from any goroutine.
func (f *Follower) Status() []FileStatus {
	f.mu.Lock()
	list := slices.Clone(f.shown)
	f.mu.Unlock()
	slices.SortStableFunc(list, func(a, b FileStatus) int { return strings.Compare(a.Path, b.Path) })
	return list
}

// publish makes the list for Status anew.
func (f *Follower) publish() {
	var list []FileStatus
	for _, x := range f.order {
		x.slot = len(list)
		list = append(list, x.status())
	}
	for _, t := range f.sorted {
		if t.current == nil && t.err != nil {
			list = append(list, FileStatus{Path: t.path, Error: t.err.Error()})
		}
	}
	for _, p := range f.patterns {
		if why := f.idle(p); why != "" {
			list = append(list, FileStatus{Path: p.path, Error: why})
		}
	}
	f.mu.Lock()
	f.shown = list
	f.mu.Unlock()
}

// idle says why a glob leads to no file at all.
func (f *Follower) idle(p pattern) string {
	if !p.glob || slices.ContainsFunc(f.sorted, func(t *target) bool { return p.matches(t.path) }) {
		return ""
	}
	if err := readable(p.levels[0]); err != nil {
		return err.Error()
	}
	return "matches no file yet"
}

// show brings the list for Status up to date for one file.
func (f *Follower) show(x *file) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if x.slot >= 0 && x.slot < len(f.shown) {
		f.shown[x.slot] = x.status()
	}
}

// status is what Status says of one file.
func (x *file) status() FileStatus {
	s := FileStatus{
		Path: x.owner.path, Offset: x.done(), Size: x.size, Pos: x.position(), Rotated: x.attached == 0, Untrusted: x.untrusted,
	}
	switch {
	case x.err != nil:
		s.Error = x.err.Error()
	case x.attached > 0 && x.owner.err != nil:
		s.Error = x.owner.err.Error()
	}
	return s
}
