package static

import (
	"math"

	"cidrx/detect/cidr"
)

// table6 is table for IPv6 hosts, in 24 bytes each.
type table6 struct {
	places []host6
	used   int
	grow   int // used at which it grows
}

// host6 is what is counted of the /64 whose upper half of the address is bits.
type host6 struct {
	bits uint64
	count
}

// seen6 is a request of an IPv6 host.
type seen6 struct {
	bits uint64
	at   uint32 // see stamp
}

// add counts n requests, at least 1, of a host.
func (t *table6) add(s seen6, n, multiplier uint64) {
	if t.used >= t.grow {
		t.rehash(multiplier)
	}
	h := t.find(s.bits, multiplier)
	if h.requests == 0 {
		*h = host6{s.bits, count{n, s.at, s.at}}
		t.used++
		return
	}
	h.count = h.add(n, s.at)
}

// find returns the place of a host, which is vacant if it has none yet.
func (t *table6) find(bits, multiplier uint64) *host6 {
	i := placeOf(bits*multiplier, len(t.places))
	for {
		h := &t.places[i]
		if h.bits == bits && h.requests > 0 || h.requests == 0 {
			return h
		}
		if i++; i == len(t.places) {
			i = 0
		}
	}
}

// rehash makes the table larger.
func (t *table6) rehash(multiplier uint64) {
	old := t.places
	t.places = make([]host6, larger(len(old)))
	clear(t.places) // a page that is written first costs the kernel one fault, one that is read first two
	t.grow = int(fill * float64(len(t.places)))
	for _, h := range old {
		if h.requests > 0 {
			*t.find(h.bits, multiplier) = h
		}
	}
}

// drain appends all hosts and forgets them.
func (t *table6) drain(all []cidr.HostCount) []cidr.HostCount {
	for _, h := range t.places {
		if h.requests > 0 {
			key := cidr.Key6(h.bits, 0)
			all = append(all, cidr.HostCount{Key: key, Requests: h.requests, First: h.first, Last: h.last})
		}
	}
	*t = table6{}
	return all
}

// add counts n more requests. A count stops at 2^64-1.
func (c count) add(n uint64, at uint32) count {
	c.requests += min(n, math.MaxUint64-c.requests)
	c.last = max(c.last, at)
	if at-1 < c.first-1 { // 0, no time, is the last of all
		c.first = at
	}
	return c
}
