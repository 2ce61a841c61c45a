package detect

import (
	"net/netip"
	"time"

	"cidrx/detect/cidr"
)

// Standing is how close an address is to one tier of one strategy.
type Standing struct {
	Strategy    string
	Tier        string       // as configured: tier 1 [600,16,25,0.06]
	Prefix      netip.Prefix // of the prefixes around the address that the tier looks at, the one that is closest to being reported
	Requests    uint64       // of Prefix; unless it is reported, less those that narrower prefixes are reported for
	Needed      uint64       // T
	Hosts       int
	HostsNeeded int
	Bystanders  int  // hosts of all traffic in Prefix without a request that passes the filters; 0 unless the tier limits them
	Reported    bool // the tier reports Prefix as things stand
}

// Explain says how close a is to each tier of each strategy that looks at hosts of its kind.
func (e *Engine) Explain(now time.Time, a netip.Addr) []Standing {
	if now.After(e.now) { // a question must not set the clock back
		e.move(now)
	}
	k := cidr.KeyOf(a)
	all := []Standing{}
	for i := range e.strategies {
		s := &e.strategies[i]
		for j := range s.tiers {
			if standing, ok := s.explain(&s.tiers[j], k); ok {
				all = append(all, standing)
			}
		}
	}
	return all
}

func (s *strategy) explain(t *tier, k cidr.Key) (Standing, bool) {
	lo, hi, ok := t.Depths(k)
	if !ok {
		return Standing{}, false
	}
	best := Standing{Strategy: s.Name, Tier: t.text, Needed: t.Needed(s.win.Total())}
	trie := s.win.Trie()
	found, _ := trie.HeavyAround(k, cidr.Query{Tier: &t.Tier, Need: best.Needed, All: s.bystanders()}, nil)
	closest := -1.0
	for length := hi; length >= lo; length-- {
		n := k.Net(length)
		here := best
		here.Prefix = n.Prefix()
		here.Requests, here.Hosts = trie.CountNet(n)
		here.HostsNeeded = t.HostsNeeded(here.Prefix)
		here.Bystanders = s.bystandersIn(t, n, here.Hosts)
		if here.settle(t, n, found) {
			return here, true
		}
		if c := here.closeness(); c > closest {
			closest, best = c, here
		}
	}
	return best, true
}

// bystandersIn is how many hosts of all traffic are in n besides those that the strategy counts.
func (s *strategy) bystandersIn(t *tier, n cidr.Net, hosts int) int {
	if s.all == nil || t.MaxCollateral == cidr.NoCollateralLimit {
		return 0
	}
	_, all := s.all.Trie().CountNet(n)
	return max(0, all-hosts)
}

// settle takes off the requests that prefixes inside n are reported for, and tells whether n itself is reported.
func (st *Standing) settle(t *tier, n cidr.Net, found []cidr.Heavy) bool {
	p := st.Prefix
	for _, h := range found {
		switch inner := h.Prefix(); {
		case h.Net == n:
			st.Reported = true
		case !t.Balance && p.Overlaps(inner) && inner.Bits() > p.Bits():
			st.Requests -= h.Requests
		}
	}
	return st.Reported
}

// closeness is 1 or more where the prefix has what it needs.
func (st *Standing) closeness() float64 {
	requests := float64(st.Requests) / float64(st.Needed)
	if st.HostsNeeded == 0 {
		return requests
	}
	return min(requests, float64(st.Hosts)/float64(st.HostsNeeded))
}
