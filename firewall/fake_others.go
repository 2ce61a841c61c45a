package firewall

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// Packet plays a packet from src: it says whether it passes, and counts it if it does not.
func (f *Fake) Packet(src netip.Addr) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.table == nil || f.table.packet(src, f.now())
}

// Elements are the elements that the fake kernel has now, sorted.
func (f *Fake) Elements() []Element {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.table == nil {
		return nil
	}
	return f.table.elements(f.now())
}

// Allowed is the fake kernel's allowlist, sorted.
func (f *Fake) Allowed() []netip.Prefix {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.table == nil {
		return nil
	}
	var out []netip.Prefix
	for p := range f.table.allow.AllSorted() {
		out = append(out, p)
	}
	return out
}

// Flush plays a foreign "nft flush ruleset", or "nft delete table", by a process named as in Drift.By.
func (f *Fake) Flush(by string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.table == nil {
		return
	}
	f.table, f.state = nil, unknown
	f.report(Drift{What: "table deleted", By: by})
}

// DeleteElement plays a foreign "nft delete element". It returns ENOENT if there is none.
func (f *Fake) DeleteElement(p netip.Prefix, by string) error {
	return f.foreign(by, func(b *fakeBatch) error {
		return b.remove(Element{Prefix: p, Until: b.now.Add(time.Second)})
	})
}

// AddElement plays a foreign "nft add element". It returns EEXIST if it overlaps another.
func (f *Fake) AddElement(e Element, by string) error {
	return f.foreign(by, func(b *fakeBatch) error { return b.add(e) })
}

func (f *Fake) foreign(by string, change func(*fakeBatch) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.table == nil {
		return fmt.Errorf("change the sets: %w", syscall.ENOENT)
	}
	batch := newFakeBatch(f.table, f.now())
	if err := change(batch); err != nil {
		return err
	}
	f.table = batch.table
	f.state = min(f.state, suspect)
	f.report(Drift{What: "elements changed", By: by})
	return nil
}

// report queues a drift for Watch; beyond maxFakeDrifts the oldest goes.
func (f *Fake) report(d Drift) {
	f.drifts = append(f.drifts, d)
	if len(f.drifts) > maxFakeDrifts {
		f.drifts = slices.Delete(f.drifts, 0, 1)
	}
	select {
	case f.drifted <- struct{}{}:
	default:
	}
}

// Watch reports what Flush, DeleteElement and AddElement did, also before it was called.
func (f *Fake) Watch(ctx context.Context, drift func(Drift)) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.drifted:
		}
		f.mu.Lock()
		drifts := f.drifts
		f.drifts = nil
		f.mu.Unlock()
		for _, d := range drifts {
			drift(d)
		}
	}
}
