package cidr

import (
	"math/bits"
	"sort"
)

// Majority returns the host with more than half of all requests, if there is one.
func (s *Sorted) Majority() (h HostCount, ok bool) {
	half := s.total / 2
	i := sort.Search(s.Hosts(), func(i int) bool { return s.before(i+1) > half }) // whose requests are in the middle
	if i == s.Hosts() {
		return HostCount{}, false
	}
	h = s.host(i)
	return h, h.Requests > half
}

// Lengths4 returns for each length, 0 to 32, how many IPv4 prefixes of that length have hosts. It looks at each host.
func (s *Sorted) Lengths4() (prefixes [33]int) {
	if len(s.four) == 0 {
		return prefixes
	}
	prefixes[0] = 1
	for i, h := range s.four[1:] {
		prefixes[1+bits.LeadingZeros32(h.Addr^s.four[i].Addr)]++ // the shortest length that tells the two apart
	}
	for length := 1; length < len(prefixes); length++ {
		prefixes[length] += prefixes[length-1]
	}
	return prefixes
}

// Cells4 calls f for each IPv4 prefix of a length, 0 to 32, that has hosts, in the order of addresses. first is its first address,
// a.b.c.d as a<<24 | b<<16 | c<<8 | d. It looks at each host.
func (s *Sorted) Cells4(length int, f func(first uint32, requests uint64, hosts int)) {
	cell := ^uint32(0) << (32 - length)
	for to := 0; to < len(s.four); {
		from, first := to, s.four[to].Addr&cell
		for to < len(s.four) && s.four[to].Addr&cell == first {
			to++
		}
		f(first, s.before(to)-s.before(from), to-from)
	}
}
