package cidr

import (
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	digitBits = 8
	digits    = 1 << digitBits
	fewToSort = 24      // up to so many hosts, insertion is faster than counting digits
	inCache   = 1 << 13 // up to so many hosts, 128 KiB, a processor sorts in a scratch of its own
	onePiece  = 1 << 14 // entries that are parted at a time: another goroutine is worth starting for that
)

// sort4 returns the hosts of all pieces that have requests, sorted by address: radix sort from the most significant digit on. All
// processors part them by their first digit and then sort what that has parted, with 144 KiB of scratch each.
func sort4(all [][]Host4) []Host4 {
	var pieces [][]Host4
	for _, p := range all {
		pieces = slices.AppendSeq(pieces, slices.Chunk(p, onePiece))
	}
	hosts, ends := part4(pieces)
	if len(hosts) <= inCache {
		newSorter4(len(hosts)).sort(hosts, 32)
	} else {
		sortParted4(hosts, &ends, 32-digitBits)
	}
	return hosts
}

// part4 returns the hosts of all pieces that have requests, sorted by the first digit of their addresses, and where each digit's hosts
// end. Each piece has a place of its own among the hosts of each digit.
func part4(pieces [][]Host4) (hosts []Host4, ends [digits]int) {
	const shift = 32 - digitBits
	at := make([][digits]int, len(pieces)) // where a piece's next host of a digit goes
	share(len(pieces), func() func(int) {
		return func(i int) {
			at := &at[i]
			for _, h := range pieces[i] {
				at[h.Addr>>shift] += int(min(h.Requests, 1))
			}
		}
	})
	sum := 0
	for d := range ends {
		for i := range at {
			at[i][d], sum = sum, sum+at[i][d]
		}
		ends[d] = sum
	}
	hosts = make([]Host4, sum)
	share(len(pieces), func() func(int) {
		return func(i int) {
			at := &at[i]
			for _, h := range pieces[i] {
				if h.Requests > 0 {
					to := &at[h.Addr>>shift]
					hosts[*to] = h
					*to++
				}
			}
		}
	})
	return hosts, ends
}

// sortParted4 sorts hosts that are sorted by the digit whose lowest bit is 1<<shift, and agree in those above it. ends are where each
// digit's hosts end. One digit that has most of the hosts is parted further, so that no processor must sort it alone.
func sortParted4(hosts []Host4, ends *[digits]int, shift uint) {
	large := -1
	share(digits, func() func(int) {
		s := newSorter4(len(hosts))
		return func(d int) {
			part := hosts[start(ends, d):ends[d]]
			if shift > 0 && len(part) > max(inCache, len(hosts)/2) {
				large = d // there is but one
				return
			}
			s.sort(part, shift)
		}
	})
	if large >= 0 {
		part := hosts[start(ends, large):ends[large]]
		further := exchange4(part, shift-digitBits)
		sortParted4(part, &further, shift-digitBits)
	}
}

// share calls what start returns with each number below n, in several goroutines, each of which calls start first.
func share(n int, start func() func(i int)) {
	var next atomic.Int64
	work := func() {
		f := start()
		for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
			f(int(i))
		}
	}
	var others sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) - 1 {
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

// exchange4 sorts hosts by the digit whose lowest bit is 1<<shift, in place, and returns where each digit's hosts end. Each
// exchange brings a host home, but does not wait for where the next one goes, as it would if it followed the cycle: so the processor
// fetches several at a time (M. Skarupke's variant of American flag sort, "ska_sort").
func exchange4(hosts []Host4, shift uint) (ends [digits]int) {
	for i := range hosts {
		ends[uint8(hosts[i].Addr>>shift)]++
	}
	var at [digits]int // where the next host of a digit goes
	sum := 0
	for d, n := range ends {
		at[d] = sum
		sum += n
		ends[d] = sum
	}
	for more := true; more; {
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
	return ends
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
		ends := exchange4(hosts, shift)
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
