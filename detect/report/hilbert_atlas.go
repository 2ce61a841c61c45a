package report

import (
	"math"
	"net/netip"
	"slices"
)

// atlas says where an IPv4 address is drawn: on the one square of the whole space, or, when only a few networks are in use, on a sheet
// of their squares, in the order of addresses. An empty Internet with three dots in it would tell nobody anything.
type atlas struct {
	TileBits int      // length of the prefixes that are squares of their own: 0, 8 or 16
	CellBits int      // length of the prefixes that are cells, even
	Tiles    []uint32 // first addresses of the squares, sorted
	Columns  int
	Side     float64 // of a square; the sheet is mapWidth wide
	W, H     float64 // of the sheet
}

// Measures of a sheet, in its own units.
const (
	mapWidth  = 1024.0
	mapGap    = 18.0 // between squares
	mapLabel  = 26.0 // above a square
	mostTiles = 36   // more are drawn as one square of the next shorter length
	mostCells = 256  // across the sheet
)

// newAtlas chooses the projection for what is in use: the longest prefixes of which there are few enough become squares.
func newAtlas(s *Space) *atlas {
	a := &atlas{}
	for _, bits := range []int{16, 8, 0} {
		a.TileBits, a.Tiles = bits, tilesOf(s, bits)
		if bits == 0 || bits+8 <= s.Bits && len(a.Tiles) <= mostTiles {
			break
		}
	}
	if len(a.Tiles) == 0 {
		a.Tiles = []uint32{0}
	}
	a.layOut()
	a.CellBits = a.resolution(s)
	return a
}

// tilesOf returns the first addresses of the prefixes of that length that are in use.
func tilesOf(s *Space, bits int) []uint32 {
	var tiles []uint32
	for _, c := range s.Cells {
		if first := c.First & mask4(bits); len(tiles) == 0 || tiles[len(tiles)-1] != first {
			tiles = append(tiles, first)
		}
	}
	return tiles
}

// mask4 has the first bits of an address set.
func mask4(bits int) uint32 { return ^uint32(0) << (32 - bits) }

// layOut makes the sheet about as high as wide.
func (a *atlas) layOut() {
	a.Columns = int(math.Ceil(math.Sqrt(float64(len(a.Tiles)))))
	rows := (len(a.Tiles) + a.Columns - 1) / a.Columns
	a.Side = (mapWidth - mapGap*float64(a.Columns-1)) / float64(a.Columns)
	a.W, a.H = mapWidth, float64(rows)*(a.Side+a.label()+mapGap)-mapGap
}

// label is the height of what stands above a square.
func (a *atlas) label() float64 {
	if a.TileBits == 0 {
		return 0
	}
	return mapLabel
}

// resolution returns the finest cells that can still be told apart and do not leave the squares all but empty.
func (a *atlas) resolution(s *Space) int {
	bits := s.Bits
	for bits > a.TileBits+2 && a.across(bits) > mostCells {
		bits -= 2
	}
	for bits > a.TileBits+8 && len(tilesOf(s, bits))*8 < len(a.Tiles)<<(bits-a.TileBits) {
		bits -= 2
	}
	return bits
}

// across is how many cells of that length lie side by side on the sheet.
func (a *atlas) across(bits int) int { return a.Columns << ((bits - a.TileBits) / 2) }

// origin returns the upper left corner of the square with that index.
func (a *atlas) origin(tile int) (x, y float64) {
	step := a.Side + mapGap
	return float64(tile%a.Columns) * step, float64(tile/a.Columns)*(step+a.label()) + a.label()
}

// boxes returns where p is drawn: one box, or if it is wider than the squares, all squares inside it. Nothing for what is not on the map,
// such as IPv6.
func (a *atlas) boxes(p netip.Prefix) []box {
	if !p.Addr().Is4() {
		return nil
	}
	from, _ := slices.BinarySearch(a.Tiles, first4(p)&mask4(a.TileBits))
	if p.Bits() >= a.TileBits {
		if from == len(a.Tiles) || a.Tiles[from] != first4(p)&mask4(a.TileBits) {
			return nil
		}
		return []box{a.place(from, hilbertBox(a.TileBits, p))}
	}
	var all []box
	for i := from; i < len(a.Tiles) && a.Tiles[i]&mask4(p.Bits()) == first4(p); i++ {
		all = append(all, a.place(i, box{0, 0, 1, 1}))
	}
	return all
}

// place turns a box inside a square into one on the sheet.
func (a *atlas) place(tile int, b box) box {
	x, y := a.origin(tile)
	return box{x + b.X*a.Side, y + b.Y*a.Side, b.W * a.Side, b.H * a.Side}
}
