package detect

import (
	"cmp"
	"slices"
	"time"

	"cidrx/detect/cidr"
)

// hottestBudget is how many nodes a tier may open for Hottest: more than traffic with something hot in it needs, and a quarter of a millisecond.
const hottestBudget = 512

// Hottest returns the prefixes of the strategy named name that are closest to one of its tiers, nearest first, at most most of them,
// none inside another; nil if there is no such strategy. It takes at most about a quarter of a millisecond a tier, whatever the window holds,
// and is an estimate: where thousands of prefixes are equally hot, some that it leaves out may be as near, and it does not take off
// what narrower prefixes are reported for, nor look at bystanders.
func (e *Engine) Hottest(now time.Time, name string, most int) []Standing {
	if now.After(e.now) { // a question must not set the clock back
		e.move(now)
	}
	i := slices.IndexFunc(e.strategies, func(s strategy) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	s := &e.strategies[i]
	var all []near
	for j := range s.tiers {
		t := &s.tiers[j]
		need := t.Needed(s.win.Total())
		for _, h := range s.win.Trie().Hottest(cidr.Query{Tier: &t.Tier, Need: need}, most, hottestBudget) {
			all = append(all, near{Standing{
				Strategy: s.Name, Tier: t.text, Prefix: h.Prefix(), Requests: h.Requests, Needed: need, Hosts: h.Hosts, HostsNeeded: h.HostsNeeded,
			}, h.Closeness})
		}
	}
	return apart(all, most)
}

// near is a Standing and how close it is.
type near struct {
	Standing
	closeness float64
}

// apart returns the nearest of all that do not overlap: one attack may be near to several tiers.
func apart(all []near, most int) []Standing {
	slices.SortStableFunc(all, func(a, b near) int { return cmp.Compare(b.closeness, a.closeness) })
	chosen := []Standing{}
	for _, n := range all {
		overlaps := func(s Standing) bool { return s.Prefix.Overlaps(n.Prefix) }
		if len(chosen) < most && !slices.ContainsFunc(chosen, overlaps) {
			chosen = append(chosen, n.Standing)
		}
	}
	return chosen
}
