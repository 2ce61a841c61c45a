package agent

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// regulars remembers since when clients have been coming: a table of fixed size, in which whoever came first keeps the place as long
// as they keep coming. It is there for a warning, so a client that finds its place taken is simply not known.
type regulars struct{ slots []regular }

// regular is a client, a /64 for IPv6, with the hours (since 1970) it was first and last seen in.
type regular struct {
	key         uint64
	first, last uint32
}

const (
	regularSlots = 1 << 15
	regularStale = 72 // hours without a visit after which a place is free
)

// add notes a visit.
func (r *regulars) add(addr netip.Addr, at time.Time) {
	if r.slots == nil {
		r.slots = make([]regular, regularSlots)
	}
	key, hour := clientKey(addr), uint32(at.Unix()/3600)
	s := &r.slots[slotOf(key)]
	switch {
	case s.key == key && hour < s.last+regularStale:
		s.last = max(s.last, hour)
	case s.key == 0 || s.key == key || hour >= s.last+regularStale:
		*s = regular{key, hour, hour}
	}
}

// each calls f for every client that still comes, with how long it has been coming.
func (r *regulars) each(now time.Time, f func(client netip.Prefix, since time.Duration)) {
	hour := uint32(now.Unix() / 3600)
	for i := range r.slots {
		if s := &r.slots[i]; s.key != 0 && hour < s.last+regularStale {
			f(clientPrefix(keyAddr(s.key)), time.Duration(s.last-s.first)*time.Hour)
		}
	}
}

// clientKey is never 0. IPv4 addresses are kept where no IPv6 /64 in use can be, in 0::/32.
func clientKey(a netip.Addr) uint64 {
	if a.Is4() {
		b := a.As4()
		return 1<<32 | uint64(binary.BigEndian.Uint32(b[:]))
	}
	b := a.As16()
	return binary.BigEndian.Uint64(b[:8])
}

func keyAddr(key uint64) netip.Addr {
	if key>>32 == 1 {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], uint32(key))
		return netip.AddrFrom4(b)
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], key)
	return netip.AddrFrom16(b)
}

// slotOf spreads keys by Fibonacci hashing.
func slotOf(key uint64) uint64 { return key * 0x9E3779B97F4A7C15 >> (64 - 15) }
