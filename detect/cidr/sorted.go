package cidr

import (
	"cmp"
	"math"
	"slices"
	"sync"
)

// HostCount is a host and what was counted of it.
type HostCount struct {
	Key         Key
	Requests    uint64
	First, Last uint32 // Unix seconds, 0: no time
}

// Host4 is a HostCount of an IPv4 address in 16 bytes, for those who hold millions of them. The IPv4 address a.b.c.d is
// a<<24 | b<<16 | c<<8 | d.
type Host4 struct {
	Addr        uint32
	Requests    uint32 // a host with more of them has other entries too
	First, Last uint32 // Unix seconds, 0: no time
}

// Sorted is a counted set of hosts that does not change. It answers what a Trie does, by the same rules, from 16 bytes an IPv4 host and
// 32 any other: hosts sorted by address with running sums in the place of their counts, so that what a prefix holds is a stretch of
// the hosts, and its count a difference of two sums. Any number of goroutines may ask at a time. The zero value has no hosts.
//
// One numbering goes through all hosts: those of IPv4 from 0, then those of IPv6, then those of NAT64.
type Sorted struct {
	four    []Host4     // Requests: the low word of the sum up to and with this host
	carries []carry     // the high words of those sums
	wide    []HostCount // the other families; Requests: the sum up to and with this host, IPv4 hosts included
	nat64   int         // number of the first NAT64 host
	total   uint64
	lost    uint64
}

// carry says that the sums of IPv4 hosts have this high word, from the host of that number on. As few logs have 2^32 lines, there is
// hardly ever any.
type carry struct {
	at   int
	high uint32
}

// NewSorted makes a Sorted of hosts in any order. Entries of the same host are put together: their requests are added, and the earliest
// First and the latest Last hold. Those without requests are left out, so that four can be the places of hash tables as they are. others
// may have IPv4 hosts too: that is how to say that one has 2^32 requests or more.
//
// Only the result is kept of four: 16 bytes a host, and 2 KiB for every 16,384 places while it is made. others is sorted in place, and kept
// unless it has IPv4 hosts: the caller must not use it again. All processors work, with a scratch of 144 KiB each.
func NewSorted(others []HostCount, four ...[]Host4) *Sorted {
	large, others := apart4(others)
	var sorting sync.WaitGroup
	sorting.Go(func() { sortOthers(others) })
	hosts := sort4(append(slices.Clip(four), takeOne(large)))
	sorting.Wait()
	s := &Sorted{four: hosts[:0], wide: others[:0]}
	s.gather4(hosts, large)
	s.gather(others)
	s.finish()
	return s
}

// apart4 returns the IPv4 hosts of all that have requests, sorted, and the others; hardly ever are there any of IPv4.
func apart4(all []HostCount) (four, others []HostCount) {
	isFour := func(h HostCount) bool { return h.Key.fam == ipv4 }
	if !slices.ContainsFunc(all, isFour) {
		return nil, all
	}
	for _, h := range all {
		switch {
		case !isFour(h):
			others = append(others, h)
		case h.Requests > 0:
			four = append(four, h)
		}
	}
	sortOthers(four)
	return four, others
}

func sortOthers(hosts []HostCount) {
	slices.SortFunc(hosts, func(a, b HostCount) int {
		return cmp.Or(cmp.Compare(a.Key.fam, b.Key.fam), cmp.Compare(a.Key.bits, b.Key.bits))
	})
}

// takeOne takes a request of each host away and returns it as an entry of its own: what has large counts need not have another entry.
func takeOne(large []HostCount) []Host4 {
	ones := make([]Host4, len(large))
	for i := range large {
		h := &large[i]
		h.Requests--
		ones[i] = Host4{Addr: uint32(h.Key.bits >> 32), Requests: 1, First: h.First, Last: h.Last}
	}
	return ones
}

// gather4 adds sorted IPv4 hosts, and the requests of the sorted large ones, each of which has an entry in hosts too. It writes behind
// where it reads.
func (s *Sorted) gather4(hosts []Host4, large []HostCount) {
	for i := 0; i < len(hosts); {
		if len(large) == 0 {
			i += s.append4(hosts[i:])
			if i == len(hosts) {
				break
			}
		}
		h := hosts[i].count()
		for i++; i < len(hosts) && hosts[i].Addr == uint32(h.Key.bits>>32); i++ {
			h.absorb(hosts[i].count())
		}
		for ; len(large) > 0 && large[0].Key == h.Key; large = large[1:] {
			h.absorb(large[0])
		}
		s.push(h)
	}
}

