package cidr

import (
	"math/bits"
	"net/netip"
	"slices"
)

// Query asks a trie for the prefixes that fulfil a tier.
type Query struct {
	Tier *Tier
	Need uint64 // T: Tier.Needed of the strategy's total
	All  *Trie  // the hosts of all traffic in the same time, for MaxCollateral; nil: no limit is looked at
}

// Heavy is a prefix that fulfils a tier.
type Heavy struct {
	Net      Net
	Requests uint64
	Hosts    int // distinct IPv4 addresses or IPv6 /64s
}

// Prefix of h.
func (h Heavy) Prefix() netip.Prefix { return h.Net.Prefix() }

// Heavy returns all prefixes that fulfil q, disjoint and sorted by address, IPv4 first.
func (t *Trie) Heavy(q Query) []Heavy {
	found := []Heavy{}
	for fam := range families {
		if lo, hi, ok := q.Tier.depths(fam); ok {
			w := walker{t: t, q: q, lo: lo, hi: hi, out: found}
			w.run(w.inCrown(fam, 1), 0)
			found = w.out
		}
	}
	if len(found) > 0 && found[len(found)-1].Net.fam == nat64 { // sorted, but for NAT64 behind the IPv6 space that it is part of
		slices.SortFunc(found, func(a, b Heavy) int { return Compare(a.Prefix(), b.Prefix()) })
	}
	return found
}

// HeavyAround appends to found the prefixes that fulfil q inside the widest prefix that the tier allows around k, sorted by address.
// Whether a host is in a reported prefix depends on nothing outside of that one. visited says what it cost, in nodes.
func (t *Trie) HeavyAround(k Key, q Query, found []Heavy) (out []Heavy, visited int) {
	lo, hi, ok := q.Tier.depths(k.fam)
	if !ok {
		return found, 0
	}
	w := walker{t: t, q: q, lo: lo, hi: hi, out: found}
	w.run(w.inside(k.Net(lo)), lo)
	return w.out, w.visited
}

// walker answers a query for one family.
type walker struct {
	t       *Trie
	q       Query
	lo, hi  int // the tier's depths in this family
	out     []Heavy
	visited int
	few     [slots]host // of the bucket that is being looked at: at any time there is only one
}

// part is what lies inside one prefix, wherever it is stored: in a crown, at a node, in a bucket, or as a piece of one.
type part struct {
	count uint64
	hosts int
	fam   family
	crown int // place in the crown, or 0
	ref   ref // node or bucket, or 0
	few   []host
}

// inCrown returns what lies inside the prefix at a place of the crown; 1 is all of the family.
func (w *walker) inCrown(fam family, at int) part {
	c := w.t.crowns[fam]
	if c == nil {
		return part{}
	}
	return part{count: c[at].count, hosts: int(c[at].hosts), fam: fam, crown: at}
}

// inside returns what lies inside n.
func (w *walker) inside(n Net) part {
	if n.plen <= crownBits {
		return w.inCrown(n.fam, crownAt(n.bits, int(n.plen)))
	}
	r := w.t.find(n)
	if r&inBucket == 0 {
		return w.at(r)
	}
	return fewHosts(n.fam, w.few[:w.t.bucket(r).sorted(&w.few, n)])
}

// at returns what is stored at r.
func (w *walker) at(r ref) part {
	switch {
	case r == 0:
		return part{}
	case r&inBucket != 0:
		b := w.t.bucket(r)
		return part{count: b.count, hosts: int(b.n), fam: b.fam, ref: r}
	}
	nd := &w.t.nodes[r]
	return part{count: nd.count, hosts: int(nd.hosts), fam: nd.fam, ref: r}
}

// fewHosts returns sorted hosts of a bucket as a part.
func fewHosts(fam family, few []host) part {
	p := part{hosts: len(few), fam: fam, few: few}
	for _, h := range few {
		p.count += h.count
	}
	return p
}

// open returns the longest prefix that holds p, which is not empty, and its halves, which are empty if that is a host.
func (w *walker) open(p part) (n Net, low, high part) {
	w.visited++
	if p.crown != 0 {
		if n, low, high = w.openCrown(&p); high.count > 0 {
			return n, low, high
		}
	}
	switch {
	case p.ref == 0:
		return w.openFew(p)
	case p.ref&inBucket != 0:
		all := Net{fam: p.fam}
		p.few = w.few[:w.t.bucket(p.ref).sorted(&w.few, all)]
		return w.openFew(p)
	}
	nd := &w.t.nodes[p.ref]
	return nd.net(), w.at(nd.child[0]), w.at(nd.child[1])
}

// openCrown follows p down the crown to where it parts. If it leaves the crown in one piece, the halves are empty and p says where it
// goes on.
func (w *walker) openCrown(p *part) (n Net, low, high part) {
	c := w.t.crowns[p.fam]
	at := p.crown
	for at < crownLen {
		low, high = w.inCrown(p.fam, 2*at), w.inCrown(p.fam, 2*at+1)
		if low.count > 0 && high.count > 0 {
			plen := bits.Len(uint(at)) - 1
			return Net{bits: uint64(at) << (64 - plen), fam: p.fam, plen: uint8(plen)}, low, high
		}
		at *= 2
		if high.count > 0 {
			at++
		}
	}
	p.ref = c[at].root
	return Net{}, part{}, part{}
}

// openFew is open for sorted hosts.
func (w *walker) openFew(p part) (n Net, low, high part) {
	first, last := p.few[0].key, p.few[len(p.few)-1].key
	n = Net{bits: first, fam: p.fam, plen: uint8(p.fam.width())}
	if first == last {
		return n, part{}, part{}
	}
	plen := bits.LeadingZeros64(first ^ last)
	n = Net{bits: first & mask(plen), fam: p.fam, plen: uint8(plen)}
	at := 0
	for p.few[at].key>>(63-plen)&1 == 0 {
		at++
	}
	return n, fewHosts(p.fam, p.few[:at]), fewHosts(p.fam, p.few[at:])
}

// run looks for heavy prefixes in p, which lies inside a prefix of length from.
func (w *walker) run(p part, from int) {
	w.q.Need = max(1, w.q.Need)
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
	if int(n.plen) >= w.lo && w.q.Tier.even(low.count, high.count) && w.report(n, p, len(w.out)) {
		return
	}
	w.balanced(low)
	w.balanced(high)
}

// report puts n, which holds p, in the place of what was reported since mark, unless a condition of the tier refuses it.
func (w *walker) report(n Net, p part, mark int) bool {
	if p.hosts < w.q.Tier.hostsNeeded(n) || !w.collateral(n, p.hosts) {
		return false
	}
	w.out = append(w.out[:mark], Heavy{Net: n, Requests: p.count, Hosts: p.hosts})
	return true
}

// collateral tells whether few enough of the hosts of n are bystanders, without a request that passes the strategy's filters.
func (w *walker) collateral(n Net, hosts int) bool {
	limit := w.q.Tier.MaxCollateral
	if w.q.All == nil || limit == NoCollateralLimit {
		return true
	}
	_, all := w.q.All.CountNet(n)
	return uint64(max(0, all-hosts))*million <= uint64(all)*uint64(limit)
}
