package static

import (
	"math"

	"cidrx/detect/cidr"
)

// table counts the requests of IPv4 hosts in 16 bytes a host and a third to two thirds of that in vacant places: open addressing with
// linear probing. A large one grows by half, not by two, because that is memory. The zero value is empty.
type table struct {
	places []cidr.Host4 // vacant: without requests
	used   int
	grow   int               // used at which it grows
	large  map[uint32]uint64 // requests of a host beyond those that its place can count

	touched uint32 // of no meaning, but what nobody keeps is not read
}

const (
	firstPlaces = 64
	smallTable  = 4096 // places up to which a table grows by eight
	fill        = 0.8  // share of the places in use at which a table grows
)

// seen is a request of a host: what is waiting to be counted.
type seen struct {
	addr uint32
	at   uint32 // see stamp
}

// spread is the hash of an address. multiplier is odd and chosen at random for each analysis: logs of forwarded addresses hold what
// clients make up, and they must not make up collisions. (Dietzfelbinger et al., "A Reliable Randomized Algorithm for the
// Closest-Pair Problem", 1997: multiply-shift.)
func spread(addr uint32, multiplier uint64) uint64 { return uint64(addr) * multiplier }

// add counts n requests, at least 1, of an address.
func (t *table) add(s seen, n uint32, multiplier uint64) {
	if t.used >= t.grow {
		t.rehash(multiplier)
	}
	i := placeOf(spread(s.addr, multiplier), len(t.places))
	for {
		h := &t.places[i]
		switch {
		case h.Requests == 0:
			*h = cidr.Host4{Addr: s.addr, Requests: n, First: s.at, Last: s.at}
			t.used++
			return
		case h.Addr == s.addr:
			t.count(h, n)
			h.Last = max(h.Last, s.at)
			if s.at-1 < h.First-1 { // 0, no time, is the last of all
				h.First = s.at
			}
			return
		}
		if i++; i == len(t.places) {
			i = 0
		}
	}
}

// count adds n requests to a host.
func (t *table) count(h *cidr.Host4, n uint32) {
	if n > math.MaxUint32-h.Requests {
		t.addLarge(h.Addr, uint64(n))
		return
	}
	h.Requests += n
}

// addLarge counts requests of a host that is in the table, and whose place cannot count so many. A count stops at 2^64-1.
func (t *table) addLarge(addr uint32, n uint64) {
	if t.large == nil {
		t.large = map[uint32]uint64{}
	}
	t.large[addr] += min(n, math.MaxUint64-t.large[addr])
}

// placeOf is at which of so many places the search for a hash begins. The upper bits of the hash chose the table: what is left of them is spread over the
// places (Lemire, "Fast Random Integer Generation in an Interval", 2019).
func placeOf(hash uint64, places int) int { return int(hash << shardBits >> 32 * uint64(places) >> 32) }

// larger is how many places a table gets that is full with so many.
func larger(places int) int {
	if places < smallTable {
		return max(firstPlaces, 8*places)
	}
	return places + places/2
}

// rehash makes the table larger.
func (t *table) rehash(multiplier uint64) {
	old := t.places
	t.places = make([]cidr.Host4, larger(len(old)))
	clear(t.places) // a page that is written first costs the kernel one fault, one that is read first two
	t.grow = int(fill * float64(len(t.places)))
	for _, h := range old {
		if h.Requests == 0 {
			continue
		}
		i := placeOf(spread(h.Addr, multiplier), len(t.places))
		for t.places[i].Requests != 0 {
			if i++; i == len(t.places) {
				i = 0
			}
		}
		t.places[i] = h
	}
}

// drain returns the places, some of which are vacant, appends what they could not count, and forgets all.
func (t *table) drain(others []cidr.HostCount) (places []cidr.Host4, _ []cidr.HostCount) {
	places = t.places
	for addr, n := range t.large {
		others = append(others, cidr.HostCount{Key: key4(addr), Requests: n})
	}
	*t = table{}
	return places, others
}

// touch brings the places to the processor at which the search for each of all will begin. It decides nothing on what it finds there, so
// the processor need not wait for one to ask for the next.
func (t *table) touch(all []seen, multiplier uint64) {
	if len(t.places) == 0 {
		return
	}
	for _, s := range all {
		t.touched |= t.places[placeOf(spread(s.addr, multiplier), len(t.places))].Addr
	}
}
