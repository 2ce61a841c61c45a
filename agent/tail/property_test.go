package tail_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cidrx/agent/tail"
)

// world is a log that things happen to, the lines that were written to it, and the followers that come and go. However it goes, each
// line is counted once.
type world struct {
	t       *testing.T
	rnd     *rand.Rand
	opt     tail.Options
	log     *logFile
	rotated int
	n       int
	want    map[string]bool
	got     []string // of runs that have ended
	pos     []tail.Position
	run     *run
	mortal  bool // the follower is going to be killed
	history []string
}

func TestAnythingGoes(t *testing.T) {
	cases := map[string]tail.Options{
		"inotify":    {Poll: time.Second},
		"poll alone": {NoNotify: true, Poll: 2 * time.Millisecond},
	}
	for name, opt := range cases {
		for seed := range uint64(40) {
			t.Run(fmt.Sprintf("%s/%d", name, seed), func(t *testing.T) {
				t.Parallel()
				newWorld(t, opt, seed).live(40)
			})
		}
	}
}

func newWorld(t *testing.T, opt tail.Options, seed uint64) *world {
	w := &world{t: t, rnd: rand.New(rand.NewPCG(seed, 7)), opt: opt, want: map[string]bool{}}
	w.log = create(t, filepath.Join(t.TempDir(), "log"))
	w.opt.Paths = []string{w.log.path}
	if seed%2 == 1 {
		w.opt.Paths = []string{filepath.Join(filepath.Dir(w.log.path), "lo*")}
	}
	w.opt.Quiet = 100 * time.Millisecond // a deleted file is let go after twelve times as long: remove has to be quicker
	w.run = start(t, w.opt)
	w.run.following(w.log.path)
	return w
}

// live lets a number of things happen and then compares.
func (w *world) live(events int) {
	defer func() {
		if w.t.Failed() {
			w.t.Logf("history: %s", strings.Join(w.history, ", "))
		}
	}()
	for range events {
		w.happen()
	}
	w.restart(-1)
	hopefully(w.complete)
	w.stop()
	countOnce(w.t, w.got, w.want)
}

func (w *world) happen() {
	does := []struct {
		name string
		odds int
		do   func()
	}{
		{"append", 10, func() { w.append(1 + w.rnd.IntN(30)) }},
		{"append long", 1, w.appendLong},
		{"append in pieces", 3, w.appendPieces},
		{"rotate", 4, w.rotate},
		{"truncate", 1, w.truncate},
		{"copytruncate", 2, w.copyTruncate},
		{"delete", 1, w.remove},
		{"symlink", 1, w.symlink},
		{"stop", 2, w.stop},
		{"start", 3, func() { w.restart(-1) }},
		{"start to be killed", 3, func() { w.restart(w.rnd.IntN(12)) }},
	}
	var odds []int
	for i, d := range does {
		odds = append(odds, slices.Repeat([]int{i}, d.odds)...)
	}
	d := does[odds[w.rnd.IntN(len(odds))]]
	w.history = append(w.history, d.name)
	d.do()
	w.history[len(w.history)-1] += fmt.Sprintf(" →%d", w.n)
}

func (w *world) line() string {
	w.n++
	l := numbered(w.n)
	w.want[strings.TrimSuffix(l, "\n")] = true
	return l
}

func (w *world) append(n int) {
	for range n {
		w.log.write(w.line())
	}
}

func (w *world) appendLong() {
	w.n++
	l := fmt.Sprintf("%07d %s", w.n, repeat("x", 1<<w.rnd.IntN(20)))
	w.want[l] = true
	w.log.write(l + "\n")
}

func (w *world) appendPieces() {
	l := w.line()
	i := w.rnd.IntN(len(l))
	w.log.write(l[:i])
	w.run.glance()
	w.log.write(l[i:])
}

// rotate renames as logrotate does, lets the writer go on for a while, and has it reopen.
func (w *world) rotate() {
	for i := w.rotated; i > 0; i-- {
		must(w.t, os.Rename(fmt.Sprintf("%s.%d", w.log.path, i), fmt.Sprintf("%s.%d", w.log.path, i+1)))
	}
	w.rotated++
	must(w.t, os.Rename(w.log.path, w.log.path+".1"))
	w.append(w.rnd.IntN(4))
	if w.rnd.IntN(2) == 0 {
		w.run.glance()
		w.append(w.rnd.IntN(4))
	}
	w.log.reopen()
}

// truncate only happens when all has been read: what has not been is lost for everyone.
func (w *world) truncate() {
	if w.settled() {
		must(w.t, os.Truncate(w.log.path, 0))
	}
}

func (w *world) copyTruncate() {
	b, err := os.ReadFile(w.log.path)
	must(w.t, err)
	if len(b) == 0 {
		return
	}
	for i := w.rotated; i > 0; i-- {
		must(w.t, os.Rename(fmt.Sprintf("%s.%d", w.log.path, i), fmt.Sprintf("%s.%d", w.log.path, i+1)))
	}
	w.rotated++
	put(w.t, w.log.path+".1", string(b))
	must(w.t, os.Truncate(w.log.path, 0))
}

// remove deletes the file. What is written to it afterwards can only be read by a follower that survives.
func (w *world) remove() {
	if !w.mortal && w.settled() {
		must(w.t, os.Remove(w.log.path))
		w.append(w.rnd.IntN(3))
		w.log.reopen()
		w.append(w.rnd.IntN(3))
		w.settled()
	}
}

// symlink makes the path lead to a new file elsewhere, as loggers with dated files do.
func (w *world) symlink() {
	if !w.settled() {
		return
	}
	file := filepath.Join(w.t.TempDir(), "dated")
	put(w.t, file, "")
	must(w.t, os.Symlink(file, w.log.path+"~"))
	must(w.t, os.Rename(w.log.path+"~", w.log.path))
	w.log.reopen()
	w.append(1)
	w.settled()
}

// settled waits until everything has been read, or the follower is dead.
func (w *world) settled() bool {
	ready := func() bool { return w.complete() && w.run.follows(w.log.path) }
	hopefully(func() bool { return ready() || w.run.dead() })
	if !w.run.dead() {
		countOnce(w.t, slices.Concat(w.got, w.run.got()), w.want)
	}
	return !w.run.dead()
}

func (w *world) complete() bool { return len(w.got)+len(w.run.got()) >= len(w.want) }

func (w *world) stop() {
	w.pos = w.run.stop()
	w.got = append(w.got, w.run.got()...)
	w.run.lines = nil
}

func (w *world) restart(killAt int) {
	w.stop()
	opt := w.opt
	opt.Resume = slices.Clone(w.pos)
	w.run = startKilled(w.t, opt, killAt)
	w.mortal = killAt >= 0
}
