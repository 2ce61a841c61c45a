package firewall

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Fake is a Firewall in memory, as strict as the kernel: a batch with an element that overlaps another in its set, or that removes one that is not
// there, is refused as a whole (EEXIST, ENOENT), and elements end by the clock alone. It prints itself as nft text, and plays the other people who
// change rules. Its methods may be called from several goroutines.
type Fake struct {
	now func() time.Time

	mu      sync.Mutex
	table   *fakeTable // what the kernel has; nil: no table
	held    []Element  // what we believe it has, where known
	allow   []netip.Prefix
	state   fakeState
	hook    func() error
	commits int
	ops     []Op

	drifts  []Drift // not yet given to Watch, the newest maxFakeDrifts
	drifted chan struct{}
}

type fakeState uint8

const (
	unknown  fakeState = iota // write everything anew
	suspect                   // somebody changed elements: read them back
	verified                  // held is true
)

const maxFakeDrifts = 64

var _ Firewall = (*Fake)(nil)

// NewFake returns a Fake without a table. now is its clock, for instance time.Now.
func NewFake(now func() time.Time) *Fake {
	return &Fake{now: now, drifted: make(chan struct{}, 1)}
}

// Name is "fake".
func (f *Fake) Name() string { return "fake" }

// BeforeCommit sets what is called before each commit, without a lock held: its error is the kernel's answer instead of the commit (fault
// injection), and the commit waits for it (a slow kernel). nil ends that.
func (f *Fake) BeforeCommit(hook func() error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hook = hook
}

// Commits is the number of batches that took effect so far.
func (f *Fake) Commits() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.commits
}

// Sync makes the fake kernel hold want. As the real one does, it writes everything anew when a change is refused, and returns the error of that if
// it fails too.
func (f *Fake) Sync(ctx context.Context, want Want) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	live, err := AppendLive(nil, want.Elements, now)
	if err != nil {
		return Result{}, err
	}
	if f.state == suspect && f.table != nil {
		f.held, f.state = f.table.elements(now), verified
	}
	if f.state == verified {
		if result, err := f.change(live, want, now); err == nil {
			return result, nil
		}
	}
	return f.rewrite(live, want, now)
}

// change commits the difference. An error leaves the state unknown.
func (f *Fake) change(live []Element, want Want, now time.Time) (Result, error) {
	ops, err := AppendDiff(f.ops[:0], f.held, live, now)
	f.ops = ops
	if err != nil {
		return Result{}, err
	}
	if len(ops) == 0 && slices.Equal(f.allow, want.Allow) {
		return Result{}, nil
	}
	err = f.commit(live, want.Allow, func(b *fakeBatch) error { return b.apply(ops) })
	return Count(ops), err
}

func (f *Fake) rewrite(live []Element, want Want, now time.Time) (Result, error) {
	err := f.commit(live, want.Allow, func(b *fakeBatch) error { return b.rewrite(live) })
	return Result{Added: len(live), Full: true}, err
}

// commit runs one batch: all of it takes effect, or nothing.
func (f *Fake) commit(live []Element, allow []netip.Prefix, change func(*fakeBatch) error) error {
	f.state = unknown
	if err := f.beforeCommit(); err != nil {
		return err
	}
	batch := newFakeBatch(f.table, f.now())
	if err := change(batch); err != nil {
		return err
	}
	batch.setAllow(allow)
	f.table = batch.table
	f.held, f.allow, f.state = live, slices.Clone(allow), verified
	f.commits++
	return nil
}

// beforeCommit runs the hook unlocked, so that it can wait for others and use f.
func (f *Fake) beforeCommit() error {
	if f.hook == nil {
		return nil
	}
	hook := f.hook
	f.mu.Unlock()
	defer f.mu.Lock()
	return hook()
}

// Counters reads the packets that Packet has counted.
func (f *Fake) Counters(ctx context.Context) (Counters, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.table == nil {
		return Counters{}, nil
	}
	return f.table.counters(f.now()), nil
}

// Remove deletes the table.
func (f *Fake) Remove(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.table, f.held, f.allow, f.state = nil, nil, nil, unknown
	return nil
}

// Close leaves the table in place.
func (f *Fake) Close() error { return nil }

// Count says what a list of Ops does.
func Count(ops []Op) Result {
	var r Result
	for i := range ops {
		switch ops[i].Kind {
		case Add:
			r.Added++
		case Refresh:
			r.Refreshed++
		case Remove:
			r.Removed++
		}
	}
	return r
}
