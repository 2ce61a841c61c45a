package state_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"cidrx/agent/jail"
	"cidrx/agent/state"
	"cidrx/agent/tail"
	"cidrx/detect"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if childMain() {
		return
	}
	goleak.VerifyTestMain(m)
}

// equal compares prefixes and addresses by value, and no list with an empty one.
var equal = cmp.Options{
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	cmpopts.EquateEmpty(),
	cmpopts.IgnoreFields(state.Recovered{}, "KeptAs"),
}

// difference is cmp.Diff for much data, which is a hundred times as slow as reflect.DeepEqual.
func difference[V any](want, got V) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return cmp.Diff(want, got, equal)
}

var day = time.Date(2026, 11, 21, 20, 15, 0, 123456789, time.UTC)

// running is a store whose Run runs.
type running struct {
	*state.Store
	t    *testing.T
	stop context.CancelFunc
	done chan error
}

// open opens a store and runs it until the end of the test.
func open(t *testing.T, path string, o state.Options) (*running, *state.Recovered) {
	t.Helper()
	s, rec, err := state.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &running{Store: s, t: t, stop: stop, done: make(chan error, 1)}
	go func() { r.done <- s.Run(ctx) }()
	t.Cleanup(func() { r.close() })
	return r, rec
}

// close ends Run and the store, and returns what Run returned.
func (r *running) close() error {
	if r.stop == nil {
		return nil
	}
	r.stop()
	r.stop = nil
	err := <-r.done
	if err := r.Close(); err != nil {
		r.t.Errorf("Close: %v", err)
	}
	return err
}

// save waits for a batch to be on the disk.
func (r *running) save(b state.Batch) {
	r.t.Helper()
	if err := r.try(b); err != nil {
		r.t.Fatalf("Save: %v", err)
	}
}

// try waits for the answer to a batch.
func (r *running) try(b state.Batch) error {
	done := make(chan error, 1)
	r.Save(b, func(err error) { done <- err })
	select {
	case err := <-done:
		return err
	case <-time.After(time.Minute):
		r.t.Fatal("no answer to Save")
		return nil
	}
}

// until waits for something to become true.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func sampleBan(p string) jail.Ban {
	return jail.Ban{
		Prefix: prefix(p), Except: []netip.Prefix{prefix("192.0.2.7/32"), prefix("2001:db8::/64")},
		Start: day, Until: day.Add(time.Hour), Stage: 2, Origin: jail.Manual,
		Reasons: []string{`strategy "botnet", tier 1`, "by hand"}, By: "alice (uid 1000)",
		Evidence: detect.Evidence{Requests: 1 << 40, Hosts: 64, Share: 0.0625, First: day.Add(-time.Minute), Last: day, Samples: []string{"a line\x00\xff", ""}},
		Observed: true, Exported: true, Leaked: true, Ended: true, Ending: jail.ByTime, Next: 3,
	}
}

func sampleBatch() state.Batch {
	zero := jail.Ban{Prefix: prefix("::/0"), Stage: -1}
	return state.Batch{
		Bans:   []state.Change[jail.Ban]{state.Put(prefix("198.51.100.0/24"), sampleBan("198.51.100.0/24")), state.Put(zero.Prefix, zero)},
		Ended:  []state.Change[jail.Ban]{state.Put(prefix("203.0.113.9/32"), sampleBan("203.0.113.9/32"))},
		Graces: []state.Change[jail.Grace]{state.Put(prefix("192.0.2.1/32"), jail.Grace{Prefix: prefix("192.0.2.1/32"), Since: day, Until: day.Add(time.Hour), By: "bob"})},
		Allow:  []state.Change[jail.AllowEntry]{state.Put(prefix("192.0.2.0/24"), jail.AllowEntry{Prefix: prefix("192.0.2.0/24"), Note: "office <ü>", Origin: "run-time"})},
		Mode:   &state.Mode{Enforce: true, Since: day, By: "alice", ConfirmBy: day.Add(10 * time.Minute)},
		Positions: map[string][]tail.Position{
			"web": {{Path: "/var/log/nginx/access.log", Dev: 1, Ino: 1 << 60, Offset: 12345, Sum: 1<<64 - 1, SumLen: 256}, {Path: "/x", Done: true}},
			"":    {{Path: "/var/log/auth.log"}},
		},
		Audit: []state.Event{{At: day, JSON: []byte(`{"event":"ban"}`)}, {At: day, JSON: []byte(`{"event":"unban"}`)}},
	}
}

