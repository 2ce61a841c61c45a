package jail

import (
	"net/netip"
	"slices"
	"sort"
	"time"
)

// Hold is one prefix that the firewall shall hold.
type Hold struct {
	Prefix netip.Prefix
	Until  time.Time // zero: for ever, as far as the jail knows
}

// holds is what the firewall shall hold, and what of it is out of date.
type holds struct {
	list    []Hold // sorted, disjoint; never written to once it was handed out
	version uint64
	stale   []netip.Prefix // where bans or exemptions have changed
	all     bool           // everywhere
	cut     map[netip.Prefix]int
}

// touch notes that what is held inside p may have changed.
func (h *holds) touch(p netip.Prefix) {
	if !h.all {
		h.stale = append(h.stale, p)
	}
	if len(h.stale) > 1024 && len(h.stale) > len(h.list)/4 { // then it is cheaper to begin anew
		h.touchAll()
	}
}

func (h *holds) touchAll() { h.stale, h.all = nil, true }

// Holds is what the firewall shall hold now: sorted by address (IPv4 first), disjoint, without what is allowed, never banned or carved
// out, and empty while observing. Each piece is to be held until the last of the bans that cover it ends, so what is held shrinks in time
// just as the bans end, whether or not anybody calls again. The number changes when the list does. The slice is never written to again;
// the caller must not write to it either.
//
// Only what changed since the last call is cut anew, with all that lies in the widest ban around it; the rest of the list is copied.
func (j *Jail) Holds() ([]Hold, uint64) {
	h := &j.firewall
	if len(h.stale) == 0 && !h.all {
		return h.list, h.version
	}
	regions := j.staleRegions()
	h.stale, h.all = nil, false
	list := make([]Hold, 0, len(h.list)+len(regions)+16)
	changed, from := false, 0
	for _, r := range regions {
		low, high := h.span(r)
		list = append(list, h.list[from:low]...)
		begin := len(list)
		list = j.hold(r, list)
		changed = changed || !slices.Equal(h.list[low:high], list[begin:])
		from = high
	}
	if changed {
		h.list = append(list, h.list[from:]...)
		h.version++
	}
	return h.list, h.version
}

// staleRegions are the networks to be cut anew, sorted and disjoint. What is held never crosses the border of one: it came from a ban, and
// either that or a wider one is there still, and then it is the region; or it has ended, and then it is stale itself.
func (j *Jail) staleRegions() []netip.Prefix {
	if j.firewall.all {
		return []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)}
	}
	regions := make([]netip.Prefix, len(j.firewall.stale))
	for i, p := range j.firewall.stale {
		regions[i] = j.widest(p)
	}
	slices.SortFunc(regions, netip.Prefix.Compare)
	kept := regions[:0]
	for _, r := range regions {
		if len(kept) == 0 || !covers(kept[len(kept)-1], r) {
			kept = append(kept, r)
		}
	}
	return kept
}

// span is where the pieces inside r are in the list.
func (h *holds) span(r netip.Prefix) (low, high int) {
	low = sort.Search(len(h.list), func(i int) bool { return h.list[i].Prefix.Addr().Compare(r.Addr()) >= 0 })
	n := sort.Search(len(h.list)-low, func(i int) bool { return !r.Contains(h.list[low+i].Prefix.Addr()) })
	return low, low + n
}

// hold appends the pieces of all bans inside region, one after the other of those that lie in no other.
func (j *Jail) hold(region netip.Prefix, out []Hold) []Hold {
	for p := range j.firewall.cut {
		if covers(region, p) {
			delete(j.firewall.cut, p)
		}
	}
	var outer netip.Prefix
	var group []claim
	for p, b := range j.bans.Subnets(region) {
		if !j.enforced(b) {
			continue
		}
		if len(group) > 0 && !covers(outer, p) {
			out = j.holdGroup(outer, group, out)
			group = group[:0]
		}
		if len(group) == 0 {
			outer = p
		}
		group = append(group, claims(b)...)
	}
	if len(group) > 0 {
		out = j.holdGroup(outer, group, out)
	}
	return out
}

// enforced says whether the firewall is to hold b.
func (j *Jail) enforced(b *ban) bool { return !j.o.Observe && !b.Observed && !b.Exported }

// claims is what b covers.
func claims(b *ban) []claim {
	if len(b.Except) == 0 {
		return []claim{{b.Prefix, b.Until}}
	}
	pieces, _ := carve(b.Prefix, []claim{{b.Prefix, b.Until}}, b.Except, nil)
	parts := make([]claim, len(pieces))
	for i, p := range pieces {
		parts[i] = claim{p.Prefix, p.Until}
	}
	return parts
}

// holdGroup appends the pieces of the bans inside outer, which together have the claims given.
func (j *Jail) holdGroup(outer netip.Prefix, group []claim, out []Hold) []Hold {
	if !j.exempt.set.OverlapsPrefix(outer) && len(group) == 1 { // nearly always
		return append(out, Hold{group[0].prefix, group[0].until})
	}
	if j.exempt.set.LookupPrefix(outer) {
		return out
	}
	slices.SortStableFunc(group, func(a, b claim) int { return a.prefix.Compare(b.prefix) })
	out, open := carve(outer, group, slices.Collect(j.exempt.set.Subnets(outer)), out)
	if open > 0 {
		j.firewall.cut[outer] = open
	}
	return out
}
