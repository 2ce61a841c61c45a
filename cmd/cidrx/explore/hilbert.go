package explore

import (
	"encoding/binary"
	"net/netip"

	"cidrx/detect/report"
)

// The map lies along the Hilbert curve of the reports: addresses that are close to each other lie close to each other, and each prefix of
// even length is a square.

// side is the order of the curve over all IPv4 addresses: 2^16 by 2^16.
const side = 16

// place is where an address lies on the whole map.
func place(addr uint32) (x, y uint32) { return report.HilbertPoint(side, uint64(addr)) }

// address is what lies at a place of the whole map.
func address(x, y uint32) uint32 { return uint32(report.HilbertIndex(side, x, y)) }

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
