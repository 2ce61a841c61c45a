package parse

import (
	"encoding/binary"
	"math/bits"
)

const (
	sixLen  = 48 // how much of its text quickIPv6 may look at: of the longest address, in words, and four bytes beyond
	longest = 39 // bytes of an address without dots
	groups6 = 8  // of up to four digits
)

// quickIPv6 reads the address b[:n], its first and its last eight bytes, big endian, if it is one of RFC 4291, section 2.2, without dots. It
// finds the colons first, so that no group of digits waits for the one before. b holds sixLen bytes at least.
func quickIPv6(b []byte, n int) (hi, lo uint64, ok bool) {
	if n < len("::") || n > longest {
		return 0, 0, false
	}
	colons, ok := colonsIn(b[:sixLen], n)
	if !ok {
		return 0, 0, false
	}
	var head, tail six // what stands before the gap, if there is one, and what stands behind it
	gap, groups, start := false, 0, 0
	if colons&3 == 3 {
		gap, start, colons = true, 2, colons&^3
	}
	for start < n {
		to := bits.TrailingZeros64(colons)
		if to == start || to > start+4 || groups == groups6 {
			return 0, 0, false
		}
		tail.push(hexGroup(b[start:], to-start))
		if groups++; to == n {
			break
		}
		colons &= colons - 1
		start = to + 1
		double := colons>>start&1 == 1 && start < n
		if start == n || double && gap {
			return 0, 0, false
		}
		if double {
			gap, head, tail = true, tail, six{}
			head.left(groups6 - groups)
			start++
			colons &= colons - 1
		}
	}
	return head.hi | tail.hi, head.lo | tail.lo, gap == (groups < groups6)
}

// colonsIn returns the places of the colons of b[:n], a bit each, the first the lowest, and one at n; false if there is anything but colons
// and hexadecimal digits.
func colonsIn(b []byte, n int) (colons uint64, ok bool) {
	var others uint64
	for i := 0; i < n; i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		colon := ^notByte(x, ':') & tops
		colons |= uint64(gather(colon)) << i
		others |= uint64(gather(notHex(x)&^colon)) << i
	}
	end := uint64(1) << n
	return colons&(end-1) | end, others&(end-1) == 0
}

// six is an address of IPv6, or a part of one.
type six struct{ hi, lo uint64 }

// push appends a group.
func (s *six) push(group uint64) { s.hi, s.lo = s.hi<<16|s.lo>>48, s.lo<<16|group }

// left moves it so many groups to the left, 0 to 8.
func (s *six) left(groups int) {
	if groups >= 4 {
		s.hi, s.lo = s.lo<<(16*(groups-4)), 0
		return
	}
	s.hi, s.lo = s.hi<<(16*groups)|s.lo>>(64-16*groups), s.lo<<(16*groups)
}

// hexGroup reads the n hexadecimal digits that b begins with, 1 to 4. It looks at four bytes.
func hexGroup(b []byte, n int) uint64 {
	x := binary.LittleEndian.Uint32(b)
	x = (x&0x0f0f0f0f + 9*(x>>6&0x01010101)) << (8 * (4 - n) & 31) // the last digit in the highest byte
	x = x&0x000f000f<<4 | x>>8&0x000f000f
	return uint64(x<<8&0xff00 | x>>16)
}

// notByte sets the top bit of every byte of x that is not c.
func notByte(x uint64, c byte) uint64 {
	x ^= everyByte * uint64(c)
	return (x&^tops + 0x7f*everyByte | x) & tops
}

// notHex sets the top bit of every byte of x that is no hexadecimal digit.
func notHex(x uint64) uint64 {
	letter := (x | 0x20*everyByte) ^ 0x60*everyByte // letters become 1 to 6
	small := letter&^tops + 0x7f*everyByte          // the top bit: not 0
	large := letter&^tops + (0x80-7)*everyByte | letter
	return notDigits(x) & (large | ^small)
}
