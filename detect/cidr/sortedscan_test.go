package cidr_test

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cidrx/detect/cidr"
)

// cell is what Cells4 says of a prefix.
type cell struct {
	First    netip.Addr
	Requests uint64
	Hosts    int
}

func TestScansAgainstWalk(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 13))
		tw := randomHosts(r, 1+r.IntN(120))
		s := cidr.NewSorted(entries(r, tw))

		var want cidr.HostCount
		for _, h := range tw {
			want.Requests = max(want.Requests, h.Requests)
		}
		if got := s.Busiest(); got.Requests != want.Requests || tw[got.Key.Host()] != got {
			t.Fatalf("seed %d: Busiest() = %v, want one with %d requests, such as it was counted: %v", seed, got, want.Requests, tw[got.Key.Host()])
		}

		bits, most := r.IntN(33), 1+r.IntN(100)
		got, slow := cells(s, bits, most), cellsSlowly(s, bits)
		if d := cmp.Diff(slow[:min(most, len(slow))], got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
			t.Fatalf("seed %d: Cells4(%d), at most %d (-want +got):\n%s", seed, bits, most, d)
		}
	}
	var none cidr.Sorted
	if got := none.Busiest(); got != (cidr.HostCount{}) || len(cells(&none, 8, 1)) > 0 {
		t.Errorf("of no hosts the busiest is %v", got)
	}
}

func cells(s *cidr.Sorted, bits, most int) (out []cell) {
	s.Cells4(bits, func(first uint32, requests uint64, hosts int) bool {
		out = append(out, cell{cidr.Key4(first).Host().Addr(), requests, hosts})
		return len(out) < most
	})
	return out
}

func cellsSlowly(s *cidr.Sorted, bits int) (out []cell) {
	s.Walk(netip.PrefixFrom(netip.IPv4Unspecified(), 0), func(h cidr.HostCount) bool {
		first := netip.PrefixFrom(h.Key.Host().Addr(), bits).Masked().Addr()
		if n := len(out); n == 0 || out[n-1].First != first {
			out = append(out, cell{First: first})
		}
		out[len(out)-1].Requests += h.Requests
		out[len(out)-1].Hosts++
		return true
	})
	return out
}
