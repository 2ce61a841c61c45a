package cidr

import "math/bits"

// Heavy returns all prefixes that fulfil q, disjoint and sorted by address, IPv4 first. It takes a few looks for each T
// requests to find the widest prefixes that q looks at, and a search for each narrower one inside them that has T requests.
func (s *Sorted) Heavy(q Query) []Heavy {
	w := walker{sorted: s, q: q}
	return w.everywhere()
}

// all returns what lies inside a family.
func (s *Sorted) all(fam family) part {
	from, to := s.family(fam)
	return s.part(fam, from, to)
}

// part returns what the hosts from..to, all of one family, are together.
func (s *Sorted) part(fam family, from, to int) part {
	return part{count: s.before(to) - s.before(from), hosts: to - from, fam: fam, at: from}
}

// open returns the longest prefix that holds p, which is not empty, and its halves, which are empty if that is a host.
func (s *Sorted) open(p part) (n Net, low, high part) {
	from, to := p.at, p.at+p.hosts
	first, last := s.bits(from), s.bits(to-1)
	if first == last {
		return Net{bits: first, fam: p.fam, plen: uint8(p.fam.width())}, part{}, part{}
	}
	plen := bits.LeadingZeros64(first ^ last)
	middle := s.search(from, to, last&mask(plen+1))
	n = Net{bits: first & mask(plen), fam: p.fam, plen: uint8(plen)}
	low = s.part(p.fam, from, middle)
	return n, low, part{count: p.count - low.count, hosts: to - middle, fam: p.fam, at: middle}
}
