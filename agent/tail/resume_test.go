package tail_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cidrx/agent/tail"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// stamped lines begin with their time, in seconds; others have none.
func since(line []byte) (time.Time, bool) {
	var sec int64
	if n, _ := fmt.Sscanf(string(line), "@%d ", &sec); n != 1 {
		return time.Time{}, false
	}
	return time.Unix(sec, 0), true
}

func TestFirstStart(t *testing.T) {
	content := "@10 a\n@20 b\nno time\n@30 c\n@40 half"
	tests := map[string]struct {
		opt  tail.Options
		want []string
	}{
		"at the end": {
			opt:  tail.Options{},
			want: []string{"live log @40 half and whole"},
		},
		"at the window": {
			opt:  tail.Options{StartAt: tail.AtWindow, Since: since, WindowStart: time.Unix(20, 0)},
			want: []string{"catchup log @20 b", "catchup log no time", "catchup log @30 c", "catchup log @40 half and whole"},
		},
		"window older than the file": {
			opt: tail.Options{StartAt: tail.AtWindow, Since: since, WindowStart: time.Unix(1, 0)},
			want: []string{"catchup log @10 a", "catchup log @20 b", "catchup log no time", "catchup log @30 c",
				"catchup log @40 half and whole"},
		},
		"window younger than the file": {
			opt:  tail.Options{StartAt: tail.AtWindow, Since: since, WindowStart: time.Unix(99, 0)},
			want: []string{"catchup log @40 half and whole"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l := create(t, filepath.Join(t.TempDir(), "log"))
			l.write(content)
			test.opt.Paths = []string{l.path}
			r := start(t, test.opt)
			r.following(l.path)
			l.write(" and whole\n")
			r.wait(test.want...)
		})
	}
}

// TestResume stops, lets something happen to the log, and starts again.
func TestResume(t *testing.T) {
	tests := map[string]struct {
		meanwhile func(t *testing.T, l *logFile)
		opt       tail.Options
		want      []string
	}{
		"nothing":   {meanwhile: func(t *testing.T, l *logFile) {}, want: []string{"live log end"}},
		"more came": {meanwhile: func(t *testing.T, l *logFile) { l.write("more\n") }, want: []string{"catchup log more", "live log end"}},
		"warm-up": {
			meanwhile: func(t *testing.T, l *logFile) { l.write("more\n") },
			opt:       tail.Options{Since: since, WindowStart: time.Unix(2, 0)},
			want:      []string{"warmup log @2 second", "catchup log more", "live log end"},
		},
		"warm-up reaches into the rotated file": {
			meanwhile: func(t *testing.T, l *logFile) {
				l.write("more\n")
				must(t, os.Rename(l.path, l.path+".1"))
				l.reopen()
				l.write("new\n")
			},
			opt:  tail.Options{Since: since, WindowStart: time.Unix(2, 0)},
			want: []string{"warmup log @2 second", "catchup log more", "catchup log new", "live log end"},
		},
		"rotated": {
			meanwhile: func(t *testing.T, l *logFile) {
				l.write("rest\n")
				must(t, os.Rename(l.path, l.path+".1"))
				l.reopen()
				l.write("new\n")
			},
			want: []string{"catchup log rest", "catchup log new", "live log end"},
		},
		"rotated twice, with dates": {
			meanwhile: func(t *testing.T, l *logFile) {
				l.write("rest\n")
				must(t, os.Rename(l.path, l.path+"-20260101"))
				l.reopen()
				l.write("between\n")
				must(t, os.Rename(l.path, l.path+"-20260102"))
				l.reopen()
				l.write("new\n")
			},
			want: []string{"catchup log rest", "catchup log between", "catchup log new", "live log end"},
		},
		"rotated and compressed": {
			meanwhile: func(t *testing.T, l *logFile) {
				must(t, os.Rename(l.path, l.path+".1.gz"))
				l.reopen()
				l.write("new\n")
			},
			want: []string{"catchup log new", "live log end"},
		},
		"truncated": {
			meanwhile: func(t *testing.T, l *logFile) {
				must(t, os.Truncate(l.path, 0))
				l.write("new\n")
			},
			want: []string{"catchup log new", "live log end"},
		},
		"truncated and grown longer than before": {
			meanwhile: func(t *testing.T, l *logFile) {
				must(t, os.Truncate(l.path, 0))
				l.write(strings.Repeat("n", 100) + "\n")
			},
			want: []string{"catchup log " + strings.Repeat("n", 100), "live log end"},
		},
		"copied and truncated": {
			meanwhile: func(t *testing.T, l *logFile) {
				l.write("rest\n")
				b, err := os.ReadFile(l.path)
				must(t, err)
				put(t, l.path+".1", string(b))
				must(t, os.Truncate(l.path, 0))
				l.write("new\n")
			},
			want: []string{"catchup log rest", "catchup log new", "live log end"},
		},
		"deleted and recreated": {
			meanwhile: func(t *testing.T, l *logFile) {
				must(t, os.Remove(l.path))
				l.reopen()
				l.write("new\n")
			},
			want: []string{"catchup log new", "live log end"},
		},
	}
	for name, test := range tests {
		for _, glob := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/glob %v", name, glob), func(t *testing.T) {
				l := create(t, filepath.Join(t.TempDir(), "log"))
				opt := tail.Options{Paths: []string{l.path}}
				if glob {
					opt.Paths[0] = filepath.Dir(l.path) + "/lo*"
				}
				r := start(t, opt)
				r.following(l.path)
				l.write("@1 first\n@2 second\n")
				r.wait("live log @1 first", "live log @2 second")
				test.opt.Resume, test.opt.Paths = r.stop(), opt.Paths
				test.meanwhile(t, l)
				r = start(t, test.opt)
				r.following(l.path)
				hopefully(func() bool { return len(r.got()) >= len(test.want)-1 })
				l.write("end\n")
				r.wait(test.want...)
			})
		}
	}
}

