package parse

import (
	"encoding/binary"
	"math/bits"
)

const (
	everyByte = 0x0101010101010101
	zeros     = '0' * everyByte
	tops      = 0x80 * everyByte
)

// notDigits sets the top bit of every byte of x that is no decimal digit.
func notDigits(x uint64) uint64 {
	x ^= zeros // digits become 0 to 9
	return (x&^tops + (0x80-10)*everyByte | x) & tops
}

// gather moves the top bits of the eight bytes of x, which has no other, next to each other: the first byte's is the lowest.
func gather(x uint64) uint { return uint(x >> 7 * 0x0102040810204080 >> 56) }

// swarIPv4 is quickIPv4 with no vector instructions and without a loop, whose turns a processor cannot foresee: eight bytes are looked at
// at a time for what is no digit (Warren, Hacker's Delight, 6-1), and the digits of each octet are weighed at once.
func swarIPv4(b []byte) (ip uint32, n int) {
	b = b[:quickLen]
	marks := gather(notDigits(binary.LittleEndian.Uint64(b))) | gather(notDigits(binary.LittleEndian.Uint64(b[8:])))<<8 | 1<<16
	end1 := bits.TrailingZeros(marks)
	marks &= marks - 1
	end2 := bits.TrailingZeros(marks)
	marks &= marks - 1
	end3 := bits.TrailingZeros(marks)
	marks &= marks - 1
	end4 := bits.TrailingZeros(marks)
	if end4 > 15 || b[end1&15] != '.' || b[end2&15] != '.' || b[end3&15] != '.' || b[end4&15] == '.' {
		return 0, 0
	}
	high, ok1 := octets(b, 0, end1, end2)
	low, ok2 := octets(b, end2+1, end3, end4)
	if !(ok1 && ok2) {
		return 0, 0
	}
	return high<<16 | low, end4
}

// swarAddrs is quickAddrs with swarIPv4.
func swarAddrs(block []byte, briefs []Brief) (read uint64) {
	for i := range briefs {
		b := &briefs[i]
		if !b.Usual || b.Hi+quickLen > uint64(len(block)) {
			continue
		}
		if v4, n := swarIPv4(block[b.Hi:]); n > 0 && b.Hi+uint64(n) == b.Lo {
			b.V4, b.Is6 = v4, false
			read |= 1 << i
		}
	}
	return read
}

// quickLen is the longest address, the byte behind it, and what is read beyond.
const quickLen = 20

// octets reads b[from:dot] and b[dot+1:to] as numbers up to 255 without leading zeros, the first as the higher byte. The end is at most 15.
func octets(b []byte, from, dot, to int) (pair uint32, ok bool) {
	n, m := uint(dot-from), uint(to-dot-1)
	if n-1 > 2 || m-1 > 2 {
		return 0, false
	}
	first := binary.LittleEndian.Uint32(b[from&15:]) & 0x0f0f0f0f << (8 * (4 - n) & 31) // the last digit in the highest byte
	second := binary.LittleEndian.Uint32(b[(dot+1)&15:]) & 0x0f0f0f0f << (8 * (4 - m) & 31)
	const bytes0 = 0x000000ff_000000ff
	digits := uint64(first) | uint64(second)<<32
	tens := digits*10 + digits>>8 // hundreds in each lowest byte, 10 times the tens and the ones in the third
	both := tens&bytes0*100 + tens>>16&bytes0
	x, y := uint32(both), uint32(both>>32)
	return x<<8 | y, x <= 255 && y <= 255 && x >= leastOctet[n&3] && y >= leastOctet[m&3]
}

// leastOctet is the least number that needs so many digits.
var leastOctet = [4]uint32{0, 0, 10, 100}

// sixLen is how much of its text quickIPv6 may look at: of the longest address, in words, and four bytes beyond.
const sixLen = 48

// quickIPv6 reads the address b[:n], its first and its last eight bytes, big endian, if it is one of RFC 4291, section 2.2, without dots. It
// finds what stands between the colons first, so that no group of digits waits for the one before. b holds sixLen bytes at least.
func quickIPv6(b []byte, n int) (hi, lo uint64, ok bool) {
	if n < len("::") || n > 39 {
		return 0, 0, false
	}
	b = b[:sixLen]
	var colons, others uint64
	for i := 0; i < n; i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		colon := ^notByte(x, ':') & tops
		colons |= uint64(gather(colon)) << i
		others |= uint64(gather(notHex(x)&^colon)) << i
	}
	end := uint64(1) << n
	if others&(end-1) != 0 {
		return 0, 0, false
	}
	colons = colons&(end-1) | end
	var head, tail six // what stands before the gap, if there is one, and what stands behind it
	gap, groups, start := false, 0, 0
	if colons&3 == 3 {
		gap, start, colons = true, 2, colons&^3
	}
	for start < n {
		to := bits.TrailingZeros64(colons)
		if to == start || to > start+4 || groups == 8 {
			return 0, 0, false
		}
		tail.push(hexGroup(b[start:], to-start))
		groups++
		if to == n {
			break
		}
		colons &= colons - 1
		start = to + 1
		switch {
		case start == n:
			return 0, 0, false
		case colons>>start&1 == 0:
		case gap:
			return 0, 0, false
		default:
			gap, head, tail = true, tail, six{}
			head.left(8 - groups)
			start++
			colons &= colons - 1
		}
	}
	if gap == (groups == 8) {
		return 0, 0, false
	}
	return head.hi | tail.hi, head.lo | tail.lo, true
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

// allDigits tells whether b is a number as scanNumber reads it: 1 to 18 digits.
func allDigits(b []byte) bool {
	if len(b) > 7 || cap(b) < 8 {
		_, n := scanNumber(b)
		return n == len(b) && n > 0
	}
	x := notDigits(binary.LittleEndian.Uint64(b[:8])) | 1<<63 // what lies behind b does not matter
	return len(b) > 0 && bits.TrailingZeros64(x)/8 >= len(b)
}