func sampleRecovered() *state.Recovered {
	b := sampleBatch()
	return &state.Recovered{
		Snapshot: jail.Snapshot{Bans: []jail.Ban{*b.Bans[0].Value, *b.Bans[1].Value}, Ended: []jail.Ban{*b.Ended[0].Value}, Graces: []jail.Grace{*b.Graces[0].Value}},
		Allow:    []jail.AllowEntry{*b.Allow[0].Value}, Mode: b.Mode, Positions: b.Positions,
	}
}

// events reads the whole audit trail, as "number JSON".
func events(t *testing.T, s *state.Store) (list []string) {
	t.Helper()
	err := s.Audit(t.Context(), false, func(e state.Event) error {
		list = append(list, fmt.Sprintf("%d %s", e.Seq, e.JSON))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestEverythingSurvives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "state.db")
	s, rec := open(t, path, state.Options{})
	if diff := cmp.Diff(&state.Recovered{}, rec, equal); diff != "" {
		t.Errorf("a new store holds (-want +got):\n%s", diff)
	}
	s.save(sampleBatch())
	s.close()
	s, rec = open(t, path, state.Options{})
	if diff := cmp.Diff(sampleRecovered(), rec, equal); diff != "" {
		t.Errorf("after reopening (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{`1 {"event":"ban"}`, `2 {"event":"unban"}`}, events(t, s.Store)); diff != "" {
		t.Errorf("audit trail (-want +got):\n%s", diff)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v: log lines are for the agent only", info.Mode(), err)
	}
}

func TestDelete(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, _ := open(t, path, state.Options{})
	s.save(sampleBatch())
	s.save(state.Batch{
		Bans:      []state.Change[jail.Ban]{state.Delete[jail.Ban](prefix("::/0")), state.Delete[jail.Ban](prefix("192.0.2.99/32"))},
		Ended:     []state.Change[jail.Ban]{state.Delete[jail.Ban](prefix("203.0.113.9/32"))},
		Graces:    []state.Change[jail.Grace]{state.Delete[jail.Grace](prefix("192.0.2.1/32"))},
		Allow:     []state.Change[jail.AllowEntry]{state.Delete[jail.AllowEntry](prefix("192.0.2.0/24"))},
		Positions: map[string][]tail.Position{"": nil},
	})
	s.close()
	_, rec := open(t, path, state.Options{})
	want := sampleRecovered()
	want.Bans, want.Ended, want.Graces, want.Allow = want.Bans[:1], nil, nil, nil
	delete(want.Positions, "")
	if diff := cmp.Diff(want, rec, equal); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFullReplacesAllButTheAuditTrail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, _ := open(t, path, state.Options{})
	s.save(sampleBatch())
	ban := sampleBan("10.0.0.0/8")
	s.save(state.Batch{Full: true, Bans: []state.Change[jail.Ban]{state.Put(ban.Prefix, ban)}})
	s.close()
	s, rec := open(t, path, state.Options{})
	if diff := cmp.Diff(&state.Recovered{Snapshot: jail.Snapshot{Bans: []jail.Ban{ban}}}, rec, equal); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := len(events(t, s.Store)); got != 2 {
		t.Errorf("%d events instead of 2", got)
	}
}

func TestWhatCannotBeReadIsNotWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, _ := open(t, path, state.Options{})
	good, bad := sampleBan("10.0.0.0/8"), sampleBan("11.0.0.0/8")
	bad.Except = []netip.Prefix{{}}
	s.save(state.Batch{
		Bans: []state.Change[jail.Ban]{
			state.Put(netip.Prefix{}, good), state.Put(netip.MustParsePrefix("10.1.2.3/8"), good), state.Put(bad.Prefix, bad), state.Put(good.Prefix, good),
		},
		Mode:  &state.Mode{Since: time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC)},
		Audit: []state.Event{{JSON: []byte(strings.Repeat("x", 1<<17))}},
	})
	s.close()
	_, rec := open(t, path, state.Options{})
	if diff := cmp.Diff(&state.Recovered{Snapshot: jail.Snapshot{Bans: []jail.Ban{good}}}, rec, equal); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNumbersAndOrder(t *testing.T) {
	s, _ := open(t, filepath.Join(t.TempDir(), "state.db"), state.Options{})
	const batches = 2000
	var all sync.WaitGroup
	ban := sampleBan("10.0.0.0/8")
	for i := range batches {
		ban.Stage = i
		all.Add(1)
		n := s.Save(state.Batch{Bans: []state.Change[jail.Ban]{state.Put(ban.Prefix, ban)}, Audit: []state.Event{{At: day, JSON: fmt.Appendf(nil, "%d", i)}}}, func(err error) {
			if err != nil {
				t.Errorf("batch %d: %v", i, err)
			}
			if s.Saved() < uint64(i+1) {
				t.Errorf("batch %d is answered, but only %d are saved", i+1, s.Saved())
			}
			all.Done()
		})
		if n != uint64(i+1) {
			t.Fatalf("batch %d has number %d", i+1, n)
		}
	}
	all.Wait()
	list := events(t, s.Store)
	if len(list) != batches || list[batches-1] != fmt.Sprintf("%d %d", batches, batches-1) {
		t.Errorf("%d events, the last %q", len(list), list[len(list)-1])
	}
}

// Positions that come all the time are not worth an fsync each, but they do get to the disk.
func TestPositionsAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, _ := open(t, path, state.Options{})
	for i := range 1000 {
		s.Save(state.Batch{Positions: map[string][]tail.Position{"web": {{Offset: int64(i)}}}}, nil)
	}
	until(t, "positions are saved", func() bool { return s.Saved() == 1000 })
	s.Save(state.Batch{Positions: map[string][]tail.Position{"web": {{Offset: 1000}}}}, nil)
	s.close() // does not wait for company
	_, rec := open(t, path, state.Options{})
	if got := rec.Positions["web"]; len(got) != 1 || got[0].Offset != 1000 {
		t.Errorf("positions %v", got)
	}
}

