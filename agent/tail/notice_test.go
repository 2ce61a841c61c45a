package tail_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"cidrx/agent/tail"

	"golang.org/x/sys/unix"
)

// TestFilesAppear lets files and directories appear that paths and globs mean.
func TestFilesAppear(t *testing.T) {
	tests := map[string]struct {
		path  string
		files []string
		ways  []string // all if empty
	}{
		"file":                            {path: "a/log", files: []string{"a/log"}},
		"match of a glob":                 {path: "a/*.log", files: []string{"a/1.log", "a/2.log"}},
		"directory of a path":             {path: "b/log", files: []string{"b/log"}, ways: []string{"poll alone"}},
		"directory that a glob matches":   {path: "a/*/log", files: []string{"a/x/log", "a/y/log"}},
		"directories several levels deep": {path: "a/*/*/log", files: []string{"a/x/y/log"}},
	}
	for name, test := range tests {
		for way, opt := range ways {
			if len(test.ways) > 0 && test.ways[0] != way {
				continue
			}
			t.Run(name+"/"+way, func(t *testing.T) {
				dir := t.TempDir()
				must(t, os.Mkdir(filepath.Join(dir, "a"), 0o755))
				opt.Paths = []string{filepath.Join(dir, test.path)}
				r := start(t, opt)
				eventually(t, "start", func() bool { return len(r.f.Status()) > 0 })
				var want []string
				for _, f := range test.files {
					path := filepath.Join(dir, f)
					must(t, os.MkdirAll(filepath.Dir(path), 0o755))
					l := create(t, path)
					l.write("one\n")
					want = append(want, "live "+filepath.Base(f)+" one")
					r.wait(want...)
				}
			})
		}
	}
}

// TestDirectoryReplaced has the directory of a log renamed and made again.
func TestDirectoryReplaced(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a")
	must(t, os.Mkdir(dir, 0o755))
	l := create(t, filepath.Join(dir, "log"))
	r := start(t, tail.Options{Paths: []string{l.path}})
	r.following(l.path)
	must(t, os.Rename(dir, dir+".old"))
	l.write("old\n")
	must(t, os.Mkdir(dir, 0o755))
	l.reopen()
	l.write("new\n")
	r.wait("live log old", "live log new")
}

// TestGlobLeavesOut shows what no glob means: compressed and rotated files, and directories.
func TestGlobLeavesOut(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.log", "a.log.1", "a.log.2.gz", "a-20260101.log", "b.log"} {
		put(t, filepath.Join(dir, name), "x\n")
	}
	must(t, os.Mkdir(filepath.Join(dir, "c.log"), 0o755))
	r := start(t, tail.Options{Paths: []string{dir + "/*.log*"}})
	eventually(t, "start", func() bool { return len(r.f.Status()) > 0 })
	var got []string
	for _, s := range r.f.Status() {
		got = append(got, filepath.Base(s.Path))
	}
	if fmt.Sprint(got) != "[a.log b.log]" {
		t.Errorf("follows %v, want a.log and b.log", got)
	}
}

// TestOverflow has the inotify queue overflow while the consumer is busy, with a rotation among what is lost, and no poll.
func TestOverflow(t *testing.T) {
	dir := t.TempDir()
	l := create(t, filepath.Join(dir, "log"))
	noise1, noise2 := create(t, filepath.Join(dir, "noise1")), create(t, filepath.Join(dir, "noise2"))
	busy, lines := make(chan struct{}), atomic.Int64{}
	var log failureLog
	f := tail.New(tail.Options{Paths: []string{l.path}, Poll: time.Hour, Log: log.logger(t)})
	done := make(chan error, 1)
	go func() {
		done <- f.Run(t.Context(), func(c tail.Chunk) error {
			defer c.Release()
			if len(c.Data) > 0 {
				<-busy
			}
			lines.Add(int64(strings.Count(string(c.Data), "\n")))
			return nil
		})
	}()
	eventually(t, "start", func() bool { return len(f.Status()) > 0 })
	l.write("first\n")
	queue := queueLength(t)
	for range queue {
		noise1.write("x")
		noise2.write("x")
	}
	l.write("old\n")
	must(t, os.Rename(l.path, l.path+".1"))
	l.reopen()
	l.write("new\n")
	close(busy)
	eventually(t, "all lines", func() bool { return lines.Load() == 3 })
	if !strings.Contains(log.text(), "inotify lost events") {
		t.Error("the queue did not overflow")
	}
}

func queueLength(t *testing.T) (n int) {
	b, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	must(t, err)
	_, err = fmt.Sscan(string(b), &n)
	must(t, err)
	return n
}

