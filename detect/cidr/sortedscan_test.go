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

		var all uint64
		for _, h := range tw {
			all += h.Requests
		}
		var want cidr.HostCount
		for _, h := range tw {
			if h.Requests > all/2 {
				want = h
			}
		}
		if got, ok := s.Majority(); ok && got != want || ok != (want.Requests > 0) {
			t.Fatalf("seed %d: Majority() = %v, %v, want %v", seed, got, ok, want)
		}

		length := r.IntN(33)
		want4 := cellsSlowly(s, length)
		if d := cmp.Diff(want4, cells(s, length), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
			t.Fatalf("seed %d: Cells4(%d) (-want +got):\n%s", seed, length, d)
		}
		if got := s.Lengths4()[length]; got != len(want4) {
			t.Fatalf("seed %d: Lengths4()[%d] = %d, want %d", seed, length, got, len(want4))
		}
	}
	var none cidr.Sorted
	if got, ok := none.Majority(); ok || len(cells(&none, 8)) > 0 || none.Lengths4() != [33]int{} {
		t.Errorf("of no hosts %v has the majority", got)
	}
}

func cells(s *cidr.Sorted, length int) (out []cell) {
	s.Cells4(length, func(first uint32, requests uint64, hosts int) {
		out = append(out, cell{cidr.Key4(first).Host().Addr(), requests, hosts})
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
