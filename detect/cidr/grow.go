package cidr

import "math/bits"

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
