package report

import (
	"encoding/binary"
	"net/netip"
)

// A Hilbert curve visits every cell of a square so that neighbours on the line are neighbours in the square. Drawn along it, a prefix of
// even length is a square and one of odd length two squares side by side, wherever it lies: networks keep their shape.
// The turn of the curve is that of the well-known map of the Internet (xkcd 195): the first quarter at the upper left, the last at the
// upper right, y downwards.

// HilbertPoint returns the place of the d-th cell of a curve of the given order in a square of 2^order by 2^order cells. d is less than
// 4^order, order at most 16. After Warren, Hacker's Delight, 2nd edition, chapter 16.
func HilbertPoint(order int, d uint64) (x, y uint32) {
	for side := uint32(1); side < 1<<order; side <<= 1 {
		right := uint32(d>>1) & 1
		down := (uint32(d) ^ right) & 1
		x, y = hilbertTurn(side, x, y, right, down)
		x, y = x+side*right, y+side*down
		d >>= 2
	}
	return x, y
}

// HilbertIndex is the inverse of HilbertPoint: which cell of the curve lies at x, y, both less than 2^order.
func HilbertIndex(order int, x, y uint32) (d uint64) {
	for side := uint32(1) << order >> 1; side > 0; side >>= 1 {
		right, down := x/side&1, y/side&1
		d = d<<2 | uint64(right*3^down)
		x, y = hilbertTurn(side, x%side, y%side, right, down)
	}
	return d
}

// hilbertTurn lays the curve inside a quarter: the two upper quarters are mirrored, the one on the right along the other diagonal. It is
// its own inverse.
func hilbertTurn(side, x, y, right, down uint32) (uint32, uint32) {
	switch {
	case down == 1:
		return x, y
	case right == 1:
		return side - 1 - y, side - 1 - x
	}
	return y, x
}

// box is a rectangle; where nothing else is said, in sides of the square it lies in.
type box struct{ X, Y, W, H float64 }

// hilbertBox returns where the IPv4 prefix p lies in the square of the prefix of length within that contains it. within is even and at
// most p's length.
func hilbertBox(within int, p netip.Prefix) box {
	if p.Bits()%2 == 0 {
		return hilbertSquare(within, p.Bits(), first4(p))
	}
	half := uint32(1) << (31 - p.Bits())
	a := hilbertSquare(within, p.Bits()+1, first4(p))
	b := hilbertSquare(within, p.Bits()+1, first4(p)+half)
	return box{min(a.X, b.X), min(a.Y, b.Y), max(a.X, b.X) + a.W - min(a.X, b.X), max(a.Y, b.Y) + a.H - min(a.Y, b.Y)}
}

// hilbertSquare is hilbertBox for the prefix of the even length bits that begins at first.
func hilbertSquare(within, bits int, first uint32) box {
	order := (bits - within) / 2
	x, y := HilbertPoint(order, hilbertCell(within, bits, first))
	side := 1 / float64(uint32(1)<<order)
	return box{float64(x) * side, float64(y) * side, side, side}
}

// hilbertCell returns which of the cells of length bits, counted inside the prefix of length within, contains addr.
func hilbertCell(within, bits int, addr uint32) uint64 {
	return uint64(addr) << within & 0xffffffff >> within >> (32 - bits)
}

// first4 returns the first address of an IPv4 prefix.
func first4(p netip.Prefix) uint32 {
	raw := p.Masked().Addr().As4()
	return binary.BigEndian.Uint32(raw[:])
}