// TestStatus shows what is said of what cannot be read, and that it is read once it can be.
func TestStatus(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	must(t, os.Mkdir(path("directory"), 0o755))
	must(t, syscall.Mkfifo(path("fifo"), 0o600))
	put(t, path("log"), "before\n")
	opt := tail.Options{Paths: []string{path("directory"), path("fifo"), path("log"), path("missing"), path("none*"), path("no/dir*")}}
	r := start(t, opt)
	r.following(path("log"))
	for name, want := range map[string]string{
		"directory": "is a directory: name its files",
		"fifo":      `is a FIFO: only regular files are followed; let its writer write to a file, or give it as standard input`,
		"missing":   "no such file or directory",
		"none*":     "matches no file yet",
		"no/dir*":   "no such file or directory",
		"log":       "",
	} {
		if got := r.status(path(name)); got.Path == "" || !strings.Contains(got.Error, want) || want == "" && got.Error != "" {
			t.Errorf("status of %s: %+v, want error %q", name, got, want)
		}
	}
	if s := r.status(path("log")); s.Offset != 7 || s.Size != 7 || s.Pos.Offset != 7 {
		t.Errorf("status of the log: %+v", s)
	}
	must(t, os.Remove(path("directory")))
	must(t, os.Remove(path("fifo")))
	want := 0
	for _, name := range []string{"directory", "fifo", "missing", "none1"} {
		create(t, path(name)).write("now\n")
		want++
	}
	eventually(t, "what could not be read", func() bool { return len(r.got()) == want })
	for _, s := range r.f.Status() {
		if s.Error != "" && s.Path != path("no/dir*") {
			t.Errorf("still an error: %+v", s)
		}
	}
}

// TestUnreadable runs without the right to read the directory, then the log, and then with it. The file system user of a thread can be
// another than that of the process; without root, a file without permissions does.
func TestUnreadable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	must(t, os.Mkdir(dir, 0o700))
	must(t, os.Chmod(filepath.Dir(filepath.Dir(dir)), 0o755))
	path := filepath.Join(dir, "log")
	f := tail.New(tail.Options{Paths: []string{path, dir + "/glob*"}, Poll: 5 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	done, lines := make(chan error), atomic.Int64{}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		_ = unix.Setfsuid(65534)
		done <- f.Run(ctx, func(c tail.Chunk) error {
			lines.Add(int64(strings.Count(string(c.Data), "\n")))
			c.Release()
			return nil
		})
	}()
	denied := func(path string) func() bool {
		return func() bool {
			return slices.ContainsFunc(f.Status(), func(s tail.FileStatus) bool {
				return s.Path == path && strings.Contains(s.Error, "permission denied")
			})
		}
	}
	must(t, os.Chmod(dir, 0))
	eventually(t, "path to be denied", denied(path))
	eventually(t, "glob to be denied", denied(dir+"/glob*"))
	must(t, os.Chmod(dir, 0o755))
	put(t, path, "")
	must(t, os.Chmod(path, 0))
	eventually(t, "log to be denied", denied(path))
	must(t, os.Chmod(path, 0o644))
	create(t, path).write("line\n")
	eventually(t, "the line", func() bool { return lines.Load() == 1 })
	cancel()
	must(t, <-done)
}

func TestBadOptions(t *testing.T) {
	for name, paths := range map[string][]string{
		"no path":                  nil,
		"empty path":               {""},
		"bad glob":                 {"/var/log/[a"},
		"standard input and files": {"-", "/var/log/syslog"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tail.New(tail.Options{Paths: paths}).Run(t.Context(), nil); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestUntrusted(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("not root: every file belongs to a login user")
	}
	tests := map[string]struct {
		file, dir os.FileMode
		uid       int
		want      string
	}{
		"of the system":              {file: 0o640, dir: 0o755},
		"file writable for all":      {file: 0o666, dir: 0o755, want: "is writable for everybody (mode 0666)"},
		"directory writable for all": {file: 0o640, dir: 0o777, want: "is writable for everybody (mode 0777)"},
		"sticky directory":           {file: 0o640, dir: 0o777 | os.ModeSticky},
		"of a login user":            {file: 0o640, dir: 0o755, uid: 1000, want: "belongs to uid 1000, a login user"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "d")
			must(t, os.Mkdir(dir, 0o755))
			l := create(t, filepath.Join(dir, "log"))
			r := start(t, tail.Options{Paths: []string{l.path}})
			r.following(l.path)
			must(t, os.Chmod(l.path, test.file))
			must(t, os.Chmod(dir, test.dir))
			if os.Geteuid() != 0 && (test.want == "" || test.uid != 0) {
				return
			}
			must(t, os.Chown(l.path, test.uid, test.uid))
			eventually(t, fmt.Sprintf("%q", test.want), func() bool {
				got := r.status(l.path).Untrusted
				return strings.Contains(got, test.want) && (got == "") == (test.want == "")
			})
			l.write("line\n")
			eventually(t, "the line", func() bool { return len(r.got()) == 1 })
			r.mu.Lock()
			defer r.mu.Unlock()
			if got := r.chunks[len(r.chunks)-1].Untrusted; !strings.Contains(got, test.want) {
				t.Errorf("chunk is untrusted %q, want %q", got, test.want)
			}
		})
	}
}
