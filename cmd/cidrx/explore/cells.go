package explore

import (
	"net/netip"
	"sort"

	"cidrx/detect/report"
)

// tally is what a cell of the map holds.
type tally struct {
	requests uint64
	hosts    uint64
	ranges   int // detected, that touch it
}

// grid is a window filled with what was seen.
type grid struct {
	window
	cells []tally // by row
	peak  uint64  // requests of the cell with the most
}

func (g *grid) at(x, y int) *tally { return &g.cells[y<<g.order|x] }

// fill counts the cells of a space, and the ranges of a section, into a window.
func fill(w window, space *report.Space, ranges []found) *grid {
	g := &grid{window: w, cells: make([]tally, 1<<(2*w.order))}
	first := number(w.root.Addr())
	last := first | uint32(uint64(1)<<(32-w.root.Bits())-1)
	from := sort.Search(len(space.Cells), func(i int) bool { return space.Cells[i].First >= first })
	for _, c := range space.Cells[from:] {
		if c.First > last {
			break
		}
		t := g.at(w.cell(c.First))
		t.requests += c.Requests
		t.hosts += uint64(c.Hosts)
		g.peak = max(g.peak, t.requests)
	}
	for i := range ranges {
		g.mark(ranges[i].Prefix)
	}
	return g
}

// mark counts a detected range in the cells that it touches.
func (g *grid) mark(p netip.Prefix) {
	if !p.Addr().Is4() || !p.Overlaps(g.root) {
		return
	}
	if p.Bits() >= g.bits() {
		g.at(g.cell(number(p.Addr()))).ranges++
		return
	}
	start := max(number(p.Addr()), number(g.root.Addr()))
	count := 1 << (g.bits() - max(p.Bits(), g.root.Bits()))
	for i := range count {
		g.at(g.cell(start+uint32(i)<<(32-g.bits()))).ranges++
	}
}
