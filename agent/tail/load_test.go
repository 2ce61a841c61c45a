package tail_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cidrx/agent/tail"
)

const rotations = 200

// loadWays are ways for bursts of rotations within milliseconds, where a second look is part of the bargain.
var loadWays = map[string]tail.Options{
	"inotify, poll":      {Poll: time.Second},
	"inotify, fast poll": {Poll: 5 * time.Millisecond},
	"poll alone":         {NoNotify: true, Poll: 5 * time.Millisecond},
}

// numbered makes the lines of the load tests: each of its own.
func numbered(n int) string {
	return fmt.Sprintf("%07d 192.0.2.7 - - [12/Nov/2026:10:00:00 +0000] \"GET /%07d HTTP/1.1\" 200 17\n", n, n)
}

// countOnce fails unless each of the lines came exactly once, and nothing else did.
func countOnce(t *testing.T, got []string, want map[string]bool) {
	t.Helper()

	count := map[string]int{}
	for _, l := range bare(got) {
		count[l]++
	}
	var wrong []string
	for l := range want {
		if count[l] != 1 {
			wrong = append(wrong, fmt.Sprintf("%d times: %.80q", count[l], l))
		}
		delete(count, l)
	}
	for l, n := range count {
		wrong = append(wrong, fmt.Sprintf("%d times, never written or not kept: %.80q", n, l))
	}
	slices.Sort(wrong)
	if len(wrong) > 0 {
		t.Fatalf("%d of %d lines are wrong; the first ones:\n%s", len(wrong), len(want), strings.Join(wrong[:min(len(wrong), 3)], "\n"))
	}
}

// TestRotationUnderLoad rotates as logrotate and nginx do: the file is renamed, the writer goes on in it for a while, creates the new
// one and reopens.
func TestRotationUnderLoad(t *testing.T) {
	for way, opt := range loadWays {
		t.Run(way, func(t *testing.T) {
			l := create(t, filepath.Join(t.TempDir(), "access.log"))
			opt.Paths = []string{l.path}
			r := start(t, opt)
			r.following(l.path)
			want := map[string]bool{}
			write := func(n int) {
				for range n {
					line := numbered(len(want))
					want[strings.TrimSuffix(line, "\n")] = true
					l.write(line)
				}
			}
			for i := range rotations {
				write(100)
				must(t, os.Rename(l.path, fmt.Sprintf("%s.%d", l.path, i+1)))
				write(i % 7)
				l.reopen()
				write(i % 3)
			}
			hopefully(func() bool { return len(r.got()) >= len(want) })
			countOnce(t, r.got(), want)
		})
	}
}

// TestCopyTruncateUnderLoad copies and truncates while lines are written. What is in the copies or in the file at the end has been
// kept by the kernel and is counted once; what was written between copy and truncation may have been seen or not, but not twice.
func TestCopyTruncateUnderLoad(t *testing.T) {
	for way, opt := range loadWays {
		t.Run(way, func(t *testing.T) {
			l := create(t, filepath.Join(t.TempDir(), "access.log"))
			opt.Paths = []string{l.path}
			r := start(t, opt)
			r.following(l.path)
			kept, lost := map[string]bool{}, map[string]bool{}
			n := 0
			write := func(in map[string]bool, k int) {
				for range k {
					line := numbered(n)
					n++
					in[strings.TrimSuffix(line, "\n")] = true
					l.write(line)
				}
			}
			for i := range rotations {
				write(kept, 50+i%20)
				b, err := os.ReadFile(l.path)
				must(t, err)
				put(t, fmt.Sprintf("%s.%d", l.path, i+1), string(b))
				write(lost, i%4)
				must(t, os.Truncate(l.path, 0))
				write(kept, i%3)
			}
			seen := func() (keeps []string, more map[string]int) {
				more = map[string]int{}
				for _, l := range r.got() {
					if b := bare([]string{l})[0]; lost[b] {
						more[b]++
					} else {
						keeps = append(keeps, l)
					}
				}
				return keeps, more
			}
			hopefully(func() bool {
				if len(r.got()) < len(kept) {
					return false
				}
				keeps, _ := seen()
				return len(keeps) >= len(kept)
			})
			keeps, more := seen()
			countOnce(t, keeps, kept)
			for l, n := range more {
				if n > 1 {
					t.Errorf("%d times: %q", n, l)
				}
			}
		})
	}
}

// TestDescriptors shows that rotations do not leave files open.
func TestDescriptors(t *testing.T) {
	l := create(t, filepath.Join(t.TempDir(), "access.log"))
	r := start(t, tail.Options{Paths: []string{l.path}})
	r.following(l.path)
	open := func() int {
		fds, err := os.ReadDir("/proc/self/fd")
		must(t, err)
		return len(fds)
	}
	before, most := open(), 0
	for i := range 100 {
		l.write(numbered(i))
		must(t, os.Rename(l.path, fmt.Sprintf("%s.%d", l.path, i+1)))
		l.reopen()
		r.following(l.path)
		most = max(most, open())
	}
	if most > before+40 {
		t.Errorf("%d descriptors before, %d during 100 rotations", before, most)
	}
	eventually(t, "the rotated files to be closed", func() bool { return open() <= before })
}
