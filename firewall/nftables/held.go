//go:build linux

package nftables

import (
	"net/netip"
	"slices"
	"time"

	"cidrx/firewall"
)

// fewOps is how many changes are made to the list of what is held one by one; more are made by a copy of all that is wanted.
const fewOps = 16

// hold notes that the kernel has all of want, which it came to by ops.
func (f *Firewall) hold(want firewall.Want, ops []firewall.Op, now time.Time) {
	if len(ops) <= fewOps {
		for i := range ops {
			f.holdOne(&ops[i])
		}
	} else {
		f.held = append(f.held[:0], want.Elements...)
		f.held = slices.DeleteFunc(f.held, func(e firewall.Element) bool { return !e.Until.After(now) })
	}
	if !slices.Equal(f.allow, want.Allow) {
		f.allow = slices.Clone(want.Allow)
	}
	f.anew, f.state = false, verified
}

func (f *Firewall) holdOne(op *firewall.Op) {
	i, found := search(f.held, op.Element.Prefix)
	switch {
	case op.Kind == firewall.Remove && found:
		f.held = slices.Delete(f.held, i, i+1)
	case op.Kind != firewall.Remove && found:
		f.held[i] = op.Element
	case op.Kind != firewall.Remove:
		f.held = slices.Insert(f.held, i, op.Element)
	}
}

// search finds a prefix in a sorted list, or where it belongs.
func search(elements []firewall.Element, p netip.Prefix) (int, bool) {
	return slices.BinarySearchFunc(elements, p, func(e firewall.Element, p netip.Prefix) int { return e.Prefix.Compare(p) })
}
