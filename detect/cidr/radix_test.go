package cidr_test

import (
	"maps"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cidrx/detect/cidr"
)

// Hosts of every shape come out sorted and put together, from few to more than one processor sorts, with vacant places among them or not.
func TestNewSortedOfManyHosts(t *testing.T) {
	shapes := map[string]func(r *rand.Rand, i int) uint32{
		"random":          func(r *rand.Rand, _ int) uint32 { return r.Uint32() },
		"one host":        func(*rand.Rand, int) uint32 { return 0xc0000201 },
		"two far apart":   func(r *rand.Rand, _ int) uint32 { return r.Uint32N(2) * 0xffffffff },
		"one /16":         func(r *rand.Rand, _ int) uint32 { return 0xc6330000 | r.Uint32N(1<<16) },
		"one /12":         func(r *rand.Rand, _ int) uint32 { return 0xc6300000 | r.Uint32N(1<<20) },
		"sorted":          func(_ *rand.Rand, i int) uint32 { return uint32(i) * 3 },
		"backwards":       func(_ *rand.Rand, i int) uint32 { return -uint32(i) },
		"busy networks":   func(r *rand.Rand, _ int) uint32 { return r.Uint32N(5)<<24 | r.Uint32N(300) },
		"even and lonely": func(r *rand.Rand, i int) uint32 { return r.Uint32() >> (uint(i) % 25) },
	}
	for name, addr := range shapes {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 17))
			for _, n := range []int{1, 2, 24, 25, 300, 5000, 9000, 70_000} {
				sortsLikeAMap(t, r, n, addr)
			}
		})
	}
}

func sortsLikeAMap(t *testing.T, r *rand.Rand, n int, addr func(r *rand.Rand, i int) uint32) {
	t.Helper()
	hosts, want := make([]cidr.Host4, n), map[uint32]uint64{}
	for i := range hosts {
		hosts[i] = cidr.Host4{Addr: addr(r, i), Requests: 1 + r.Uint32N(9)}
		want[hosts[i].Addr] += uint64(hosts[i].Requests)
	}
	s := cidr.NewSorted(nil, scattered(r, hosts)...)
	got, last := map[uint32]uint64{}, int64(-1)
	s.Walk(netip.MustParsePrefix("0.0.0.0/0"), func(h cidr.HostCount) bool {
		at := h.Key.Pack().High
		if int64(at) <= last {
			t.Fatalf("%d hosts: %x behind %x", n, at, last)
		}
		got[at], last = h.Requests, int64(at)
		return true
	})
	if !maps.Equal(want, got) {
		t.Fatalf("%d hosts (-want +got):\n%s", n, cmp.Diff(want, got))
	}
}

// scattered are hosts in several slices, as hash tables have them: with vacant places in between.
func scattered(r *rand.Rand, hosts []cidr.Host4) (pieces [][]cidr.Host4) {
	vacant := r.IntN(3)
	for len(hosts) > 0 {
		n := 1 + r.IntN(len(hosts))
		var piece []cidr.Host4
		for _, h := range hosts[:n] {
			for range r.IntN(1 + vacant) {
				piece = append(piece, cidr.Host4{Addr: r.Uint32() * r.Uint32N(2)})
			}
			piece = append(piece, h)
		}
		pieces, hosts = append(pieces, piece), hosts[n:]
	}
	return append(pieces, nil)
}
