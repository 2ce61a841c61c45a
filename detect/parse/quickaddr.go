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

// allDigits tells whether b is a number as scanNumber reads it: 1 to 18 digits.
func allDigits(b []byte) bool {
	if len(b) > 7 || cap(b) < 8 {
		_, n := scanNumber(b)
		return n == len(b) && n > 0
	}
	x := notDigits(binary.LittleEndian.Uint64(b[:8])) | 1<<63 // what lies behind b does not matter
	return len(b) > 0 && bits.TrailingZeros64(x)/8 >= len(b)
}
