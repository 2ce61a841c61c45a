package firewall

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"github.com/gaissmai/bart"
)

// fakeTable is a table of the fake kernel. A batch works on a copy; the prefix tables inside are persistent, so the copy is cheap.
type fakeTable struct {
	allow   *bart.Table[struct{}]
	sets    map[Set]*bart.Table[*fakeElement]
	dropped map[Set]uint64 // packets, by the set that matched
}

type fakeElement struct {
	timeout time.Duration // as given with the last add
	until   time.Time
	packets uint64
}

// banSets are the sets with elements that end, in the order in which a packet meets them.
var banSets = []Set{Host4, Host6, Net4, Net6}

func newFakeTable() *fakeTable {
	t := &fakeTable{allow: new(bart.Table[struct{}]), sets: map[Set]*bart.Table[*fakeElement]{}, dropped: map[Set]uint64{}}
	for _, set := range banSets {
		t.sets[set] = new(bart.Table[*fakeElement])
	}
	return t
}

// fakeBatch is a change under way.
type fakeBatch struct {
	table *fakeTable // a copy; nil if there is no table
	now   time.Time
}

func newFakeBatch(t *fakeTable, now time.Time) *fakeBatch {
	b := &fakeBatch{now: now}
	if t != nil {
		b.table = &fakeTable{allow: t.allow, sets: maps.Clone(t.sets), dropped: t.dropped}
	}
	return b
}

// rewrite flushes the sets, making the table if need be, and fills them.
func (b *fakeBatch) rewrite(elements []Element) error {
	fresh := newFakeTable()
	if b.table != nil {
		fresh.dropped = b.table.dropped
	}
	b.table = fresh
	for _, e := range elements {
		if err := b.check(e); err != nil {
			return err
		}
		fresh.sets[SetOf(e.Prefix)].Insert(e.Prefix, b.element(e, 0))
	}
	return nil
}

// apply makes changes, removals first.
func (b *fakeBatch) apply(ops []Op) error {
	if b.table == nil {
		return fmt.Errorf("change the sets: %w", syscall.ENOENT)
	}
	for _, op := range ops {
		if op.Kind != Remove {
			continue
		}
		if err := b.remove(op.Element); err != nil {
			return err
		}
	}
	for _, op := range ops {
		if op.Kind == Remove {
			continue
		}
		if err := b.add(op.Element); err != nil {
			return err
		}
	}
	return nil
}

// add is strict about overlaps within a set, except with the very same prefix, whose end it replaces (kernels from 6.12 on).
func (b *fakeBatch) add(e Element) error {
	if err := b.check(e); err != nil {
		return err
	}
	set := SetOf(e.Prefix)
	packets := uint64(0)
	if old, ok := b.table.sets[set].Get(e.Prefix); ok && old.until.After(b.now) {
		packets = old.packets
	}
	b.table.sets[set] = b.table.sets[set].InsertPersist(e.Prefix, b.element(e, packets))
	return nil
}

func (b *fakeBatch) check(e Element) error {
	if !e.Until.After(b.now) {
		return fmt.Errorf("add %v to %s: it has ended: %w", e.Prefix, SetOf(e.Prefix), syscall.ERANGE)
	}
	t := b.table.sets[SetOf(e.Prefix)]
	if !t.OverlapsPrefix(e.Prefix) {
		return nil
	}
	for p, old := range t.Supernets(e.Prefix) {
		if p != e.Prefix && old.until.After(b.now) {
			return fmt.Errorf("add %v to %s: overlaps %v: %w", e.Prefix, SetOf(e.Prefix), p, syscall.EEXIST)
		}
	}
	for p, old := range t.Subnets(e.Prefix) {
		if p != e.Prefix && old.until.After(b.now) {
			return fmt.Errorf("add %v to %s: overlaps %v: %w", e.Prefix, SetOf(e.Prefix), p, syscall.EEXIST)
		}
	}
	return nil
}

func (b *fakeBatch) element(e Element, packets uint64) *fakeElement {
	return &fakeElement{timeout: e.Until.Sub(b.now), until: e.Until, packets: packets}
}

// remove is strict: what it removes must be there, unless its time was over anyway.
func (b *fakeBatch) remove(e Element) error {
	set := SetOf(e.Prefix)
	old, ok := b.table.sets[set].Get(e.Prefix)
	if e.Until.After(b.now) && (!ok || !old.until.After(b.now)) {
		return fmt.Errorf("delete %v from %s: %w", e.Prefix, set, syscall.ENOENT)
	}
	b.table.sets[set] = b.table.sets[set].DeletePersist(e.Prefix)
	return nil
}

func (b *fakeBatch) setAllow(allow []netip.Prefix) {
	b.table.allow = new(bart.Table[struct{}])
	for _, p := range allow {
		b.table.allow.Insert(p.Masked(), struct{}{})
	}
}

// elements are the live ones, sorted.
func (t *fakeTable) elements(now time.Time) []Element {
	var out []Element
	for _, set := range banSets {
		for p, e := range t.sets[set].All() {
			if e.until.After(now) {
				out = append(out, Element{Prefix: p, Until: e.until})
			}
		}
	}
	slices.SortFunc(out, func(a, b Element) int { return a.Prefix.Addr().Compare(b.Prefix.Addr()) })
	return out
}

func (t *fakeTable) counters(now time.Time) Counters {
	c := Counters{Elements: map[netip.Prefix]uint64{}, Sets: map[string]uint64{}}
	for _, set := range banSets {
		c.Sets[string(set)] = t.dropped[set]
		for p, e := range t.sets[set].All() {
			if e.until.After(now) {
				c.Elements[p] = e.packets
			}
		}
	}
	return c
}

// packet says whether a packet from src passes, and counts it if not.
func (t *fakeTable) packet(src netip.Addr, now time.Time) bool {
	if t.allow.Contains(src) {
		return true
	}
	for _, set := range banSets {
		if e, ok := t.sets[set].Lookup(src); ok && e.until.After(now) {
			e.packets++
			t.dropped[set]++
			return false
		}
	}
	return true
}