func TestSaveAfterTheEnd(t *testing.T) {
	s, _ := open(t, filepath.Join(t.TempDir(), "state.db"), state.Options{})
	s.save(state.Batch{Mode: &state.Mode{}})
	s.close()
	done := make(chan error)
	s.Save(sampleBatch(), func(err error) { done <- err })
	if err := <-done; !errors.Is(err, state.ErrClosed) {
		t.Errorf("answer %v", err)
	}
	if s.Saved() != 1 {
		t.Errorf("%d batches saved", s.Saved())
	}
}

// What is handed over before Run begins is saved by it, even if it is told to stop at once.
func TestSaveBeforeRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, _, err := state.Open(path, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.Save(sampleBatch(), nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := errors.Join(s.Run(ctx), s.Close()); err != nil {
		t.Fatal(err)
	}
	_, rec := open(t, path, state.Options{})
	if diff := cmp.Diff(sampleRecovered(), rec, equal); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The caller may go on using what it handed over.
func TestSaveCopies(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, _, err := state.Open(path, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := sampleBatch()
	s.Save(b, nil)
	b.Bans[0].Value.Reasons[0] = "changed"
	b.Positions["web"][0].Offset = 99
	b.Audit[0].JSON[2] = 'X'
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := errors.Join(s.Run(ctx), s.Close()); err != nil {
		t.Fatal(err)
	}
	r, rec := open(t, path, state.Options{})
	if diff := cmp.Diff(sampleRecovered(), rec, equal); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := events(t, r.Store)[0]; got != `1 {"event":"ban"}` {
		t.Errorf("event %s", got)
	}
}

// runOnce saves what was handed over and closes the store.
func runOnce(t testing.TB, s *state.Store) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := errors.Join(s.Run(ctx), s.Close()); err != nil {
		t.Fatal(err)
	}
}