// append4 is push for usual hosts, which need nothing but adding. It returns how many of the first of hosts are.
func (s *Sorted) append4(hosts []Host4) (n int) {
	low, to := uint32(s.total), s.four[len(s.four):][:len(hosts)]
	for ; n < len(hosts); n++ {
		h := hosts[n]
		sum := low + h.Requests
		if sum < low || n+1 < len(hosts) && hosts[n+1].Addr == h.Addr {
			break
		}
		low, h.Requests = sum, sum
		to[n] = h
	}
	s.four = s.four[:len(s.four)+n]
	s.total = s.total>>32<<32 | uint64(low)
	return n
}

// gather adds sorted hosts of the other families. It writes behind where it reads.
func (s *Sorted) gather(hosts []HostCount) {
	for i := 0; i < len(hosts); {
		h := hosts[i]
		for i++; i < len(hosts) && hosts[i].Key == h.Key; i++ {
			h.absorb(hosts[i])
		}
		s.push(h)
	}
}

func (h Host4) count() HostCount {
	return HostCount{Key: Key4(h.Addr), Requests: uint64(h.Requests), First: h.First, Last: h.Last}
}

// Key4 returns the host of the IPv4 address a.b.c.d given as a<<24 | b<<16 | c<<8 | d.
func Key4(addr uint32) Key { return Key{bits: uint64(addr) << 32, fam: ipv4} }

// absorb adds what was counted of the same host elsewhere. A count stops at 2^64-1.
func (h *HostCount) absorb(other HostCount) {
	h.Requests += min(other.Requests, math.MaxUint64-h.Requests)
	h.Last = max(h.Last, other.Last)
	if h.First == 0 || other.First > 0 && other.First < h.First {
		h.First = other.First
	}
}

// push adds a host that sorts behind all others, unless it has no requests.
func (s *Sorted) push(h HostCount) {
	before := s.total
	fits := min(h.Requests, math.MaxUint64-before)
	s.lost += min(h.Requests-fits, math.MaxUint64-s.lost)
	if fits == 0 {
		return
	}
	sum := before + fits
	s.total = sum
	if h.Key.fam != ipv4 {
		h.Requests = sum
		s.wide = append(s.wide, h)
		return
	}
	if sum>>32 != before>>32 {
		s.carries = append(s.carries, carry{at: len(s.four), high: uint32(sum >> 32)})
	}
	s.four = append(s.four, Host4{Addr: uint32(h.Key.bits >> 32), Requests: uint32(sum), First: h.First, Last: h.Last})
}

// finish notes where the last family begins.
func (s *Sorted) finish() {
	at, _ := slices.BinarySearchFunc(s.wide, nat64, func(h HostCount, fam family) int { return cmp.Compare(h.Key.fam, fam) })
	s.nat64 = len(s.four) + at
}

// Hosts returns how many distinct hosts have a count.
func (s *Sorted) Hosts() int { return len(s.four) + len(s.wide) }

// Requests returns the requests of all hosts.
func (s *Sorted) Requests() uint64 { return s.total }

// Lost returns how many requests were left out because the sum of all would not have fitted 64 bits.
func (s *Sorted) Lost() uint64 { return s.lost }

// before returns the requests of the hosts with smaller numbers than i.
func (s *Sorted) before(i int) uint64 {
	switch {
	case i > len(s.four):
		return s.wide[i-len(s.four)-1].Requests
	case i == 0:
		return 0
	case len(s.carries) == 0:
		return uint64(s.four[i-1].Requests)
	}
	return uint64(s.high(i-1))<<32 | uint64(s.four[i-1].Requests)
}

// high returns the high word of the sum up to and with the IPv4 host number i.
func (s *Sorted) high(i int) uint32 {
	after, _ := slices.BinarySearchFunc(s.carries, i+1, func(c carry, at int) int { return cmp.Compare(c.at, at) })
	if after == 0 {
		return 0
	}
	return s.carries[after-1].high
}

// bits returns the address of host number i, left-aligned.
func (s *Sorted) bits(i int) uint64 {
	if i < len(s.four) {
		return uint64(s.four[i].Addr) << 32
	}
	return s.wide[i-len(s.four)].Key.bits
}

// host returns host number i.
func (s *Sorted) host(i int) HostCount {
	requests := s.before(i+1) - s.before(i)
	if i < len(s.four) {
		h := s.four[i].count()
		h.Requests = requests
		return h
	}
	h := s.wide[i-len(s.four)]
	h.Requests = requests
	return h
}

// family returns the numbers of the hosts of a family: from the first up to one behind the last.
func (s *Sorted) family(fam family) (from, to int) {
	switch fam {
	case ipv4:
		return 0, len(s.four)
	case ipv6:
		return len(s.four), s.nat64
	}
	return s.nat64, s.Hosts()
}
