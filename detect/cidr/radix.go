package cidr

import (
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	digitBits = 8
	digits    = 1 << digitBits
	fewToSort = 24      // up to so many hosts, insertion is faster than counting digits
	inCache   = 1 << 13 // up to so many hosts, 128 KiB, a processor sorts in a scratch of its own
	worthTwo  = 1 << 14 // from so many hosts on, another goroutine is worth starting
)

// sort4 sorts hosts by address, in place: radix sort from the most significant digit on. Once the first digit has parted them, all
// processors work, with 144 KiB of scratch each.
func sort4(hosts []Host4) {
	if len(hosts) <= inCache {
		newSorter4(len(hosts)).sort(hosts, 32)
		return
	}
	shift, ends, parted := uint(32), [digits]int{}, false
	for !parted && shift > 0 {
		shift -= digitBits
		ends, parted = exchange4(hosts, shift)
	}
	var next atomic.Int64
	work := func() {
		s := newSorter4(len(hosts))
		for d := next.Add(1) - 1; d < digits; d = next.Add(1) - 1 {
			s.sort(hosts[start(&ends, int(d)):ends[d]], shift)
		}
	}
	var others sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0)-1, len(hosts)/worthTwo) {
		others.Go(work)
	}
	work()
	others.Wait()
}

// start returns where the hosts of digit d start.
func start(ends *[digits]int, d int) int {
	if d == 0 {
		return 0
	}
	return ends[d-1]
}

// exchange4 sorts hosts by the digit whose lowest bit is 1<<shift, in place, and returns where each digit's hosts end. parted: there is
// more than one. Each exchange brings a host home, but does not wait for where the next one goes, as it would if it followed the
// cycle: so the processor fetches several at a time (M. Skarupke's variant of American flag sort, "ska_sort").
func exchange4(hosts []Host4, shift uint) (ends [digits]int, parted bool) {
	for i := range hosts {
		ends[uint8(hosts[i].Addr>>shift)]++
	}
	parted = ends[uint8(hosts[0].Addr>>shift)] < len(hosts)
	var at [digits]int // where the next host of a digit goes
	sum := 0
	for d, n := range ends {
		at[d] = sum
		sum += n
		ends[d] = sum
	}
	for more := parted; more; {
		more = false
		for d, end := range ends {
			for i := at[d]; i < end; i++ {
				to := uint8(hosts[i].Addr >> shift)
				hosts[i], hosts[at[to]] = hosts[at[to]], hosts[i]
				at[to]++
			}
			more = more || at[d] < end
		}
	}
	return ends, parted
}

// sorter4 is the scratch of one goroutine.
type sorter4 struct {
	hosts []Host4
	ends  [1 << 12]uint32
}

// newSorter4 returns the scratch to sort so many hosts.
func newSorter4(hosts int) *sorter4 { return &sorter4{hosts: make([]Host4, min(hosts, inCache))} }

// sort sorts hosts that agree in all bits from 1<<shift up.
func (s *sorter4) sort(hosts []Host4, shift uint) {
	switch {
	case shift == 0:
	case len(hosts) <= fewToSort:
		insert4(hosts)
	case len(hosts) <= len(s.hosts):
		s.scatter(hosts, shift)
	default:
		shift -= digitBits
		ends, _ := exchange4(hosts, shift)
		for d, end := range ends {
			s.sort(hosts[start(&ends, d):end], shift)
		}
	}
}

// scatter sorts hosts that fit the scratch by way of it. The digit is chosen so that not many hosts share one; then insertion over all
// of them does the rest. Busy networks, which have many, are sorted each on its own.
func (s *sorter4) scatter(hosts []Host4, shift uint) {
	width := min(uint(bits.Len(uint(len(hosts)-1))), shift, 12)
	shift -= width
	most := s.count(hosts, shift, width)
	last := uint32(1)<<width - 1
	for i := len(hosts) - 1; i >= 0; i-- {
		to := &s.ends[hosts[i].Addr>>shift&last]
		*to--
		s.hosts[*to] = hosts[i]
	}
	copy(hosts, s.hosts)
	switch {
	case shift == 0:
	case most <= fewToSort:
		insert4(hosts)
	default:
		s.runs(hosts, shift)
	}
}

// count notes where the hosts of each digit end, and returns how many the most frequent digit has.
func (s *sorter4) count(hosts []Host4, shift, width uint) (most uint32) {
	ends := s.ends[:1<<width]
	clear(ends)
	for i := range hosts {
		ends[int(hosts[i].Addr>>shift)&(len(ends)-1)]++
	}
	sum := uint32(0)
	for d, n := range ends {
		most = max(most, n)
		sum += n
		ends[d] = sum
	}
	return most
}

// runs sorts each run of hosts that agree in all bits from 1<<shift up.
func (s *sorter4) runs(hosts []Host4, shift uint) {
	from := 0
	for i := range hosts {
		if hosts[i].Addr>>shift != hosts[from].Addr>>shift {
			s.sort(hosts[from:i], shift)
			from = i
		}
	}
	s.sort(hosts[from:], shift)
}

// insert4 sorts a few hosts, or hosts that are almost sorted.
func insert4(hosts []Host4) {
	for i := 1; i < len(hosts); i++ {
		h, at := hosts[i], i
		for ; at > 0 && hosts[at-1].Addr > h.Addr; at-- {
			hosts[at] = hosts[at-1]
		}
		hosts[at] = h
	}
}
