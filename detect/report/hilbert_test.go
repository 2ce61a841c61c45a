package report_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"cidrx/detect/report"
)

// curve returns the places that a Hilbert curve visits, by the definition: four copies of the next smaller curve, the first mirrored
// along the one diagonal and the last along the other.
func curve(order int) [][2]uint32 {
	if order == 0 {
		return [][2]uint32{{0, 0}}
	}
	smaller, side := curve(order-1), uint32(1)<<(order-1)
	var all [][2]uint32
	for _, turn := range []func(x, y uint32) [2]uint32{
		func(x, y uint32) [2]uint32 { return [2]uint32{y, x} },
		func(x, y uint32) [2]uint32 { return [2]uint32{x, y + side} },
		func(x, y uint32) [2]uint32 { return [2]uint32{x + side, y + side} },
		func(x, y uint32) [2]uint32 { return [2]uint32{side - 1 - y + side, side - 1 - x} },
	} {
		for _, p := range smaller {
			all = append(all, turn(p[0], p[1]))
		}
	}
	return all
}

func TestHilbertAsDefined(t *testing.T) {
	for order := range 9 {
		for d, want := range curve(order) {
			x, y := report.HilbertPoint(order, uint64(d))
			if got := [2]uint32{x, y}; got != want {
				t.Fatalf("order %d: cell %d lies at %v, want %v", order, d, got, want)
			}
			if back := report.HilbertIndex(order, x, y); back != uint64(d) {
				t.Fatalf("order %d: at %d,%d lies cell %d, want %d", order, x, y, back, d)
			}
		}
	}
}

func TestHilbertVisitsEveryCellBesideTheLast(t *testing.T) {
	for order := 1; order <= 8; order++ {
		seen := map[[2]uint32]bool{}
		var lastX, lastY uint32
		for d := range uint64(1) << (2 * order) {
			x, y := report.HilbertPoint(order, d)
			if x>>order > 0 || y>>order > 0 || seen[[2]uint32{x, y}] {
				t.Fatalf("order %d: cell %d lies at %d,%d: outside, or where another lies", order, d, x, y)
			}
			if far := apart(x, lastX) + apart(y, lastY); d > 0 && far != 1 {
				t.Fatalf("order %d: cells %d and %d are %d apart", order, d-1, d, far)
			}
			seen[[2]uint32{x, y}], lastX, lastY = true, x, y
		}
	}
}

func apart(a, b uint32) uint32 { return max(a, b) - min(a, b) }

func TestHilbertDeepAndBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 10_000 {
		d := uint64(rng.Uint32())
		x, y := report.HilbertPoint(16, d)
		if back := report.HilbertIndex(16, x, y); back != d {
			t.Fatalf("cell %d lies at %d,%d, where lies %d", d, x, y, back)
		}
	}
}

// TestHilbertFirstFields compares with the published map of the Internet: 0 at the upper left, the classes B below, C and up on the right.
func TestHilbertFirstFields(t *testing.T) {
	for first, want := range map[uint64][2]uint32{0: {0, 0}, 1: {1, 0}, 2: {1, 1}, 3: {0, 1}, 64: {0, 8}, 128: {8, 8}, 192: {15, 7}, 224: {11, 3}, 255: {15, 0}} {
		x, y := report.HilbertPoint(4, first)
		if got := [2]uint32{x, y}; got != want {
			t.Errorf("%d.0.0.0/8 lies at %v, want %v", first, got, want)
		}
	}
}

// TestPrefixesAreRectangles holds the box of every prefix of a small space against the cells inside it.
func TestPrefixesAreRectangles(t *testing.T) {
	const order = 5 // cells of /18 in a /8
	base := netip.MustParseAddr("45.0.0.0").As4()
	for bits := 8; bits <= 18; bits++ {
		for i := range 1 << (bits - 8) {
			at := uint32(i) << (32 - bits)
			p := netip.PrefixFrom(netip.AddrFrom4([4]byte{base[0], byte(at >> 16), byte(at >> 8), byte(at)}), bits)
			x, y, w, h := report.HilbertBox(8, order, p)
			if got, want := fmt.Sprint(x, y, w, h), around(order, uint64(i)<<(18-bits), 1<<(18-bits)); got != want {
				t.Fatalf("%s is drawn at %s, its cells lie at %s", p, got, want)
			}
			if (bits%2 == 0) != (w == h) || w > 2*h || h > 2*w {
				t.Fatalf("%s is %g by %g", p, w, h)
			}
		}
	}
}

// around returns the rectangle around n cells from the one numbered first on.
func around(order int, first, n uint64) string {
	x0, y0 := report.HilbertPoint(order, first)
	x1, y1 := x0, y0
	for d := first; d < first+n; d++ {
		x, y := report.HilbertPoint(order, d)
		x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x), max(y1, y)
	}
	return fmt.Sprint(float64(x0), float64(y0), float64(x1-x0+1), float64(y1-y0+1))
}

func TestMapFitsWhatIsInUse(t *testing.T) {
	cells := func(texts ...string) *report.Space {
		s := &report.Space{Bits: 24}
		for _, text := range texts {
			a := netip.MustParseAddr(text).As4()
			s.Cells = append(s.Cells, report.Cell{First: uint32(a[0])<<24 | uint32(a[1])<<16 | uint32(a[2])<<8, Hosts: 1, Requests: 5})
		}
		return s
	}
	busy := pageReport().Space
	for name, c := range map[string]struct {
		space       *report.Space
		tile, tiles int
	}{
		"nothing":       {&report.Space{Bits: 24}, 16, 1},
		"one network":   {cells("192.0.2.0"), 16, 1},
		"two far apart": {cells("10.1.2.0", "192.0.2.0"), 16, 2},
		"everywhere":    {&busy, 0, 1},
		"wide cells":    {&report.Space{Bits: 8, Cells: []report.Cell{{First: 10 << 24, Requests: 1}, {First: 11 << 24, Requests: 1}}}, 0, 1},
	} {
		if tile, cell, tiles := report.MapLengths(c.space); tile != c.tile || tiles != c.tiles || cell > c.space.Bits || cell%2 != 0 {
			t.Errorf("%s: %d squares of /%d with cells of /%d, want %d of /%d", name, tiles, tile, cell, c.tiles, c.tile)
		}
	}
}

// TestMapPlaces: a range is drawn inside the square of the network it lies in; what is not on the map has no place.
func TestMapPlaces(t *testing.T) {
	s := &pageReport().Space
	for text, on := range map[string]bool{"45.155.204.7/32": true, "45.0.0.0/7": true, "0.0.0.0/0": true, "2001:db8::/32": false} {
		x, y, w, h, ok := report.MapPlace(s, netip.MustParsePrefix(text))
		if ok != on || on && (x <= 0 || y <= 0 || x >= w || y >= h) {
			t.Errorf("%s is drawn at %g,%g of %g,%g: %v", text, x, y, w, h, ok)
		}
	}
}
