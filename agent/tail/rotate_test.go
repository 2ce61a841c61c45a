package tail_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"cidrx/agent/tail"
)

// ways are the two ways to learn of a change. Each must do alone.
var ways = map[string]tail.Options{
	"inotify alone": {Poll: time.Hour},
	"poll alone":    {NoNotify: true, Poll: 5 * time.Millisecond},
}

func TestRotation(t *testing.T) {
	tests := map[string]struct {
		do   func(t *testing.T, l *logFile, r *run)
		want []string
	}{
		"append": {
			do:   func(t *testing.T, l *logFile, r *run) { l.write("b\nc\n") },
			want: []string{"live log b", "live log c"},
		},
		"partial line completed later": {
			do: func(t *testing.T, l *logFile, r *run) {
				l.write("b\nhalf")
				r.wait("live log b")
				l.write(" whole\n")
			},
			want: []string{"live log b", "live log half whole"},
		},
		"rename and create": {
			do: func(t *testing.T, l *logFile, r *run) {
				l.write("old\n")
				must(t, os.Rename(l.path, l.path+".1"))
				l.reopen()
				l.write("new\n")
			},
			want: []string{"live log old", "live log new"},
		},
		"writer keeps the old file for a while": {
			do: func(t *testing.T, l *logFile, r *run) {
				must(t, os.Rename(l.path, l.path+".1"))
				l.write("after rename\n")
				r.wait("live log after rename")
				fresh := create(t, l.path)
				r.following(l.path)
				l.write("still old\n")
				r.wait("live log after rename", "live log still old")
				fresh.write("new\n")
			},
			want: []string{"live log after rename", "live log still old", "live log new"},
		},
		"truncate in place": {
			do: func(t *testing.T, l *logFile, r *run) {
				l.write("this is before\n")
				r.wait("live log this is before")
				must(t, os.Truncate(l.path, 0))
				l.write("after\n")
			},
			want: []string{"live log this is before", "live log after"},
		},
		"delete and recreate": {
			do: func(t *testing.T, l *logFile, r *run) {
				l.write("old\n")
				must(t, os.Remove(l.path))
				l.write("deleted\n")
				l.reopen()
				l.write("new\n")
			},
			want: []string{"live log old", "live log deleted", "live log new"},
		},
		"replaced by rename over it": {
			do: func(t *testing.T, l *logFile, r *run) {
				put(t, l.path+".tmp", "new 1\n")
				l.write("old\n")
				must(t, os.Rename(l.path+".tmp", l.path))
				l.reopen()
				l.write("new 2\n")
			},
			want: []string{"live log old", "live log new 1", "live log new 2"},
		},
		"partial last line of a rotated file": {
			do: func(t *testing.T, l *logFile, r *run) {
				l.write("no newline")
				must(t, os.Rename(l.path, l.path+".1"))
				l.reopen()
			},
			want: []string{"live log no newline"},
		},
		"moved away and back": {
			do: func(t *testing.T, l *logFile, r *run) {
				l.write("b\n")
				r.wait("live log b")
				must(t, os.Rename(l.path, l.path+".1"))
				must(t, os.Rename(l.path+".1", l.path))
				l.write("c\n")
			},
			want: []string{"live log b", "live log c"},
		},
		"becomes a symbolic link and is switched": {
			do: func(t *testing.T, l *logFile, r *run) {
				dir := t.TempDir()
				one, two := create(t, filepath.Join(dir, "one")), create(t, filepath.Join(dir, "two"))
				must(t, os.Remove(l.path))
				must(t, os.Symlink(one.path, l.path))
				r.following(l.path)
				one.write("in one\n")
				r.wait("live log in one")
				must(t, os.Symlink(two.path, l.path+".tmp"))
				must(t, os.Rename(l.path+".tmp", l.path))
				two.write("in two\n")
				r.wait("live log in one", "live log in two")
				two.write("again\n")
			},
			want: []string{"live log in one", "live log in two", "live log again"},
		},
	}
	for name, test := range tests {
		for way, opt := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				l := create(t, filepath.Join(t.TempDir(), "log"))
				l.write("before\n")
				opt.Paths = []string{l.path}
				opt.Quiet = time.Hour // however slow this writer is: files that it has not reopened yet are not let go
				if name == "partial last line of a rotated file" {
					opt.Quiet, opt.Poll = 50*time.Millisecond, 5*time.Millisecond // that a file is quiet is only seen by looking
				}
				r := start(t, opt)
				r.following(l.path)
				test.do(t, l, r)
				r.wait(test.want...)
			})
		}
	}
}
