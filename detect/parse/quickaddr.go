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

// quickIPv4 is scanIPv4 without a loop, whose turns a processor cannot foresee: eight bytes are looked at at a time for what is no
// digit (Warren, Hacker's Delight, 6-1), and the digits of each octet are weighed at once. b holds quickLen bytes at least. n is 0
// also for some addresses that scanIPv4 knows; it has the last word.
func quickIPv4(b []byte) (ip uint32, n int) {
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
	o1, ok1 := octet(b, 0, end1)
	o2, ok2 := octet(b, end1+1, end2)
	o3, ok3 := octet(b, end2+1, end3)
	o4, ok4 := octet(b, end3+1, end4)
	if !(ok1 && ok2 && ok3 && ok4) {
		return 0, 0
	}
	return o1<<24 | o2<<16 | o3<<8 | o4, end4
}

// quickLen is the longest address, the byte behind it, and what is read beyond.
const quickLen = 20

// octet reads the digits b[from:to], to at most 15, as a number up to 255 without leading zeros.
func octet(b []byte, from, to int) (v uint32, ok bool) {
	n := to - from
	if uint(n-1) > 2 {
		return 0, false
	}
	w := binary.LittleEndian.Uint32(b[from&15:]) & 0x0f0f0f0f << (8 * (4 - uint(n)) & 31) // the last digit in the highest byte
	v = w>>24 + w>>16&0xff*10 + w>>8&0xff*100
	return v, v <= 255 && v >= leastOctet[n&3]
}

// leastOctet is the least number that needs so many digits.
var leastOctet = [4]uint32{0, 0, 10, 100}
