package cidr

import "math/bits"

const (
	crownBits = 10
	crownLen  = 1 << crownBits
)

// crown holds the counts of all prefixes of up to 10 bits of a family, so that they need no walk. See crownAt for the order. The entries
// of length 10 say where the trie goes on.
type crown [2 * crownLen]struct {
	count uint64
	hosts uint32
	root  ref
}

// crownAt returns the place of the prefix of key that is plen bits long, at most crownBits: the root is at 1, the halves of i at 2i and 2i+1.
func crownAt(key uint64, plen int) int { return 1<<plen | int(key>>(64-plen)) }

// charge adds requests and hosts to every prefix that holds key. None of the additions waits for another.
func (c *crown) charge(key, requests uint64, hosts uint32) {
	for at := crownAt(key, crownBits); at > 0; at >>= 1 {
		c[at].count += requests
		c[at].hosts += hosts
	}
}

// count returns the requests and hosts of n, at most crownBits long. A nil crown has none.
func (c *crown) count(n Net) (requests uint64, hosts int) {
	if c == nil {
		return 0, 0
	}
	e := &c[crownAt(n.bits, int(n.plen))]
	return e.count, int(e.hosts)
}

// crownNet returns the prefix at a place of a crown.
func crownNet(fam family, at int) Net {
	plen := bits.Len(uint(at)) - 1
	return Net{bits: uint64(at) << (64 - plen), fam: fam, plen: uint8(plen)}
}

// parting follows the hosts at a place of the crown down to where they part, or to the place of length 10 that holds them all.
func (c *crown) parting(at int) int {
	for at < crownLen && (c[2*at].count == 0) != (c[2*at+1].count == 0) {
		at *= 2
		if c[at].count == 0 {
			at++
		}
	}
	return at
}
