package static

import (
	"slices"

	"cidrx/detect/cidr"
)

// spent knows until when the evidence of which hosts is used up.
type spent struct {
	until   map[cidr.Net]int64 // Unix seconds, inclusive
	lengths []int              // of the prefixes in until
	four    [1 << 16 / 64]uint64
}

// newSpent returns nil if nothing is spent.
func newSpent(all []Spent) *spent {
	if len(all) == 0 {
		return nil
	}
	s := &spent{until: map[cidr.Net]int64{}}
	for _, one := range all {
		for _, n := range cidr.Nets(one.Prefix) {
			if until, known := s.until[n]; !known || one.Until.Unix() > until {
				s.until[n] = one.Until.Unix()
			}
			s.mark(n)
		}
	}
	slices.Sort(s.lengths)
	return s
}

// mark notes the length of n and, for IPv4, which /16 it touches.
func (s *spent) mark(n cidr.Net) {
	p := n.Prefix()
	bits := p.Bits()
	if p.Addr().Is4() {
		raw := p.Addr().As4()
		first := int(raw[0])<<8 | int(raw[1])
		for i := range 1 << max(0, 16-bits) {
			s.four[(first+i)/64] |= 1 << ((first + i) % 64)
		}
	} else if cidr.KeyOf(p.Addr()).Host().Bits() == 128 && bits >= 96 { // of NAT64: counted as 32 bits
		bits -= 96
	}
	if !slices.Contains(s.lengths, bits) {
		s.lengths = append(s.lengths, bits)
	}
}

// touches tells whether something of an IPv4 address may be spent. It is quick.
func (s *spent) touches(addr uint32) bool { return s.four[addr>>22]>>(addr>>16%64)&1 != 0 }

// holds tells whether what k requested at that time is spent.
func (s *spent) holds(k cidr.Key, unix int64) bool {
	width := k.Host().Bits()
	if width == 128 {
		width = 32
	}
	for _, n := range s.lengths {
		if n > width {
			return false
		}
		if until, known := s.until[k.Net(n)]; known && unix <= until {
			return true
		}
	}
	return false
}
