package tail

import (
	"log/slog"

	"github.com/fsnotify/fsnotify"
)

const (
	maxDirs      = 1024 // directories watched
	eventBacklog = 256  // events taken from the kernel and not yet looked at
)

// watcher watches directories, not files: a watch on a file ends with its rename, and a new file has none yet. It is only there to be
// quick; all that it tells is found by the poll too. A nil watcher watches nothing.
type watcher struct {
	inotify *fsnotify.Watcher
	dirs    map[string]fileID // what each watched path was when the watch was set
	failed  map[string]bool   // directories that could not be watched, and were complained about
	log     *slog.Logger
}

// newWatcher returns nil, and says so, if inotify is not to be had: no room for another instance, most likely.
func newWatcher(log *slog.Logger) *watcher {
	w, err := fsnotify.NewBufferedWatcher(eventBacklog)
	if err != nil {
		log.Warn("no inotify, polling instead; raise fs.inotify.max_user_instances", "error", err)
		return nil
	}
	return &watcher{inotify: w, dirs: map[string]fileID{}, failed: map[string]bool{}, log: log}
}

// watch makes the watched directories equal to want, which holds paths without symbolic links. A directory that has been replaced is
// watched anew. It reports whether a watch was added: what happened before that was not seen.
func (w *watcher) watch(want map[string]fileID) (added bool) {
	if w == nil {
		return false
	}
	for dir, id := range w.dirs {
		if want[dir] != id {
			delete(w.dirs, dir)
			// An error means that the kernel has dropped the watch already, with the directory.
			_ = w.inotify.Remove(dir)
		}
	}
	for dir, id := range want {
		if _, ok := w.dirs[dir]; !ok && len(w.dirs) < maxDirs && w.add(dir) {
			w.dirs[dir] = id
			added = true
		}
	}
	return added
}

func (w *watcher) add(dir string) bool {
	err := w.inotify.Add(dir)
	if err != nil && !w.failed[dir] && len(w.failed) < maxDirs {
		w.failed[dir] = true
		w.log.Warn("directory cannot be watched, polling instead", "directory", dir, "error", err)
	}
	if err == nil {
		delete(w.failed, dir)
	}
	return err == nil
}

// gone says whether ev is the end of a watched directory, whose watch has then ended too.
func (w *watcher) gone(ev fsnotify.Event) bool {
	_, ok := w.dirs[ev.Name]
	if !ok || !ev.Has(fsnotify.Remove) && !ev.Has(fsnotify.Rename) {
		return false
	}
	delete(w.dirs, ev.Name)
	return true
}

func (w *watcher) events() <-chan fsnotify.Event {
	if w == nil {
		return nil
	}
	return w.inotify.Events
}

func (w *watcher) errors() <-chan error {
	if w == nil {
		return nil
	}
	return w.inotify.Errors
}

func (w *watcher) close() {
	if w != nil {
		_ = w.inotify.Close() // nothing is lost with it
	}
}
