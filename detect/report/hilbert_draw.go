package report

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"cidrx/detect/cidr"
)

// mapView is the map of the address space as its template draws it.
type mapView struct {
	*atlas
	Tiles    []mapTile
	Levels   []mapLevel
	Outlines []outline
	More     int // detected IPv4 ranges that are not outlined
	Six      int // detected IPv6 ranges: they are not on this map
	Used     int // cells drawn
	Data     mapData
}

// mapTile is one square of the sheet.
type mapTile struct {
	Name  string // its prefix; empty: the whole space
	X, Y  float64
	Scale float64  // sheet units a cell
	Cells int      // along a side
	Fills []string // a path a level, in cells
	Mesh  string   // path of the lines between cells
	Grid  string   // path of the lines between the /8s, of the whole space only
	Names []mapName
}

// NameY is where its name stands.
func (t mapTile) NameY() float64 { return t.Y - 7 }

// mapName is the number of a /8 in the square of the whole space, in units of the sheet.
type mapName struct {
	X, Y float64
	Text string
}

// mapLevel is one colour: cells of From to To requests.
type mapLevel struct{ From, To uint64 }

// outline is a detected range on the map.
type outline struct {
	Range
	Section string
	Boxes   []box
	Ring    bool // too small to be seen: gets a mark around it
	X, Y    float64
	Target  string // where to read more; empty: nowhere
	Quiet   bool   // no stop for the tab key: there would be too many
}

// Ratio says by how much levels differ, in words.
func (m *mapView) Ratio() string {
	most := float64(m.Levels[len(m.Levels)-1].To)
	return strconv.FormatFloat(max(1, math.Pow(most, 1.0/mapLevels)), 'f', 1, 64)
}

// mapData is what the script needs to name what the pointer is at, and to draw finer cells when zoomed in.
type mapData struct {
	Bits     int      `json:"bits"` // length of the prefixes in Seen
	TileBits int      `json:"tileBits"`
	CellBits int      `json:"cellBits"`
	Tiles    []uint32 `json:"tiles"`
	Columns  int      `json:"columns"`
	Side     float64  `json:"side"`
	Gap      float64  `json:"gap"`
	Label    float64  `json:"label"`
	Levels   []uint64 `json:"levels"` // fewest requests of each
	Seen     []uint64 `json:"seen"`   // of each cell: its number less that of the one before, its requests, its hosts
}

// Looks of the map.
const (
	mapLevels = 7
	ringBelow = 14.0 // sheet units: a smaller outline gets a ring
	mapStops  = 25   // outlines that the tab key stops at
)

// newMapView draws r; rows are its detected ranges, those with the most requests first.
func newMapView(r *Report, rows []rangeRow) *mapView {
	a := newAtlas(&r.Space)
	m := &mapView{atlas: a, Levels: levelsOf(&r.Space, a.CellBits)}
	m.drawTiles(&r.Space)
	m.outlineAll(rows)
	m.Data = mapData{
		Bits: r.Space.Bits, TileBits: a.TileBits, CellBits: a.CellBits, Tiles: a.Tiles, Columns: a.Columns,
		Side: a.Side, Gap: mapGap, Label: a.label(), Seen: packedCells(&r.Space),
	}
	for _, l := range m.Levels {
		m.Data.Levels = append(m.Data.Levels, l.From)
	}
	return m
}

// packedCells packs the cells: differences are short where cells lie close.
func packedCells(s *Space) []uint64 {
	packed := make([]uint64, 0, 3*len(s.Cells))
	last := uint64(0)
	for _, c := range s.Cells {
		number := uint64(c.First) >> (32 - s.Bits)
		packed = append(packed, number-last, c.Requests, uint64(c.Hosts))
		last = number
	}
	return packed
}

// coarse returns the cells of s at a shorter length.
func coarse(s *Space, bits int) []Cell {
	var cells []Cell
	for _, c := range s.Cells {
		c.First &= mask4(bits)
		if n := len(cells); n > 0 && cells[n-1].First == c.First {
			cells[n-1].Hosts += c.Hosts
			cells[n-1].Requests += c.Requests
			continue
		}
		cells = append(cells, c)
	}
	return cells
}

// levelsOf divides the requests of cells into levels of equal ratio: a few cells have nearly all, and on a linear scale there would be
// nothing else to see.
func levelsOf(s *Space, bits int) []mapLevel {
	most := uint64(1)
	for _, c := range coarse(s, bits) {
		most = max(most, c.Requests)
	}
	var levels []mapLevel
	for i := range mapLevels {
		from := uint64(math.Ceil(math.Pow(float64(most), float64(i)/mapLevels)))
		if n := len(levels); n > 0 && levels[n-1].From >= from {
			continue
		} else if n > 0 {
			levels[n-1].To = from - 1
		}
		levels = append(levels, mapLevel{From: from, To: most})
	}
	return levels
}

