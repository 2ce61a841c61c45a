package cidr_test

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cidrx/detect/cidr"
)

var byKey = cmp.Comparer(func(a, b cidr.Key) bool { return a == b })

func TestSortedAgainstTwin(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 11))
		tw := randomHosts(r, 1+r.IntN(120))
		compareSorted(t, r, tw, cidr.NewSorted(entries(r, tw)))
	}
}

// compareSorted checks all that a Sorted can be asked.
func compareSorted(t *testing.T, r *rand.Rand, tw sortedTwin, s *cidr.Sorted) {
	t.Helper()
	var total uint64
	for _, h := range tw {
		total += h.Requests
	}
	if s.Hosts() != len(tw) || s.Requests() != total || s.Lost() != 0 {
		t.Fatalf("%d hosts, %d requests, %d lost, want %d, %d, 0", s.Hosts(), s.Requests(), s.Lost(), len(tw), total)
	}
	for range 8 {
		p := randomPrefix(r, tw)
		wantRequests, wantHosts := tw.count(p)
		if requests, hosts := s.Count(p); requests != wantRequests || hosts != wantHosts {
			t.Fatalf("Count(%v) = %d, %d, want %d, %d", p, requests, hosts, wantRequests, wantHosts)
		}
		wantFirst, wantLast := tw.span(p)
		if first, last := s.Span(p); first != wantFirst || last != wantLast {
			t.Fatalf("Span(%v) = %d, %d, want %d, %d", p, first, last, wantFirst, wantLast)
		}
		if diff := cmp.Diff(tw.walk(p), walkSorted(s, p), byKey); diff != "" {
			t.Fatalf("Walk(%v) (-want +got):\n%s", p, diff)
		}
	}
}

func TestWalkEnds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 12))
	s := cidr.NewSorted(entries(r, randomHosts(r, 50)))
	seen := 0
	s.Walk(netip.MustParsePrefix("::/0"), func(cidr.HostCount) bool {
		seen++
		return false
	})
	if seen != 1 {
		t.Errorf("%d hosts after f returned false, want 1", seen)
	}
}

func TestEmptySorted(t *testing.T) {
	all := netip.MustParsePrefix("0.0.0.0/0")
	for name, s := range map[string]*cidr.Sorted{
		"zero value":  {},
		"nothing":     cidr.NewSorted(nil),
		"no requests": cidr.NewSorted([]cidr.HostCount{{Key: cidr.Key4(1)}, {Key: cidr.KeyOf(netip.IPv6Loopback())}}, []cidr.Host4{{Addr: 1, First: 7}}),
	} {
		t.Run(name, func(t *testing.T) {
			q := cidr.Query{Tier: shareTier(1, 0, 32, 0)}
			if s.Hosts() != 0 || s.Requests() != 0 || len(s.Heavy(q)) != 0 || len(s.Nearest(q, 3)) != 0 {
				t.Errorf("%d hosts, %d requests, reported %v, nearest %v: want nothing", s.Hosts(), s.Requests(), s.Heavy(q), s.Nearest(q, 3))
			}
			if s.Without([]netip.Prefix{all}) != s || s.Minus(s) != s {
				t.Error("a copy of nothing")
			}
		})
	}
}

func TestSortedStopsAtTheLastNumber(t *testing.T) {
	s := cidr.NewSorted(
		[]cidr.HostCount{{Key: cidr.Key4(2), Requests: math.MaxUint64 - 9}, {Key: cidr.Key4(2), Requests: 4}, {Key: cidr.KeyOf(netip.IPv6Loopback()), Requests: 5}},
		[]cidr.Host4{{Addr: 3, Requests: 7}, {Addr: 4, Requests: 9}})
	want := []cidr.HostCount{{Key: cidr.Key4(2), Requests: math.MaxUint64 - 5}, {Key: cidr.Key4(3), Requests: 5}}
	if diff := cmp.Diff(want, walkSorted(s, netip.MustParsePrefix("0.0.0.0/0")), byKey); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if s.Requests() != math.MaxUint64 || s.Lost() != 2+9+5 {
		t.Errorf("%d requests, %d lost, want all and 16", s.Requests(), s.Lost())
	}
}

func TestWithoutAgainstTwin(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 13))
		tw := randomHosts(r, 1+r.IntN(120))
		s := cidr.NewSorted(entries(r, tw))
		var gone []netip.Prefix
		for range r.IntN(5) {
			gone = append(gone, randomPrefix(r, tw))
		}
		kept := s.Without(gone)
		left := sortedTwin{}
		for p, h := range tw {
			if !overlapsAny(gone, p) {
				left[p] = h
			}
		}
		if len(left) > 0 {
			compareSorted(t, r, left, kept)
		}
		compareSorted(t, r, tw, s)
	}
}

func overlapsAny(ps []netip.Prefix, p netip.Prefix) bool {
	for _, q := range ps {
		if q.Overlaps(p) {
			return true
		}
	}
	return false
}

func TestMinusAgainstTwin(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 14))
		tw := randomHosts(r, 1+r.IntN(120))
		spent, left := randomHosts(r, 20), sortedTwin{}
		for p, h := range tw {
			if r.IntN(3) == 0 {
				spent[p] = cidr.HostCount{Key: h.Key, Requests: 1 + r.Uint64N(h.Requests+2), First: h.First, Last: h.First + r.Uint32N(3)}
			}
			old := spent[p]
			if h.Requests <= old.Requests {
				continue
			}
			h.Requests -= old.Requests
			if h.First > 0 {
				h.First = min(max(h.First, old.Last), h.Last)
			}
			left[p] = h
		}
		if len(left) > 0 {
			compareSorted(t, r, left, cidr.NewSorted(entries(r, tw)).Minus(cidr.NewSorted(entries(r, spent))))
		}
	}
}
