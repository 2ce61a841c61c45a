package cidr

// Busiest returns the host with the most requests, the first of several; one without requests if there are no hosts. It looks at each host.
func (s *Sorted) Busiest() HostCount {
	busiest, most, before := -1, uint64(0), uint64(0)
	for i := range s.Hosts() {
		sum := s.before(i + 1)
		if sum-before > most {
			busiest, most = i, sum-before
		}
		before = sum
	}
	if busiest < 0 {
		return HostCount{}
	}
	return s.host(busiest)
}

// Cells4 calls f for each IPv4 prefix of bits, 0 to 32, that has hosts, in the order of addresses, until f returns false. first is its first
// address, a.b.c.d as a<<24 | b<<16 | c<<8 | d. It looks at each host.
func (s *Sorted) Cells4(bits int, f func(first uint32, requests uint64, hosts int) bool) {
	cell := ^uint32(0) << (32 - bits)
	for to := 0; to < len(s.four); {
		from, first := to, s.four[to].Addr&cell
		for to < len(s.four) && s.four[to].Addr&cell == first {
			to++
		}
		if !f(first, s.before(to)-s.before(from), to-from) {
			return
		}
	}
}
