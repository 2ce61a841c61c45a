package explore

import (
	"math/rand/v2"
	"net/netip"
	"testing"
)

// Neighbours on the curve are neighbours on the map, and each place has one address.
func TestHilbert(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 20000 {
		addr := r.Uint32()
		x, y := place(addr)
		if got := address(x, y); got != addr {
			t.Fatalf("%s lies at %d,%d, where %s is", ip(addr), x, y, ip(got))
		}
		nx, ny := place(addr + 1)
		if dx, dy := int(nx)-int(x), int(ny)-int(y); addr+1 != 0 && dx*dx+dy*dy != 1 {
			t.Fatalf("%s and its successor are %d,%d apart", ip(addr), dx, dy)
		}
	}
}

// A cell's prefix holds exactly the addresses that lie in the cell.
func TestWindow(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for range 5000 {
		order := 1 + r.IntN(8)
		bits := 2 * r.IntN((32-2*order)/2+1)
		w := window{netip.PrefixFrom(ip(r.Uint32()), bits).Masked(), order}
		x, y := r.IntN(1<<order), r.IntN(1<<order)
		p := w.prefix(x, y)
		if p.Bits() != w.bits() || !w.root.Overlaps(p) {
			t.Fatalf("cell %d,%d of %s in %d is %s", x, y, w.root, order, p)
		}
		inside := number(p.Addr()) | r.Uint32()&uint32(uint64(1)<<(32-p.Bits())-1)
		if gx, gy := w.cell(inside); gx != x || gy != y {
			t.Fatalf("%s of %s lies in cell %d,%d, not %d,%d", ip(inside), p, gx, gy, x, y)
		}
	}
}
