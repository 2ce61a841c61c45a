// Package cidr counts requests by address and finds the prefixes that carry too much of them: a counting trie, the tiers that are
// asked of it, and arithmetic on sets of prefixes.
package cidr

import (
	"math/bits"

	"cidrx/detect/internal/slab"
)

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

// plant makes a place for the host of the path, which r is in the way of, and ends the path there.
func (t *Trie) plant(r ref, n uint64) {
	k := t.path.key
	switch {
	case r == 0:
		r = t.newBucket(k.fam)
		t.relink(t.path.len, r)
	case r&inBucket == 0:
		r = t.fork(r, n)
	case t.path.bucket.n == slots:
		r = t.split(r, n)
	}
	b := t.bucket(r)
	t.path.bucket, t.path.slot = b, b.push(k.bits, kept{count: n})
}

// relink makes r the child of the path's node number depth-1, on the side of the path's host; the root if depth is 0.
func (t *Trie) relink(depth int, r ref) {
	k := t.path.key
	if depth == 0 {
		t.crowns[k.fam][crownAt(k.bits, crownBits)].root = r
		return
	}
	nd := &t.nodes[t.path.nodes[depth-1]]
	nd.child[nd.bit(k.bits)] = r
}

// fork puts a node above the node r, which does not hold the path's host, and returns an empty bucket for that host beside it.
func (t *Trie) fork(r ref, n uint64) ref {
	k, below := t.path.key, t.nodes[r]
	fresh := t.newBucket(k.fam)
	top := node{hosts: below.hosts + 1, count: below.count + n, plen: uint8(bits.LeadingZeros64(below.key ^ k.bits))}
	t.stand(top, r, fresh)
	return fresh
}

// split puts a node above the full bucket r, moves the hosts in the path's host's half to a bucket of their own, and returns that.
func (t *Trie) split(r ref, n uint64) ref {
	k, b := t.path.key, t.bucket(r)
	top := node{hosts: slots + 1, count: b.count + n, plen: uint8(b.parting(k.bits))}
	fresh := t.newBucket(k.fam)
	b.part(t.bucket(fresh), &top, k.bits)
	t.stand(top, r, fresh)
	return fresh
}

// stand puts the node top into the path, with fresh on the side of the path's host and old on the other.
func (t *Trie) stand(top node, old, fresh ref) {
	k := t.path.key
	top.key, top.fam = k.bits&mask(int(top.plen)), k.fam
	side := top.bit(k.bits)
	top.child[side], top.child[1-side] = fresh, old
	i := t.newNode(top)
	t.relink(t.path.len, ref(i))
	t.path.push(i)
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

// settle tidies up after a host has left the bucket at the end of the path. Only the last node of the path can have become too small:
// the one above it has a host more at least. And then both its children are buckets, for a node below would have too few hosts.
func (t *Trie) settle() {
	b, last := t.path.bucket, t.path.len-1
	if last < 0 {
		if b.n == 0 {
			root := &t.crowns[b.fam][crownAt(t.path.key.bits, crownBits)].root
			t.dropBucket(*root)
			*root = 0
		}
		return
	}
	i := t.path.nodes[last]
	nd := t.nodes[i]
	side := nd.bit(t.path.key.bits)
	own, other := nd.child[side], nd.child[1-side]
	switch {
	case b.n == 0:
		t.relink(last, other)
		t.dropBucket(own)
	case nd.hosts < minNode:
		b.absorb(t.bucket(other))
		t.relink(last, own)
		t.dropBucket(other)
	default:
		return
	}
	t.dropNode(i)
}

func (t *Trie) newNode(nd node) uint32 {
	i := t.freeNode
	if i == 0 {
		if len(t.nodes) == 0 {
			t.nodes = make([]node, 1, 64)
		}
		t.nodes = append(t.nodes, nd)
		return uint32(len(t.nodes) - 1)
	}
	t.freeNode = uint32(t.nodes[i].child[0])
	t.nodes[i] = nd
	return i
}

func (t *Trie) dropNode(i uint32) {
	t.nodes[i] = node{child: [2]ref{ref(t.freeNode), 0}}
	t.freeNode = i
}

func (t *Trie) bucket(r ref) *bucket { return t.buckets.At(uint32(r &^ inBucket)) }

func (t *Trie) newBucket(fam family) ref {
	t.held++
	i := t.freeBkt
	if i == 0 {
		i = t.buckets.New()
	} else {
		t.freeBkt = t.buckets.At(i).next
	}
	*t.buckets.At(i) = bucket{fam: fam}
	return ref(i) | inBucket
}

func (t *Trie) dropBucket(r ref) {
	t.held--
	i := uint32(r &^ inBucket)
	*t.buckets.At(i) = bucket{next: t.freeBkt}
	t.freeBkt = i
}

// Reset makes the trie empty and gives its memory back.
func (t *Trie) Reset() { *t = Trie{} }

// Buckets returns how many pieces of memory of 256 bytes the hosts take up. That is most of what a trie needs: ordinary sets of hosts
// fill five places of eight, hand-made ones as few as one.
func (t *Trie) Buckets() int { return t.held }
