package cidr

import "math/bits"

// Heavy returns all prefixes that fulfil q, disjoint and sorted by address, IPv4 first.
func (t *Trie) Heavy(q Query) []Heavy {
	w := walker{trie: t, q: q}
	return w.everywhere()
}

// HeavyAround appends to found the prefixes that fulfil q inside the widest prefix that the tier allows around k, sorted by address.
// Whether a host is in a reported prefix depends on nothing outside of that one. visited says what it cost, in nodes.
func (t *Trie) HeavyAround(k Key, q Query, found []Heavy) (out []Heavy, visited int) {
	lo, hi, ok := q.Tier.depths(k.fam)
	if !ok {
		return found, 0
	}
	w := walker{trie: t, q: q, lo: lo, hi: hi, out: found}
	w.q.Need = max(1, q.Need)
	w.run(w.inside(k.Net(lo)), lo)
	return w.out, w.visited
}

// inCrown returns what lies inside the prefix at a place of the crown; 1 is all of the family.
func (w *walker) inCrown(fam family, at int) part {
	c := w.trie.crowns[fam]
	if c == nil {
		return part{}
	}
	return part{count: c[at].count, hosts: int(c[at].hosts), fam: fam, at: at}
}

// inside returns what lies inside n.
func (w *walker) inside(n Net) part {
	if n.plen <= crownBits {
		return w.inCrown(n.fam, crownAt(n.bits, int(n.plen)))
	}
	r := w.trie.find(n)
	switch {
	case r == 0:
		return part{}
	case r&inBucket == 0:
		return w.at(r)
	}
	return fewHosts(n.fam, w.few[:w.trie.bucket(r).sorted(&w.few, n)])
}

// at returns what is stored at r, which is something.
func (w *walker) at(r ref) part {
	if r&inBucket != 0 {
		b := w.trie.bucket(r)
		return part{count: b.count, hosts: int(b.n), fam: b.fam, ref: r}
	}
	nd := &w.trie.nodes[r]
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

// open returns the longest prefix that holds p, which is not empty, and its halves, which are empty if that is a host. That a Sorted
// is told apart here, and not in a function of its own, saves copying three parts: a tenth of the time.
func (w *walker) open(p part) (n Net, low, high part) {
	w.visited++
	if w.sorted != nil {
		return w.sorted.open(p)
	}
	if p.at != 0 {
		c := w.trie.crowns[p.fam]
		at := c.parting(p.at)
		if at < crownLen {
			return crownNet(p.fam, at), w.inCrown(p.fam, 2*at), w.inCrown(p.fam, 2*at+1)
		}
		p.ref = c[at].root
	}
	switch {
	case p.ref == 0:
		return w.openFew(p)
	case p.ref&inBucket != 0:
		all := Net{fam: p.fam}
		p.few = w.few[:w.trie.bucket(p.ref).sorted(&w.few, all)]
		return w.openFew(p)
	}
	nd := &w.trie.nodes[p.ref]
	return nd.net(), w.at(nd.child[0]), w.at(nd.child[1])
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
