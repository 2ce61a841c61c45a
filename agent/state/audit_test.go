package state_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cidrx/agent/jail"
	"cidrx/agent/state"
)

// event is an event of about size bytes.
func event(i, size int) state.Event {
	return state.Event{At: time.Now(), JSON: fmt.Appendf(nil, `{"n":%d,"x":"%0*d"}`, i, size, 0)}
}

func TestAuditIsBoundedBySize(t *testing.T) {
	const bound = 1 << 20
	path := filepath.Join(t.TempDir(), "state.db")
	s, _ := open(t, path, state.Options{AuditBytes: bound})
	written := uint64(0)
	for i := range 300 {
		var b state.Batch
		for k := range 100 {
			b.Audit = append(b.Audit, event(100*i+k, 100+i))
			written++
		}
		s.save(b)
		if c := s.Counts(); c.AuditBytes > bound || c.AuditEvents+c.AuditPruned != written {
			t.Fatalf("after %d events: %+v", written, c)
		}
	}
	c := s.Counts()
	if c.AuditBytes < bound/2 || c.FileBytes > 4*bound {
		t.Errorf("%+v: much less than there is room for, or a file that grows", c)
	}
	list := events(t, s.Store)
	if len(list) != int(c.AuditEvents) || !strings.HasPrefix(list[len(list)-1], fmt.Sprint(written, " ")) || !strings.HasPrefix(list[0], fmt.Sprint(c.AuditPruned+1, " ")) {
		t.Errorf("%d events from %.20q to %.20q", len(list), list[0], list[len(list)-1])
	}
	s.close()
	checkWithBolt(t, path)
	s, rec := open(t, path, state.Options{AuditBytes: bound / 8}) // lowered
	if rec.Damage != "" {
		t.Error(rec.Damage)
	}
	s.save(state.Batch{Audit: []state.Event{event(0, 10)}})
	if got := s.Counts().AuditBytes; got > bound/8 {
		t.Errorf("%d bytes after the bound was lowered to %d", got, bound/8)
	}
}

func TestAuditIsBoundedByAge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, _ := open(t, path, state.Options{AuditAge: 24 * time.Hour})
	for i, age := range []time.Duration{30 * time.Hour, 25 * time.Hour, 23 * time.Hour, 0} {
		e := event(i, 10)
		e.At = time.Now().Add(-age)
		s.save(state.Batch{Audit: []state.Event{e}})
	}
	if c := s.Counts(); c.AuditEvents != 2 || c.AuditPruned != 2 {
		t.Errorf("%+v", c)
	}
	if got := events(t, s.Store); len(got) != 2 || !strings.HasPrefix(got[0], "3 ") {
		t.Errorf("%q", got)
	}
}

// When everything has been pruned the numbers go on.
func TestAuditNumbersAreNeverUsedTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, _ := open(t, path, state.Options{AuditAge: time.Hour})
	for range 3 {
		s.save(state.Batch{Audit: []state.Event{{At: day.AddDate(-1, 0, 0), JSON: []byte("{}")}}})
	}
	s.close()
	s, _ = open(t, path, state.Options{AuditAge: time.Hour})
	s.save(state.Batch{Audit: []state.Event{event(1, 1)}})
	if got := events(t, s.Store); len(got) != 1 || !strings.HasPrefix(got[0], "4 ") {
		t.Errorf("%q", got)
	}
}

func TestAuditFollow(t *testing.T) {
	s, _ := open(t, filepath.Join(t.TempDir(), "state.db"), state.Options{})
	s.save(state.Batch{Audit: []state.Event{event(1, 10), event(2, 10)}})
	ctx, cancel := context.WithCancel(t.Context())
	got, done := make(chan uint64, 10000), make(chan error, 1)
	go func() { done <- s.Audit(ctx, true, func(e state.Event) error { got <- e.Seq; return nil }) }()
	want := uint64(0)
	next := func() {
		want++
		select {
		case n := <-got:
			if n != want {
				t.Errorf("event %d instead of %d", n, want)
			}
		case <-time.After(time.Minute):
			t.Fatalf("event %d never came", want)
		}
	}
	next()
	next()
	for i := range 1000 {
		s.Save(state.Batch{Audit: []state.Event{event(i, 10), event(i, 10)}}, nil)
		if i%10 == 0 {
			next()
		}
	}
	for want < 2002 {
		next()
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Audit: %v", err)
	}
	broken := errors.New("client has gone")
	if err := s.Audit(t.Context(), true, func(state.Event) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("Audit: %v", err)
	}
}

// A client that does not read neither holds up the writer nor makes the file grow, and it is told what it has missed.
func TestAuditSlowReader(t *testing.T) {
	const bound = 256 << 10
	s, _ := open(t, filepath.Join(t.TempDir(), "state.db"), state.Options{AuditBytes: bound})
	s.save(state.Batch{Audit: []state.Event{event(0, 10)}})
	reading, goOn := make(chan bool), make(chan bool)
	done := make(chan error, 1)
	go func() {
		done <- s.Audit(t.Context(), true, func(e state.Event) error {
			if e.Seq == 1 {
				close(reading)
				<-goOn
			}
			return nil
		})
	}()
	<-reading
	for i := range 5000 {
		s.Save(state.Batch{Audit: []state.Event{event(i, 500)}}, nil)
		if i%100 == 0 {
			s.save(state.Batch{})
		}
	}
	s.save(state.Batch{})
	if c := s.Counts(); c.FileBytes > 8*bound {
		t.Errorf("%+v", c)
	}
	close(goOn)
	if err := <-done; err == nil || !strings.Contains(err.Error(), "pruned") {
		t.Errorf("Audit: %v", err)
	}
}

// A file that is mostly free pages is made smaller when it opens.
func TestCompaction(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, _ := open(t, path, state.Options{AuditBytes: 32 << 20})
	for i := range 100 {
		var b state.Batch
		for k := range 500 {
			b.Audit = append(b.Audit, event(i*500+k, 500))
		}
		s.save(b)
	}
	s.save(sampleBatch())
	s.close()
	s, _ = open(t, path, state.Options{AuditBytes: 64 << 10})
	for range 12 {
		s.save(state.Batch{Audit: []state.Event{event(0, 10)}})
	}
	want := events(t, s.Store)
	s.close()
	before := size(t, path)
	s, rec := open(t, path, state.Options{AuditBytes: 64 << 10})
	if after := size(t, path); after > 1<<20 || before < 8<<20 {
		t.Errorf("%d bytes, before %d", after, before)
	}
	if got := events(t, s.Store); rec.Damage != "" || len(rec.Bans) != 2 || len(got) != len(want) || got[0] != want[0] {
		t.Errorf("damage %q, %d bans, %d events of %d", rec.Damage, len(rec.Bans), len(got), len(want))
	}
	ban := sampleBan("10.0.0.0/8")
	s.save(state.Batch{Bans: []state.Change[jail.Ban]{state.Put(ban.Prefix, ban)}})
	s.close()
	checkWithBolt(t, path)
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
