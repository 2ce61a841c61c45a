//go:build linux

package nftables

import (
	"net/netip"
	"slices"
	"time"

	"cidrx/firewall"
)

// writeOps appends those of ops that are chosen, what is removed before what is added. Kernels that do not take an absent element for deleted
// (before 6.3), or do not replace the timeout of one that is added again (before 6.12), need it added first, deleted, and added.
//
// A network that may have expired is added first on every kernel. Of its two elements only the first expires and is then absent, so the second
// alone would be deleted; and when the kernel collects a first element whose second one is gone, it takes the second one of the next network
// above instead (seen on 6.18; nft_rbtree_gc_scan pairs what it walks by), which then reaches up to the one after it.
func (f *Firewall) writeOps(b *batch, ops []firewall.Op, now time.Time, chosen func(*firewall.Op) bool) {
	deletion := uint16(destroySetElem)
	readd := func(op *firewall.Op) bool { return op.Kind == firewall.Refresh && !f.features.replaces }
	removed := func(op *firewall.Op) bool { return chosen(op) && (op.Kind == firewall.Remove || readd(op)) }
	if !f.features.destroys {
		deletion = deleteElement
	}
	f.writePass(b, addElement, ops, now, func(op *firewall.Op) bool { return removed(op) && (!f.features.destroys || mayBeHalf(op, now)) })
	f.writePass(b, deletion, ops, now, removed)
	f.writePass(b, addElement, ops, now, func(op *firewall.Op) bool { return chosen(op) && op.Kind != firewall.Remove })
}

// expirySlack is how long before its end a network may have expired: clocks differ, and the commit may have to wait.
const expirySlack = 5 * time.Second

// mayBeHalf says that the kernel may have let the first element of a network expire, and have the second one still. When a network to be given a
// new timeout was to end is not known here.
func mayBeHalf(op *firewall.Op, now time.Time) bool {
	network := !isHash(firewall.SetOf(op.Element.Prefix))
	return network && (op.Kind == firewall.Refresh || op.Element.Until.Before(now.Add(expirySlack)))
}

// writePass appends those of ops that are chosen, set by set.
func (f *Firewall) writePass(b *batch, verb uint16, ops []firewall.Op, now time.Time, chosen func(*firewall.Op) bool) {
	for _, set := range banSets {
		w := elementWriter{b: b, table: f.o.Table, set: set, verb: verb, renew: f.features.replaces}
		for i := range ops {
			e := &ops[i].Element
			if firewall.SetOf(e.Prefix) != set || !chosen(&ops[i]) {
				continue
			}
			timeout := time.Duration(0)
			if verb == addElement {
				timeout = left(e.Until, now)
			}
			w.write(e.Prefix, timeout)
		}
		w.close()
	}
}

// writeSet appends those elements that belong to a set.
func (f *Firewall) writeSet(b *batch, set firewall.Set, verb uint16, elements []firewall.Element, now time.Time) {
	w := elementWriter{b: b, table: f.o.Table, set: set, verb: verb, renew: f.features.replaces}
	defer w.close()
	for i := range elements {
		e := &elements[i]
		if firewall.SetOf(e.Prefix) != set {
			continue
		}
		timeout := time.Duration(0)
		if verb == addElement {
			timeout = left(e.Until, now)
		}
		w.write(e.Prefix, timeout)
	}
}

// writeAllow appends the replacement of the allowlist.
func (f *Firewall) writeAllow(b *batch, allow []netip.Prefix) {
	allow = widest(allow)
	for _, set := range allowSets {
		b.flush(f.o.Table, set)
		w := elementWriter{b: b, table: f.o.Table, set: set, verb: addElement}
		for _, p := range allow {
			if firewall.AllowSetOf(p) == set {
				w.write(p, 0)
			}
		}
		w.close()
	}
}

// widest leaves out the prefixes that lie inside others: an interval set holds no overlaps.
func widest(prefixes []netip.Prefix) []netip.Prefix {
	sorted := make([]netip.Prefix, 0, len(prefixes))
	for _, p := range prefixes {
		sorted = append(sorted, p.Masked())
	}
	slices.SortFunc(sorted, netip.Prefix.Compare)
	out := sorted[:0]
	for _, p := range sorted {
		if n := len(out); n == 0 || !out[n-1].Overlaps(p) {
			out = append(out, p)
		}
	}
	return out
}
