package tail_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cidrx/agent/tail"

	"github.com/google/go-cmp/cmp"
)

// patience is how long a condition may take to come true. It is never waited for in full unless a test fails.
const patience = time.Minute

// errKilled is what a killed consumer returns instead of taking a chunk.
var errKilled = errors.New("killed")

// run is a Follower at work and what it has handed out.
type run struct {
	t      testing.TB
	f      *tail.Follower
	cancel context.CancelFunc
	done   chan struct{}
	err    error // of Run, once done

	mu     sync.Mutex
	lines  []string // "kind path line"
	pos    []tail.Position
	cut    int
	chunks []tail.Chunk // without Data
	killAt int          // chunks until the consumer dies; negative: never
}

// start follows. Tests wait for conditions, so polls and quiet times can be short.
func start(t testing.TB, opt tail.Options) *run { return startKilled(t, opt, -1) }

func startKilled(t testing.TB, opt tail.Options, killAt int) *run {
	t.Helper()
	if opt.Poll == 0 {
		opt.Poll = 20 * time.Millisecond
	}
	if opt.Quiet == 0 {
		opt.Quiet = 50 * time.Millisecond
	}
	var history failureLog
	opt.Log = history.logger(t)
	ctx, cancel := context.WithCancel(context.Background())
	r := &run{t: t, f: tail.New(opt), cancel: cancel, done: make(chan struct{}), killAt: killAt}
	r.pos = append(r.pos, opt.Resume...)
	go func() {
		defer close(r.done)
		r.err = r.f.Run(ctx, r.take)
	}()
	t.Cleanup(func() { r.stop() })
	return r
}

// take is a consumer that keeps lines and position together, as the agent does.
func (r *run) take(c tail.Chunk) error {
	defer c.Release()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.killAt == 0 {
		return errKilled
	}
	r.killAt--
	for line := range strings.Lines(string(c.Data)) {
		r.lines = append(r.lines, fmt.Sprintf("%s %s %s", kindName(c.Kind), filepath.Base(c.Path), strings.TrimSuffix(line, "\n")))
	}
	r.pos = tail.Merge(r.pos, c.Pos)
	r.cut += c.Cut
	c.Data = nil
	r.chunks = append(r.chunks, c)
	return nil
}

// failureLog keeps what a Follower logs and shows it if the test fails.
type failureLog struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *failureLog) logger(t testing.TB) *slog.Logger {
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of the follower:\n%s", l.text())
		}
	})
	return slog.New(slog.NewTextHandler(l, nil))
}

func (l *failureLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *failureLog) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func kindName(k tail.Kind) string { return [...]string{"live", "catchup", "warmup"}[k] }

// stop stops cleanly and returns the saved positions.
func (r *run) stop() []tail.Position {
	r.t.Helper()
	r.cancel()
	<-r.done
	if r.err != nil && !errors.Is(r.err, errKilled) {
		r.t.Errorf("Run: %v", r.err)
	}
	return r.pos
}

// dead says whether the consumer was killed, or Run has ended otherwise.
func (r *run) dead() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// glance gives the follower the chance to see things as they are now. Whether it takes it does not matter.
func (r *run) glance() {
	for range 20 {
		runtime.Gosched()
		r.got()
	}
}

func (r *run) got() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.lines...)
}

// bare strips kind and path from lines.
func bare(lines []string) []string {
	out := []string{}
	for _, l := range lines {
		out = append(out, strings.SplitN(l, " ", 3)[2])
	}
	return out
}

// wait waits until as many lines have come as are wanted, and compares.
func (r *run) wait(want ...string) {
	r.t.Helper()
	eventually(r.t, fmt.Sprintf("%d lines", len(want)), func() bool { return len(r.got()) >= len(want) })
	if diff := cmp.Diff(want, r.got()); diff != "" {
		r.t.Fatalf("lines (-want +got):\n%s", diff)
	}
}

// following waits until the file at path is open.
func (r *run) following(path string) {
	r.t.Helper()
	eventually(r.t, path+" to be followed", func() bool { return r.follows(path) })
}

// follows says whether the file at path is open.
func (r *run) follows(path string) bool {
	st, err := os.Stat(path)
	return err == nil && slices.ContainsFunc(r.f.Status(), func(s tail.FileStatus) bool {
		return s.Path == path && !s.Rotated && s.Pos.Ino == inode(st)
	})
}

// status finds the status of a path.
func (r *run) status(path string) tail.FileStatus {
	for _, s := range r.f.Status() {
		if s.Path == path && !s.Rotated {
			return s
		}
	}
	return tail.FileStatus{}
}

// hopefully waits until cond is true, and goes on if it does not come true: what follows says what is wrong.
func hopefully(cond func() bool) {
	for deadline := time.Now().Add(patience); !cond() && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
	}
}

func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// logFile is a log and its writer.
type logFile struct {
	t    testing.TB
	path string
	f    *os.File
}

func create(t testing.TB, path string) *logFile {
	l := &logFile{t: t, path: path}
	l.reopen()
	t.Cleanup(func() { l.f.Close() })
	return l
}

// reopen does what a writer does when it is told to, or starts.
func (l *logFile) reopen() {
	l.t.Helper()
	if l.f != nil {
		l.f.Close()
	}
	var err error
	l.f, err = os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	must(l.t, err)
}

func (l *logFile) write(s string) {
	l.t.Helper()
	_, err := l.f.WriteString(s)
	must(l.t, err)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, path, s string) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(s), 0o640))
}

func repeat(s string, n int) string { return string(bytes.Repeat([]byte(s), n)) }