// level returns which colour a cell of n requests has.
func (m *mapView) level(n uint64) int {
	at, _ := slices.BinarySearchFunc(m.Levels, n, func(l mapLevel, n uint64) int {
		if l.From <= n {
			return -1
		}
		return 1
	})
	return max(0, at-1)
}

// drawTiles draws the squares and their cells.
func (m *mapView) drawTiles(s *Space) {
	cells := coarse(s, m.CellBits)
	m.Used = len(cells)
	order := (m.CellBits - m.TileBits) / 2
	for i, first := range m.atlas.Tiles {
		x, y := m.origin(i)
		t := mapTile{X: x, Y: y, Cells: 1 << order, Scale: m.Side / float64(int(1)<<order)}
		t.Mesh = lattice(t.Cells, 1)
		if m.TileBits == 0 {
			t.Grid, t.Names = lattice(t.Cells, t.Cells/16), eights(m.Side)
		} else {
			t.Name = prefix4(first, m.TileBits).String()
		}
		n := 0
		for n < len(cells) && cells[n].First&mask4(m.TileBits) == first {
			n++
		}
		t.Fills = m.fill(cells[:n], order)
		cells = cells[n:]
		m.Tiles = append(m.Tiles, t)
	}
}

// fill returns a path for each level; cells side by side in a row are one rectangle.
func (m *mapView) fill(cells []Cell, order int) []string {
	type spot struct {
		x, y  uint32
		level int
	}
	spots := make([]spot, len(cells))
	for i, c := range cells {
		x, y := HilbertPoint(order, hilbertCell(m.TileBits, m.CellBits, c.First))
		spots[i] = spot{x, y, m.level(c.Requests)}
	}
	slices.SortFunc(spots, func(a, b spot) int {
		return cmp.Or(cmp.Compare(a.level, b.level), cmp.Compare(a.y, b.y), cmp.Compare(a.x, b.x))
	})
	paths := make([]strings.Builder, len(m.Levels))
	for i := 0; i < len(spots); {
		from, n := spots[i], uint32(1)
		for i++; i < len(spots) && spots[i] == (spot{from.x + n, from.y, from.level}); i++ {
			n++
		}
		fmt.Fprintf(&paths[from.level], "M%d %dh%dv1h-%dz", from.x, from.y, n, n)
	}
	out := make([]string, len(paths))
	for i := range paths {
		out[i] = paths[i].String()
	}
	return out
}

// lattice returns the lines inside a square of n cells, one every step cells.
func lattice(n, step int) string {
	var b strings.Builder
	for i := max(1, step); i < n; i += max(1, step) {
		fmt.Fprintf(&b, "M0 %dH%dM%d 0V%d", i, n, i, n)
	}
	return b.String()
}

// eights places the numbers of the 256 /8s in the square of the whole space, which is side wide.
func eights(side float64) []mapName {
	step := side / 16
	names := make([]mapName, 256)
	for i := range names {
		x, y := HilbertPoint(4, uint64(i))
		names[i] = mapName{X: (float64(x) + 0.08) * step, Y: (float64(y) + 0.28) * step, Text: fmt.Sprint(i)}
	}
	return names
}

// prefix4 is the IPv4 prefix that begins at first.
func prefix4(first uint32, bits int) netip.Prefix {
	addr := netip.AddrFrom4([4]byte{byte(first >> 24), byte(first >> 16), byte(first >> 8), byte(first)})
	return netip.PrefixFrom(addr, bits)
}

// outlineAll outlines the detected IPv4 ranges, each prefix once, wide ones below narrow ones.
func (m *mapView) outlineAll(rows []rangeRow) {
	drawn := map[netip.Prefix]bool{}
	for i := range rows {
		g := &rows[i]
		boxes := m.boxes(g.Prefix)
		switch {
		case drawn[g.Prefix]:
			continue
		case g.Prefix.Addr().Is6():
			m.Six++
		case len(boxes) == 0 || len(m.Outlines) == mostOutline:
			m.More++
		default:
			m.Outlines = append(m.Outlines, newOutline(g, boxes, len(m.Outlines) >= mapStops))
		}
		drawn[g.Prefix] = true
	}
	slices.SortFunc(m.Outlines, func(a, b outline) int {
		return cmp.Or(cmp.Compare(a.Prefix.Bits(), b.Prefix.Bits()), cidr.Compare(a.Prefix, b.Prefix))
	})
}

func newOutline(g *rangeRow, boxes []box, quiet bool) outline {
	b := boxes[0]
	return outline{
		Range: g.Range, Section: g.Section, Boxes: boxes, Target: g.Target, Quiet: quiet,
		Ring: len(boxes) == 1 && min(b.W, b.H) < ringBelow, X: b.X + b.W/2, Y: b.Y + b.H/2,
	}
}
