package syslog_test

import (
	"context"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cidrx/agent/syslog"
	"cidrx/agent/tail"
)

// patience is how long something may take that happens at once on an idle machine.
const patience = time.Minute

func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !cond(); time.Sleep(time.Millisecond) {
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

// run is a Listener at work.
type run struct {
	t    testing.TB
	l    *syslog.Listener
	stop func() error
	hold sync.Mutex // held: nothing is taken

	mu    sync.Mutex
	lines []string // "forged " in front of those that are not believed
	cut   int
}

func listen(t testing.TB, opt syslog.Options) *run {
	t.Helper()
	opt.Retry = 5 * time.Millisecond
	r := &run{t: t, l: syslog.New(opt)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.l.Run(ctx, r.take) }()
	var once sync.Once
	r.stop = func() (err error) {
		once.Do(func() { cancel(); err = <-done })
		return err
	}
	t.Cleanup(func() { r.stop() })
	<-r.l.Ready()
	return r
}

func (r *run) take(c tail.Chunk) error {
	r.hold.Lock()
	defer r.hold.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	forged := ""
	if c.Untrusted != "" {
		forged = "forged "
	}
	for line := range strings.Lines(string(c.Data)) {
		r.lines = append(r.lines, forged+strings.TrimSuffix(line, "\n"))
	}
	r.cut += c.Cut
	c.Release()
	c.Release()
	return nil
}

func (r *run) got() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines)
}

func (r *run) wait(n int) []string {
	r.t.Helper()
	for deadline := time.Now().Add(patience); len(r.got()) < n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			r.t.Fatalf("waited for %d lines; status %+v, lines %.300q", n, r.l.Status(), r.got())
		}
	}
	return r.got()
}

func (r *run) loss(what string) uint64 {
	r.t.Helper()
	for _, l := range r.l.Status()[0].Losses {
		if strings.Contains(l.What, what) {
			return l.N
		}
	}
	r.t.Fatalf("nothing of %q is counted: %+v", what, r.l.Status())
	return 0
}

func (r *run) problem() string { return r.l.Status()[0].Error }

// at is a path for a socket, short enough for one.
func at(t testing.TB) string { return filepath.Join(t.TempDir(), "log.sock") }

func dial(t testing.TB, network, address string) net.Conn {
	t.Helper()
	c, err := net.Dial(network, address)
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

func send(t testing.TB, c net.Conn, datagrams ...string) {
	t.Helper()
	for _, d := range datagrams {
		_, err := c.Write([]byte(d))
		must(t, err)
	}
}
