package journal_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cidrx/agent/journal"
	"cidrx/agent/tail"
)

// patience is how long something may take that happens at once on an idle machine.
const patience = time.Minute

func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !cond(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fields are the fields of an entry.
type fields map[string]string

// book is a directory of journal files, written by systemd-journal-remote.
type book struct {
	t     testing.TB
	dir   string
	file  string // being written
	files int
	in    io.WriteCloser
	cmd   *exec.Cmd
	clock time.Time // of the newest entry
	boot  int
}

const remote = "/lib/systemd/systemd-journal-remote" // package systemd-journal-remote

func newBook(t testing.TB) *book {
	b := &book{t: t, dir: t.TempDir(), boot: 1, clock: time.Now().Add(-time.Hour).Truncate(time.Microsecond)}
	b.open()
	t.Cleanup(b.close)
	return b
}

func (b *book) open() {
	b.t.Helper()
	b.files++
	b.file = filepath.Join(b.dir, fmt.Sprintf("system%d.journal", b.files))
	b.cmd = exec.Command(remote, "--output="+b.file, "-")
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var err error
	b.in, err = b.cmd.StdinPipe()
	must(b.t, err)
	must(b.t, b.cmd.Start())
	eventually(b.t, "a journal file", func() bool { info, err := os.Stat(b.file); return err == nil && info.Size() > 0 })
}

// close ends the file that is being written.
func (b *book) close() {
	if b.cmd == nil {
		return
	}
	b.in.Close()
	b.cmd.Wait()
	b.cmd = nil
}

// rotate goes on in another file.
func (b *book) rotate() {
	b.t.Helper()
	b.close()
	b.open()
}

// write adds an entry of sshd's, with more fields or others, a second after the one before. An empty value takes the field out.
func (b *book) write(message string, more ...fields) {
	b.t.Helper()
	b.clock = b.clock.Add(time.Second)
	b.writeAt(b.clock, message, more...)
}

func (b *book) writeAt(at time.Time, message string, more ...fields) {
	b.t.Helper()
	all := fields{
		"_MACHINE_ID": "0123456789abcdef0123456789abcdef", "_TRANSPORT": "syslog", "_UID": "0",
		"_PID": "77", "SYSLOG_IDENTIFIER": "sshd", "_COMM": "sshd", "_SYSTEMD_UNIT": "ssh.service", "MESSAGE": message,
	}
	for _, m := range more {
		maps.Copy(all, m)
	}
	var e bytes.Buffer
	fmt.Fprintf(&e, "__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=%032x\n", at.UnixMicro(), at.UnixMicro()-1_600_000_000_000_000, b.boot)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		v := all[name]
		if v == "" {
			continue
		}
		fmt.Fprintf(&e, "%s\n", name)
		binary.Write(&e, binary.LittleEndian, uint64(len(v)))
		fmt.Fprintf(&e, "%s\n", v)
	}
	e.WriteByte('\n')
	_, err := b.in.Write(e.Bytes())
	must(b.t, err)
}

// held waits until the journal files hold n entries of a unit.
func (b *book) held(n int, match string) {
	b.t.Helper()
	eventually(b.t, fmt.Sprintf("%d entries in the files", n), func() bool {
		out, err := exec.Command("journalctl", "--directory="+b.dir, "--output=cat", "--output-fields=_PID", match).Output()
		return err == nil && bytes.Count(out, []byte("\n")) >= n
	})
}

// run is a Follower at work.
type run struct {
	t    testing.TB
	f    *journal.Follower
	stop func() error

	mu        sync.Mutex
	lines     []string
	times     []time.Time
	cut       int
	positions []tail.Position
}

var kinds = map[tail.Kind]string{tail.Live: "live ", tail.CatchUp: "catchup ", tail.WarmUp: "warmup "}

// follow starts a Follower of ssh.service, unless the options have other units.
func (b *book) follow(opt journal.Options) *run {
	b.t.Helper()
	if opt.Command == nil {
		opt.Command = []string{"journalctl", "--directory=" + b.dir}
	}
	return follow(b.t, opt)
}

func follow(t testing.TB, opt journal.Options) *run {
	t.Helper()
	if opt.Units == nil {
		opt.Units = []string{"ssh.service"}
	}
	if opt.Retry == 0 {
		opt.Retry = 5 * time.Millisecond
	}
	r := &run{t: t, f: journal.New(opt), positions: slices.Clone(opt.Resume)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.f.Run(ctx, r.take) }()
	var once sync.Once
	r.stop = func() (err error) {
		once.Do(func() { cancel(); err = <-done })
		return err
	}
	t.Cleanup(func() { r.stop() })
	<-r.f.Ready()
	return r
}

func (r *run) take(c tail.Chunk) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for line := range strings.Lines(string(c.Data)) {
		r.lines = append(r.lines, kinds[c.Kind]+strings.TrimSuffix(line, "\n"))
	}
	if n := bytes.Count(c.Data, []byte("\n")); n != len(c.Times) {
		r.t.Errorf("%d lines with %d times", n, len(c.Times))
	}
	r.times = append(r.times, c.Times...)
	r.cut += c.Cut
	r.positions = tail.Merge(r.positions, c.Pos)
	c.Release()
	c.Release()
	return nil
}

func (r *run) got() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines)
}

// wait waits until there are n lines.
func (r *run) wait(n int) []string {
	r.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		if got := r.got(); len(got) >= n {
			return got
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("waited for %d lines; status %+v, %d lines: %.200q", n, r.f.Status(), len(r.got()), strings.Join(r.got(), "|"))
		}
	}
}

// saved are the positions that the next run begins with.
func (r *run) saved() []tail.Position {
	r.t.Helper()
	must(r.t, r.stop())
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.positions)
}

// loss is a count of Status.
func (r *run) loss(what string) uint64 {
	r.t.Helper()
	for _, l := range r.f.Status()[0].Losses {
		if strings.Contains(l.What, what) {
			return l.N
		}
	}
	r.t.Fatalf("nothing of %q is counted: %+v", what, r.f.Status())
	return 0
}

func withHeader([]byte) bool { return true }
