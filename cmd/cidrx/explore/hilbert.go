package explore

import (
	"net/netip"

	"encoding/binary"
)

// The map is a Hilbert curve: addresses that are close to each other lie close to each other, and each prefix of even length is a square.
// The walk is that of D. Hilbert, "Über die stetige Abbildung einer Linie auf ein Flächenstück", 1891, in the usual bit form.

// side is the order of the curve over all IPv4 addresses: 2^16 by 2^16.
const side = 16

// place is where an address lies on the whole map.
func place(addr uint32) (x, y uint32) {
	for level := range uint(side) {
		two := addr >> (2 * level) & 3
		rx, ry := two>>1, (two>>1^two)&1
		x, y = turn(x, y, rx, ry, 1<<level)
		x, y = x+rx<<level, y+ry<<level
	}
	return x, y
}

// address is what lies at a place of the whole map.
func address(x, y uint32) uint32 {
	var addr uint32
	for level := side - 1; level >= 0; level-- {
		size := uint32(1) << level
		rx, ry := x>>level&1, y>>level&1
		addr |= (3*rx ^ ry) << (2 * level)
		x, y = turn(x&(size-1), y&(size-1), rx, ry, size)
	}
	return addr
}

// turn mirrors and flips a square of that size the way its quadrant lies.
func turn(x, y, rx, ry, size uint32) (uint32, uint32) {
	if ry == 1 {
		return x, y
	}
	if rx == 1 {
		x, y = size-1-x, size-1-y
	}
	return y, x
}

// window is a square of the map: the part that an IPv4 prefix of even length covers, in 2^order by 2^order cells.
type window struct {
	root  netip.Prefix
	order int
}

// bits is the length of the prefix of a cell.
func (w window) bits() int { return w.root.Bits() + 2*w.order }

// corner is the least place of the window on the whole map.
func (w window) corner() (x, y uint32) {
	half := uint32(1)<<(side-w.root.Bits()/2) - 1
	x, y = place(number(w.root.Addr()))
	return x &^ half, y &^ half
}

// cell is where in the window an address lies.
func (w window) cell(addr uint32) (x, y int) {
	left, top := w.corner()
	px, py := place(addr)
	shift := side - w.bits()/2
	return int((px - left) >> shift), int((py - top) >> shift)
}

// prefix is what a cell of the window covers.
func (w window) prefix(x, y int) netip.Prefix {
	left, top := w.corner()
	shift := side - w.bits()/2
	addr := address(left+uint32(x)<<shift, top+uint32(y)<<shift)
	return netip.PrefixFrom(ip(addr), w.bits()).Masked()
}

// number is an IPv4 address as one.
func number(a netip.Addr) uint32 {
	four := a.As4()
	return binary.BigEndian.Uint32(four[:])
}

// ip is the address of a number.
func ip(n uint32) netip.Addr {
	var four [4]byte
	binary.BigEndian.PutUint32(four[:], n)
	return netip.AddrFrom4(four)
}
