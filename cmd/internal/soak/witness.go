package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"go4.org/netipx"

	"cidrx/cmd/internal/rig"
)

// witness hears of every element that reaches the kernel.
type witness struct {
	monitor  *rig.Monitor
	cast     *cast
	standing map[netip.Addr]bool // keys of the elements of bans that are in force all the time
	longest  time.Duration       // that others last

	mu      sync.Mutex
	flushed time.Time           // when a table was last deleted
	missing map[netip.Addr]bool // of standing, since expect
	back    time.Time           // when none was missing any more
	wrong   faults
}

// faults are things that must not happen. The first few are told.
type faults struct {
	n     int
	first []string
}

func (f *faults) add(format string, args ...any) {
	if f.n++; len(f.first) < 5 {
		f.first = append(f.first, fmt.Sprintf(format, args...))
	}
}

func newWitness(m *rig.Monitor, c *cast, standing []netip.Prefix, longest time.Duration) *witness {
	w := &witness{monitor: m, cast: c, standing: map[netip.Addr]bool{}, longest: longest}
	for _, p := range standing {
		w.standing[p.Addr()] = true
		if !singleHost(p) {
			w.standing[netipx.PrefixLastIP(p).Next()] = true
		}
	}
	return w
}

// run listens until ctx is done.
func (w *witness) run(ctx context.Context) error {
	for ctx.Err() == nil {
		e, ok := w.monitor.Next(time.Now().Add(200 * time.Millisecond))
		if !ok {
			if err := w.monitor.Err(); err != nil {
				return err
			}
			continue
		}
		w.hear(e)
	}
	return nil
}

func (w *witness) hear(e rig.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.Deleted {
		w.flushed = e.At
	}
	for _, key := range e.Added {
		if w.standing[key] {
			delete(w.missing, key)
		} else {
			w.attacker(key, e.At)
		}
	}
	if e.Committed && w.back.IsZero() && len(w.missing) == 0 {
		w.back = e.At
	}
}

// attacker takes down that an attacker's element, or one that should not be, has been added.
func (w *witness) attacker(key netip.Addr, at time.Time) {
	w.cast.mu.Lock()
	defer w.cast.mu.Unlock()
	a := w.cast.byKey[key]
	switch {
	case a == nil && !w.cast.ends[key]:
		w.wrong.add("%v was banned, which did not attack", key)
	case a == nil: // the end of a network's interval
	case a.crossed.IsZero():
		w.wrong.add("%v was banned after %d of %d lines", a.prefix, a.sent, a.needs)
	case a.inForce.IsZero():
		a.inForce = at
	case at.Sub(a.inForce) > w.longest:
		w.wrong.add("%v was banned again, %v after the first time", a.prefix, at.Sub(a.inForce))
	}
}

// expect waits for all standing bans to come from now on.
func (w *witness) expect() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.back, w.flushed, w.missing = time.Time{}, time.Time{}, make(map[netip.Addr]bool, len(w.standing))
	for key := range w.standing {
		w.missing[key] = true
	}
}

// patience is how long to wait for what takes milliseconds: then it does not come at all.
const patience = 2 * time.Minute

// allBack waits until all that is expected has come, and says when the last commit of it ended, and when the table was deleted.
func (w *witness) allBack(ctx context.Context) (back, flushed time.Time, err error) {
	err = poll(ctx, "all standing bans are in the kernel again", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		back, flushed = w.back, w.flushed
		return !back.IsZero()
	})
	return back, flushed, err
}

// banned waits until the attacker's ban is in force, and says since when it is.
func (w *witness) banned(ctx context.Context, a *attacker) (at time.Time, err error) {
	err = poll(ctx, fmt.Sprintf("%v is banned", a.prefix), func() bool {
		w.cast.mu.Lock()
		defer w.cast.mu.Unlock()
		at = a.inForce
		return !at.IsZero()
	})
	return at, err
}

// errLate says that something did not happen.
var errLate = errors.New("did not happen")

// poll asks until what is so.
func poll(ctx context.Context, what string, ok func() bool) error {
	for deadline := time.Now().Add(patience); !ok(); {
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: %w within %v", what, errLate, patience)
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// pause sleeps unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
