//go:build linux

package ipset

import (
	"net/netip"
	"slices"
	"time"

	"cidrx/firewall"
)

// tolerance is how far the end of an element in the kernel may be from what was asked for: it counts whole seconds, and ends elements when it comes by.
const tolerance = 3 * time.Second

func byPrefix(a, b firewall.Element) int { return a.Prefix.Compare(b.Prefix) }

func isClose(a, b time.Time) bool { return a.Sub(b).Abs() <= tolerance }

// agrees says whether an element that ends then in the kernel is one that shall end at asked: exactly, or as late as a timeout goes, less what has passed
// until it is renewed.
func agrees(asked, have, now time.Time) bool {
	return isClose(asked, have) || asked.Sub(now) > renewAfter && have.Sub(now) >= renewAfter-tolerance
}

// settle gives the elements read the exact ends that were asked for, where they agree with them.
func settle(have, asked []firewall.Element, now time.Time) []firewall.Element {
	j := 0
	for i := range have {
		for j < len(asked) && asked[j].Prefix.Compare(have[i].Prefix) < 0 {
			j++
		}
		if j < len(asked) && asked[j].Prefix == have[i].Prefix && agrees(asked[j].Until, have[i].Until, now) {
			have[i].Until = asked[j].Until
		}
	}
	return have
}

// same says whether the elements read are those held, but for those that end just now.
func same(have, held []firewall.Element, now time.Time) bool {
	ending := func(e firewall.Element) bool { return !e.Until.IsZero() && e.Until.Before(now.Add(tolerance)) }
	have = slices.DeleteFunc(settle(have, held, now), ending)
	held = slices.DeleteFunc(slices.Clone(held), ending)
	return slices.EqualFunc(have, held, func(a, b firewall.Element) bool { return a.Prefix == b.Prefix && a.Until.Equal(b.Until) })
}

// search finds a prefix in a sorted list, or where it belongs.
func search(elements []firewall.Element, p netip.Prefix) (int, bool) {
	return slices.BinarySearchFunc(elements, p, func(e firewall.Element, p netip.Prefix) int { return e.Prefix.Compare(p) })
}

// overlapping says whether an element lies in another. Our own never do, and the difference of two states is made of such only.
func overlapping(sorted []firewall.Element) bool {
	for i := 1; i < len(sorted); i++ {
		if sorted[i-1].Prefix.Overlaps(sorted[i].Prefix) {
			return true
		}
	}
	return false
}

// plausible says whether the kernel can have so many elements of a family as it says: those that do not end just now, and perhaps those.
func (f *Firewall) plausible(fam family, entries int, now time.Time) bool {
	most, least := 0, 0
	for i := range f.held {
		e := &f.held[i]
		if familyOf(e.Prefix) != fam {
			continue
		}
		n := 1
		if e.Prefix.Bits() == 0 {
			n = 2 // halves
		}
		if e.Until.After(now.Add(tolerance)) || e.Until.IsZero() {
			least += n
		}
		if e.Until.After(now.Add(-tolerance)) || e.Until.IsZero() {
			most += n
		}
	}
	entries -= f.anchors(fam)
	return least <= entries && entries <= most
}

// distinct are the prefixes that the kernel holds for an allowlist: masked, whole spaces as halves, each once, sorted.
func distinct(prefixes []netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	for _, p := range prefixes {
		out = append(out, halves(p.Masked())...)
	}
	slices.SortFunc(out, netip.Prefix.Compare)
	return slices.Compact(out)
}
