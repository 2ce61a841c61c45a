// Package cidr counts requests by address and finds the prefixes that carry too much of them: a counting trie, the tiers that are
// asked of it, and arithmetic on sets of prefixes.
package cidr

import "cidrx/detect/internal/slab"

// Trie counts requests of hosts (IPv4 addresses, IPv6 /64s, NAT64 addresses) and knows the count and the number of hosts of each
// prefix that contains any. The zero value is an empty trie.
//
// It is a path-compressed binary trie whose lowest levels are folded into buckets: what holds few hosts is a list of them, and a node
// stands where more of them part. With 200,000 random hosts that is a walk through 1.5 MB of nodes, which the processor's cache
// keeps, and one visit to memory, where a trie down to the host would make five. Adding and subtracting allocate nothing once
// memory for as many hosts has been seen.
type Trie struct {
	nodes    []node // [0] is unused: 0 means "none"
	buckets  slab.Slab[bucket]
	crowns   [families]*crown
	freeNode uint32 // list of unused nodes, linked by child[0]
	freeBkt  uint32 // list of unused buckets, linked by next
	held     int    // buckets in use
	path     path
}

// node stands for a prefix whose halves both have traffic, of at least minNode hosts in all.
type node struct {
	key   uint64 // left-aligned, cleared below plen
	count uint64 // requests of all hosts inside
	child [2]ref
	hosts uint32 // with a count over 0
	plen  uint8
	fam   family
}

// ref is the number of a node, or that of a bucket with inBucket set. 0: none.
type ref uint32

const inBucket ref = 1 << 31

// bit is the half of the prefix nd that the host key lies in. The shift is masked to spare the compiler's test for shifts by 64.
func (nd *node) bit(key uint64) uint64 { return key >> ((63 - nd.plen) & 63) & 1 }

// holds tells whether the host key lies in nd.
func (nd *node) holds(key uint64) bool { return (nd.key^key)>>((63-nd.plen)&63)>>1 == 0 }

func (nd *node) net() Net { return Net{bits: nd.key, fam: nd.fam, plen: nd.plen} }

// path is the way from the root to the host of the last Add or Lookup: at most one node a bit, and the host's place in a bucket.
type path struct {
	key    Key
	nodes  [64]uint32
	len    int
	bucket *bucket
	slot   int
}

func (p *path) push(i uint32) {
	p.nodes[p.len&63] = i
	p.len++
}

// Note is what the owner of a trie may keep with a host; the trie does not look at it. It is zero for a new host. Keeping it here spares
// a visit to memory of its own.
type Note struct{ Touched, Newest, Born, First uint32 }

// Add counts n requests, at least 1, of the host k. What it returns is good until the next Add or Deduct; fresh tells that k is new.
func (t *Trie) Add(k Key, n uint64) (h *Note, fresh bool) {
	r := t.descend(k)
	if r&inBucket == 0 || !t.locate(r) {
		t.charge(n, 1)
		t.plant(r, n)
		return &t.path.bucket.hosts[t.path.slot].note, true
	}
	t.charge(n, 0)
	b := t.path.bucket
	at := &b.hosts[t.path.slot]
	b.count += n
	at.count += n
	return &at.note, false
}

// descend records the nodes that hold k and returns what comes next: a bucket where k is if it is anywhere, a node that does not hold
// k, or nothing at all.
func (t *Trie) descend(k Key) ref {
	t.path.key, t.path.len, t.path.bucket = k, 0, nil
	c := t.crowns[k.fam]
	if c == nil {
		c = new(crown)
		t.crowns[k.fam] = c
	}
	r := c[crownAt(k.bits, crownBits)].root
	for r != 0 && r&inBucket == 0 {
		nd := &t.nodes[r]
		if !nd.holds(k.bits) {
			break
		}
		t.path.push(uint32(r))
		r = nd.child[nd.bit(k.bits)]
	}
	return r
}

// locate looks for the host of the path in the bucket r.
func (t *Trie) locate(r ref) bool {
	b := t.bucket(r)
	t.path.bucket, t.path.slot = b, b.find(t.path.key.bits)
	return t.path.slot < int(b.n)
}

// charge adds requests and hosts to every node of the path.
func (t *Trie) charge(requests uint64, hosts uint32) {
	t.crowns[t.path.key.fam].charge(t.path.key.bits, requests, hosts)
	for _, i := range t.path.nodes[:t.path.len] {
		nd := &t.nodes[i]
		nd.count += requests
		nd.hosts += hosts
	}
}

// Lookup returns what is kept with the host k, nil if k has no count. It is good until the next Add or Deduct.
func (t *Trie) Lookup(k Key) *Note {
	if r := t.descend(k); r&inBucket == 0 || !t.locate(r) {
		return nil
	}
	return &t.path.bucket.hosts[t.path.slot].note
}

// Deduct takes n requests from the host that the Lookup just before has found. A host without a count is gone.
func (t *Trie) Deduct(n uint64) {
	b, slot := t.path.bucket, t.path.slot
	if has := b.hosts[slot].count; n >= has {
		t.charge(-has, ^uint32(0))
		b.drop(slot)
		t.settle()
		return
	}
	t.charge(-n, 0)
	b.hosts[slot].count -= n
	b.count -= n
}

// Subtract takes n requests from the host k.
func (t *Trie) Subtract(k Key, n uint64) {
	if t.Lookup(k) != nil {
		t.Deduct(n)
	}
}
