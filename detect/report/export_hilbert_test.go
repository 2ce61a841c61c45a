package report

import (
	"net/netip"
	"time"
)

// What the tests of package report_test look at from inside.
var (
	Shown      = shown
	Percent    = percent
	RoundStep  = roundStep
	Silhouette = silhouette
)

// HilbertBox is hilbertBox in cells of a curve of the given order over the prefix of length within.
func HilbertBox(within, order int, p netip.Prefix) (x, y, w, h float64) {
	b, n := hilbertBox(within, p), float64(int(1)<<order)
	return b.X * n, b.Y * n, b.W * n, b.H * n
}

// MapPlace returns where a range is drawn on the map of s: the middle of its first box, in units of the sheet, and the sheet's size.
// ok is false for what is not on the map.
func MapPlace(s *Space, p netip.Prefix) (x, y, w, h float64, ok bool) {
	a := newAtlas(s)
	boxes := a.boxes(p)
	if len(boxes) == 0 {
		return 0, 0, a.W, a.H, false
	}
	return boxes[0].X + boxes[0].W/2, boxes[0].Y + boxes[0].H/2, a.W, a.H, true
}

// MapLengths returns the lengths of the prefixes that are squares and cells on the map of s, and how many squares there are.
func MapLengths(s *Space) (tile, cell, tiles int) {
	a := newAtlas(s)
	return a.TileBits, a.CellBits, len(a.Tiles)
}

// Ticks returns the texts of an axis of time.
func Ticks(from, to time.Time) (texts []string) {
	for _, m := range timeTicks(from, to) {
		texts = append(texts, m.Text)
	}
	return texts
}

// Plots returns the requests that are counted in each piece of the space that detected ranges cover.
func Plots(r *Report) map[netip.Prefix]uint64 {
	sums := map[netip.Prefix]uint64{}
	for _, p := range plotsOf(r, nil) {
		sums[p.Prefix] = p.Requests
	}
	return sums
}
