package cidr

import (
	"net/netip"
	"slices"
)

// Query asks a Trie or a Sorted for the prefixes that fulfil a tier.
type Query struct {
	Tier *Tier
	Need uint64  // T: Tier.Needed of the strategy's total
	All  Counter // the hosts of all traffic in the same time, for MaxCollateral; nil: no limit is looked at
}

// Counter is a Trie or a Sorted, or what else counts hosts by prefix.
type Counter interface {
	// CountNet returns the requests and the hosts inside n.
	CountNet(n Net) (requests uint64, hosts int)
}

// Heavy is a prefix that fulfils a tier.
type Heavy struct {
	Net      Net
	Requests uint64
	Hosts    int // distinct IPv4 addresses or IPv6 /64s
}

// Prefix of h.
func (h Heavy) Prefix() netip.Prefix { return h.Net.Prefix() }

// walker answers a query from one of the two storages. The other is nil: an interface between them would have each walker allocated,
// and there is one for every event.
type walker struct {
	trie    *Trie
	sorted  *Sorted
	q       Query
	lo, hi  int // the tier's depths in the family that is looked at
	out     []Heavy
	visited int
	missed  *misses     // what has T requests and is not reported; nil: nobody asks
	few     [slots]host // of the bucket of the trie that is being looked at: at any time there is only one
}

// part is what lies inside one prefix, wherever it is stored: in a trie's crown, at a node, in a bucket, or as a piece of one; in a
// Sorted as hosts in a row.
type part struct {
	count uint64
	hosts int
	fam   family
	at    int // Trie: place in the crown, or 0; Sorted: number of the first host
	ref   ref // Trie: node or bucket, or 0
	few   []host
}

// everywhere looks at all families, and returns what it finds disjoint and sorted by address, IPv4 first.
func (w *walker) everywhere() []Heavy {
	w.out, w.q.Need = []Heavy{}, max(1, w.q.Need)
	for fam := range families {
		var ok bool
		if w.lo, w.hi, ok = w.q.Tier.depths(fam); ok {
			w.family(fam)
		}
	}
	found := w.out
	if len(found) > 0 && found[len(found)-1].Net.fam == nat64 { // sorted, but for NAT64 behind the IPv6 space that it is part of
		slices.SortFunc(found, func(a, b Heavy) int { return Compare(a.Prefix(), b.Prefix()) })
	}
	return found
}

// family looks for heavy prefixes in a family.
func (w *walker) family(fam family) {
	if w.sorted == nil {
		w.run(w.inCrown(fam, 1), 0)
		return
	}
	from, to := w.sorted.family(fam)
	w.apart(fam, stretch{from, to})
}

// run looks for heavy prefixes in p, which lies inside a prefix of length from.
func (w *walker) run(p part, from int) {
	if w.q.Tier.Balance {
		w.balanced(p)
	} else {
		w.heavy(p, from)
	}
}

// result is what the prefixes above a part need to know of it.
type result struct {
	count    uint64
	residual uint64 // requests that no reported prefix stands for yet
	whole    bool   // the part is reported as one prefix that reaches up to the next parting
}

// heavy reports the hierarchical heavy hitters of p in one pass from the hosts upwards. What holds less than T cannot hold one. Where
// p is a single chain down to some length, it can be reported but never widened: the other halves along the chain are empty. from is
// the length that p starts with.
func (w *walker) heavy(p part, from int) result {
	if p.count < w.q.Need {
		return result{count: p.count, residual: p.count}
	}
	n, low, high := w.open(p)
	if int(n.plen) >= w.hi {
		n = Key{n.bits, n.fam}.Net(w.hi)
		return result{count: p.count, whole: w.report(n, p, len(w.out)) && w.hi == from}
	}
	mark := len(w.out)
	a, b := w.heavy(low, int(n.plen)+1), w.heavy(high, int(n.plen)+1)
	r := result{count: p.count, residual: a.residual + b.residual}
	if int(n.plen) < w.lo || r.residual < w.q.Need && !widens(a, b) && !widens(b, a) {
		return r
	}
	// A candidate that a condition refuses keeps its requests too: they must help no wider one.
	r.residual = 0
	r.whole = w.report(n, p, mark) && int(n.plen) == from
	return r
}

// widens tells whether a, if reported, grows over its sibling b: b is reported too or has at least half as many requests.
func widens(a, b result) bool {
	return a.whole && (b.whole || b.count >= a.count/2+a.count&1)
}

// balanced reports from the root downwards what the cidrx 1.x command line tool reports: a prefix whose halves have about equally many
// requests, or of the greatest length. Inside a prefix that a condition refuses it looks on.
func (w *walker) balanced(p part) {
	if p.count < w.q.Need {
		return
	}
	n, low, high := w.open(p)
	if int(n.plen) >= w.hi {
		w.report(Key{n.bits, n.fam}.Net(w.hi), p, len(w.out))
		return
	}
	if int(n.plen) >= w.lo {
		if !w.q.Tier.even(low.count, high.count) {
			w.missed.uneven(w, n, p, low.count, high.count)
		} else if w.report(n, p, len(w.out)) {
			return
		}
	}
	w.balanced(low)
	w.balanced(high)
}

// report puts n, which holds p, in the place of what was reported since mark, unless a condition of the tier refuses it.
func (w *walker) report(n Net, p part, mark int) bool {
	if p.hosts < w.q.Tier.hostsNeeded(n) || !w.collateral(n, p.hosts) {
		w.missed.refused(w, n, p)
		return false
	}
	w.out = append(w.out[:mark], Heavy{Net: n, Requests: p.count, Hosts: p.hosts})
	return true
}

// collateral tells whether few enough of the hosts of n are bystanders, without a request that passes the strategy's filters.
func (w *walker) collateral(n Net, hosts int) bool {
	if !w.q.limited() {
		return true
	}
	bystanders, all := w.q.bystanders(n, hosts)
	return uint64(bystanders)*million <= uint64(all)*uint64(w.q.Tier.MaxCollateral)
}

// limited tells whether q looks at bystanders.
func (q *Query) limited() bool { return q.All != nil && q.Tier.MaxCollateral != NoCollateralLimit }

// bystanders returns how many of all hosts inside n are bystanders, if so many hosts are not.
func (q *Query) bystanders(n Net, hosts int) (bystanders, all int) {
	_, all = q.All.CountNet(n)
	return max(0, all-hosts), all
}