// TestStopKeepsPartialLine shows that a line whose end had not come before a stop is read whole after it.
func TestStopKeepsPartialLine(t *testing.T) {
	l := create(t, filepath.Join(t.TempDir(), "log"))
	r := start(t, tail.Options{Paths: []string{l.path}})
	r.following(l.path)
	l.write("whole\nhalf")
	r.wait("live log whole")
	pos := r.stop()
	l.write(" and half\n")
	start(t, tail.Options{Paths: []string{l.path}, Resume: pos}).wait("catchup log half and half")
}

// TestDeviceNumberChanged shows that a reboot that gives the file system another number does not have the log read again.
func TestDeviceNumberChanged(t *testing.T) {
	l := create(t, filepath.Join(t.TempDir(), "log"))
	r := start(t, tail.Options{Paths: []string{l.path}})
	r.following(l.path)
	l.write("one\n")
	r.wait("live log one")
	pos := r.stop()
	for i := range pos {
		pos[i].Dev++
	}
	l.write("two\n")
	start(t, tail.Options{Paths: []string{l.path}, Resume: pos}).wait("catchup log two")
}

// TestWindowStart compares where a window begins with a linear search.
func TestWindowStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	rapid.Check(t, func(rt *rapid.T) {
		var b bytes.Buffer
		sec := 0
		var want []string
		begin := rapid.IntRange(0, 3000).Draw(rt, "begin")
		in := false
		for range rapid.IntRange(0, 200).Draw(rt, "lines") {
			sec += rapid.IntRange(0, 30).Draw(rt, "gap")
			line := fmt.Sprintf("@%d %s", sec, strings.Repeat("x", rapid.SampledFrom([]int{3, 100, 5000, 90000}).Draw(rt, "length")))
			if rapid.IntRange(0, 4).Draw(rt, "kind") == 0 {
				line = "without a time"
			} else {
				in = in || sec >= begin
			}
			b.WriteString(line + "\n")
			if in {
				want = append(want, "catchup log "+line)
			}
		}
		must(t, os.WriteFile(path, b.Bytes(), 0o600))
		r := start(t, tail.Options{
			Paths: []string{path}, StartAt: tail.AtWindow, Since: since, WindowStart: time.Unix(int64(begin), 0),
		})
		r.following(path)
		hopefully(func() bool { return len(r.got()) >= len(want) })
		r.stop()
		if diff := cmp.Diff(len(want), len(r.got())); diff != "" {
			rt.Fatalf("number of lines (-want +got):\n%s", diff)
		}
		if len(want) > 0 && r.got()[0] != want[0] {
			rt.Fatalf("first line is %.40q, want %.40q", r.got()[0], want[0])
		}
	})
}
