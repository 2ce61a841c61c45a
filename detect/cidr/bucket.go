package cidr

import "math/bits"

const (
	slots   = 7 // hosts of a bucket
	minNode = 6 // hosts of a node: fewer are put together in one bucket, which then has room for two more
)

// bucket holds the hosts below one side of a node, in no order. Its 256 bytes are four cache lines: keys, counts, and two for the rest.
type bucket struct {
	keys   [slots]uint64
	next   uint32 // in the list of unused buckets
	n      uint8  // places taken
	fam    family
	counts [slots]uint64
	count  uint64 // the sum of counts
	data   [slots]Note
	_      [44]byte
}

// find returns the place of key, n or more if it is not there. It compares all keys without a branch that depends on them: a wrong
// guess costs more than seven comparisons. Downwards, so that what was dropped earlier is not found before what is there.
func (b *bucket) find(key uint64) int {
	at := slots
	for i := slots - 1; i >= 0; i-- {
		if b.keys[i] == key {
			at = i
		}
	}
	return at
}

// push adds a host to a bucket that is not full, and returns its place.
func (b *bucket) push(key, count uint64, h Note) int {
	i := int(b.n)
	b.keys[i], b.counts[i], b.data[i] = key, count, h
	b.count += count
	b.n++
	return i
}

// drop removes the host at place i; the last one moves there.
func (b *bucket) drop(i int) {
	b.count -= b.counts[i]
	b.n--
	last := int(b.n)
	b.keys[i], b.counts[i], b.data[i] = b.keys[last], b.counts[last], b.data[last]
}

// absorb takes over all hosts of another bucket, which must fit.
func (b *bucket) absorb(other *bucket) {
	for i := range int(other.n) {
		b.push(other.keys[i], other.counts[i], other.data[i])
	}
}

// parting returns the length of the longest prefix that holds all hosts of b and key.
func (b *bucket) parting(key uint64) int {
	var differ uint64
	for _, k := range b.keys[:b.n] {
		differ |= k ^ key
	}
	return bits.LeadingZeros64(differ)
}

// part moves the hosts that lie in the same half of top as key to the bucket to.
func (b *bucket) part(to *bucket, top *node, key uint64) {
	side := top.bit(key)
	for i := int(b.n) - 1; i >= 0; i-- {
		if top.bit(b.keys[i]) == side {
			to.push(b.keys[i], b.counts[i], b.data[i])
			b.drop(i)
		}
	}
}

// host is a host of a bucket as the evaluation wants it.
type host struct{ key, count uint64 }

// sorted fills to with the hosts of b inside n, by address, and returns how many there are.
func (b *bucket) sorted(to *[slots]host, n Net) int {
	found := 0
	for i, key := range b.keys[:b.n] {
		if (key^n.bits)&mask(int(n.plen)) != 0 {
			continue
		}
		at := found
		for ; at > 0 && to[at-1].key > key; at-- {
			to[at] = to[at-1]
		}
		to[at] = host{key, b.counts[i]}
		found++
	}
	return found
}
