package cidr

import "net/netip"

// search returns the number of the first of the hosts from..to, of one family, whose address is at least key; to if there is none.
func (s *Sorted) search(from, to int, key uint64) int {
	if to <= len(s.four) {
		return from + search4(s.four[from:to], uint32(key>>32))
	}
	for from < to {
		middle := int(uint(from+to) >> 1)
		if s.bits(middle) < key {
			from = middle + 1
		} else {
			to = middle
		}
	}
	return from
}

// search4 returns the place of the first of the sorted hosts whose address is at least addr. Each step halves what is left whatever it
// finds, so that nothing but a sum depends on it: a wrong guess of the processor would cost more than the step.
func search4(hosts []Host4, addr uint32) int {
	from := 0
	for left := len(hosts); left > 0; {
		half := int(uint(left+1) / 2)
		at := hosts[from+half-1].Addr
		next := from + half
		if at < addr {
			from = next
		}
		left -= half
	}
	return from
}

// stretch is hosts in a row, of one family: the numbers of the first and of the one behind the last.
type stretch struct{ from, to int }

// inside returns the hosts inside n.
func (s *Sorted) inside(n Net) stretch {
	from, to := s.family(n.fam)
	from = s.search(from, to, n.bits)
	last := n.bits | ^mask(int(n.plen))
	if last == ^uint64(0) {
		return stretch{from, to}
	}
	return stretch{from, s.search(from, to, last+1)}
}

// Count returns the requests and the hosts inside p.
func (s *Sorted) Count(p netip.Prefix) (requests uint64, hosts int) {
	for _, n := range Nets(p) {
		r, h := s.CountNet(n)
		requests, hosts = requests+r, hosts+h
	}
	return requests, hosts
}

// CountNet returns the requests and the hosts inside n.
func (s *Sorted) CountNet(n Net) (requests uint64, hosts int) {
	in := s.inside(n)
	return s.before(in.to) - s.before(in.from), in.to - in.from
}

// Span returns the times of the first and of the last request inside p, in Unix seconds; 0 if none has a time. It looks at each host
// inside p.
func (s *Sorted) Span(p netip.Prefix) (first, last uint32) {
	var all HostCount
	for _, n := range Nets(p) {
		in := s.inside(n)
		for i := in.from; i < in.to; i++ {
			all.absorb(s.times(i))
		}
	}
	return all.First, all.Last
}

// times is host number i with its times alone.
func (s *Sorted) times(i int) HostCount {
	if i < len(s.four) {
		return HostCount{First: s.four[i].First, Last: s.four[i].Last}
	}
	h := &s.wide[i-len(s.four)]
	return HostCount{First: h.First, Last: h.Last}
}

// Walk calls f for each host inside p in the order of their addresses, those of NAT64 last, until f returns false.
func (s *Sorted) Walk(p netip.Prefix, f func(h HostCount) bool) {
	for _, n := range Nets(p) {
		in := s.inside(n)
		for i := in.from; i < in.to; i++ {
			if !f(s.host(i)) {
				return
			}
		}
	}
}
