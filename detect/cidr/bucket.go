package cidr

import "math/bits"

const (
	slots   = 7 // hosts of a bucket
	minNode = 6 // hosts of a node: fewer are put together in one bucket, which then has room for two more
)

// bucket holds the hosts below one side of a node, in no order. Its 256 bytes are four cache lines, which the processor fetches in pairs:
// a search reads keys, in the first, and n, in the last, and so asks for all of them at once.
type bucket struct {
	keys  [slots]uint64
	count uint64 // of all hosts
	hosts [slots]kept
	next  uint32 // in the list of unused buckets
	n     uint8  // places taken
	fam   family
	_     [18]byte
}

// kept is what a bucket knows of a host.
type kept struct {
	count uint64
	note  Note
}

// find returns the place of key, n or more if it is not there. It compares all keys without a branch that depends on them: a wrong
// guess costs more than six comparisons. Downwards, so that what was dropped earlier is not found before what is there.
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
func (b *bucket) push(key uint64, h kept) int {
	i := int(b.n)
	b.keys[i], b.hosts[i] = key, h
	b.count += h.count
	b.n++
	return i
}

// drop removes the host at place i; the last one moves there.
func (b *bucket) drop(i int) {
	b.count -= b.hosts[i].count
	b.n--
	last := int(b.n)
	b.keys[i], b.hosts[i] = b.keys[last], b.hosts[last]
}

// absorb takes over all hosts of another bucket, which must fit.
func (b *bucket) absorb(other *bucket) {
	for i := range int(other.n) {
		b.push(other.keys[i], other.hosts[i])
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
			to.push(b.keys[i], b.hosts[i])
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
		to[at] = host{key, b.hosts[i].count}
		found++
	}
	return found
}
