package cidr

import "net/netip"

// find returns what holds the hosts of n, which is longer than a crown: a node all of whose hosts are in n, a bucket some of whose hosts
// may be, or nothing.
func (t *Trie) find(n Net) ref {
	c := t.crowns[n.fam]
	if c == nil {
		return 0
	}
	r := c[crownAt(n.bits, crownBits)].root
	for r != 0 && r&inBucket == 0 {
		nd := &t.nodes[r]
		if nd.plen >= n.plen {
			if (nd.key^n.bits)&mask(int(n.plen)) != 0 {
				return 0
			}
			return r
		}
		if !nd.holds(n.bits) {
			return 0
		}
		r = nd.child[nd.bit(n.bits)]
	}
	return r
}

// Count returns the requests and the hosts inside p.
func (t *Trie) Count(p netip.Prefix) (requests uint64, hosts int) {
	for _, n := range Nets(p) {
		r, h := t.CountNet(n)
		requests, hosts = requests+r, hosts+h
	}
	return requests, hosts
}

// CountNet returns the requests and the hosts inside n.
func (t *Trie) CountNet(n Net) (requests uint64, hosts int) {
	if n.plen <= crownBits {
		return t.crowns[n.fam].count(n)
	}
	r := t.find(n)
	switch {
	case r == 0:
		return 0, 0
	case r&inBucket == 0:
		nd := &t.nodes[r]
		return nd.count, int(nd.hosts)
	}
	return t.bucket(r).sum(n)
}

// sum returns the requests and the hosts of b inside n.
func (b *bucket) sum(n Net) (requests uint64, hosts int) {
	m := mask(int(n.plen))
	for i, key := range b.keys[:b.n] {
		if (key^n.bits)&m == 0 {
			requests += b.hosts[i].count
			hosts++
		}
	}
	return requests, hosts
}

// Around returns the requests of the prefix of that many bits around the host of the last Add, if nothing was deducted since. It costs
// no walk, so that every event can be held against every tier.
func (t *Trie) Around(plen int) uint64 {
	n := t.path.key.Net(plen)
	if plen <= crownBits {
		requests, _ := t.crowns[n.fam].count(n)
		return requests
	}
	if nd := t.above(plen); nd != nil {
		return nd.count
	}
	requests, _ := t.path.bucket.sum(n)
	return requests
}

// Reaches tells whether Around(plen) is at least need.
func (t *Trie) Reaches(plen int, need uint64) bool {
	if plen > crownBits {
		if nd := t.above(plen); nd != nil {
			return nd.count >= need
		}
		if t.path.bucket.count < need {
			return false
		}
	}
	return t.Around(plen) >= need
}

// above returns the widest node of the path that is no wider than plen, nil if there is none. Most tiers ask for long prefixes, so it
// starts from the end.
func (t *Trie) above(plen int) *node {
	var found *node
	for i := t.path.len - 1; i >= 0; i-- {
		nd := &t.nodes[t.path.nodes[i]]
		if int(nd.plen) < plen {
			break
		}
		found = nd
	}
	return found
}

// Hosts returns how many distinct hosts have a count.
func (t *Trie) Hosts() int {
	n := 0
	for fam := range families {
		_, hosts := t.CountNet(Net{fam: fam})
		n += hosts
	}
	return n
}

// Note returns what is kept with the host k, nil if k has no count. Unlike Lookup it leaves Around, Reaches and Deduct alone.
func (t *Trie) Note(k Key) *Note {
	r := t.find(k.Net(k.fam.width()))
	if r&inBucket == 0 {
		return nil
	}
	b := t.bucket(r)
	if i := b.find(k.bits); i < int(b.n) {
		return &b.hosts[i].note
	}
	return nil
}

// Visit is called with a host, its requests, and what is kept with it. False ends a walk.
type Visit func(k Key, requests uint64, note *Note) bool

// Walk calls f for each host inside p in the order of their addresses, those of NAT64 last, until f returns false. f must not change
// the trie, but may change the note.
func (t *Trie) Walk(p netip.Prefix, f Visit) {
	for _, n := range Nets(p) {
		if !t.WalkNet(n, f) {
			return
		}
	}
}

// WalkNet is Walk for one Net. It tells whether f wanted all hosts.
func (t *Trie) WalkNet(n Net, f Visit) bool {
	if n.plen > crownBits {
		return t.walk(t.find(n), n, f)
	}
	c := t.crowns[n.fam]
	if c == nil {
		return true
	}
	first := crownAt(n.bits, crownBits)
	for at := first; at < first+1<<(crownBits-n.plen); at++ {
		if !t.walk(c[at].root, n, f) {
			return false
		}
	}
	return true
}

// walk is at most 64 deep.
func (t *Trie) walk(r ref, n Net, f Visit) bool {
	if r == 0 {
		return true
	}
	if r&inBucket == 0 {
		low, high := t.nodes[r].child[0], t.nodes[r].child[1]
		return t.walk(low, n, f) && t.walk(high, n, f)
	}
	b := t.bucket(r)
	var hosts [slots]host
	for _, h := range hosts[:b.sorted(&hosts, n)] {
		if !f(Key{bits: h.key, fam: b.fam}, h.count, &b.hosts[b.find(h.key)].note) {
			return false
		}
	}
	return true
}
