package agent

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cidrx/agent/jail"
	"cidrx/agent/state"
	"cidrx/agent/tail"
)

// disk notes what is saved, in order.
type disk struct{ order []string }

func (d *disk) Save(b state.Batch, done func(error)) uint64 {
	switch {
	case b.Full:
		d.order = append(d.order, "everything")
	case len(b.Bans) > 0:
		d.order = append(d.order, "ban")
	case len(b.Positions) > 0:
		d.order = append(d.order, "positions")
	}
	if done != nil {
		go done(nil)
	}
	return uint64(len(d.order))
}

func (d *disk) Saved() uint64 { return uint64(len(d.order)) }

func banEntry(gen uint64) entry {
	p := netip.MustParsePrefix("192.0.2.1/32")
	b := jail.Ban{Prefix: p}
	return entry{gen: gen, batch: state.Batch{Bans: []state.Change[jail.Ban]{{Prefix: p, Value: &b}}}, changes: []jail.Change{{Kind: jail.Banned, Prefix: p, Ban: b}}}
}

func positionEntry(gen uint64, offset int64) entry {
	return entry{gen: gen, batch: state.Batch{Positions: map[string][]tail.Position{"web": {{Offset: offset}}}}}
}

func full() state.Batch { return state.Batch{Full: true} }

func TestLedgerSavesInOrderAndOnlyWhatTheKernelHolds(t *testing.T) {
	d := &disk{}
	l := newLedger(d)
	l.add(banEntry(1), 0)
	l.add(positionEntry(1, 10), 0)
	l.add(positionEntry(2, 20), 0)
	l.add(banEntry(2), 0)
	if len(d.order) != 0 {
		t.Fatalf("saved before the kernel confirmed: %v", d.order)
	}
	l.confirm(1, full, func(entry) {})
	if diff := cmp.Diff([]string{"ban"}, d.order); diff != "" {
		t.Errorf("after the first order, with positions that wait for the second (-want +got):\n%s", diff)
	}
	l.confirm(2, full, func(entry) {})
	if diff := cmp.Diff([]string{"ban", "positions", "ban"}, d.order); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLedgerThatGaveUpSavesEverythingBeforePositions(t *testing.T) {
	d := &disk{}
	l := newLedger(d)
	var lost []entry
	for range maxWaiting + 1 {
		lost = append(lost, l.add(banEntry(1), 0)...)
	}
	l.add(positionEntry(1, 10), 0)
	if len(lost) != maxWaiting || l.dropped != maxWaiting {
		t.Errorf("%d entries were handed back and %d counted, want %d", len(lost), l.dropped, maxWaiting)
	}
	l.confirm(1, full, func(entry) {})
	if diff := cmp.Diff([]string{"everything", "ban", "positions"}, d.order); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for range 10 * maxWaiting {
		if lost := l.add(positionEntry(3, 30), 1); len(lost) > 0 {
			t.Fatal("positions alone made the ledger give up entries")
		}
	}
}
