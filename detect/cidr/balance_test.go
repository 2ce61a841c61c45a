package cidr_test

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cidrx/detect/cidr"
)

// The halves of a /31 with counts up to the last, and close to where even ends: both storages agree with numbers of any size.
func TestBalanceAtTheEdges(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 18))
	low, high := netip.MustParseAddr("192.0.2.6"), netip.MustParseAddr("192.0.2.7")
	found := map[int]int{}
	for range 5000 {
		tier := &cidr.Tier{MinSize: 1, MinDepth: 31, MaxDepth: 32, Threshold: thresholds[r.IntN(len(thresholds))], Balance: true,
			MaxCollateral: cidr.NoCollateralLimit}
		a := 1 + r.Uint64()>>(1+r.IntN(62))
		b := edge(r, a, uint64(tier.Threshold/1000))
		tw := twin{}
		tw.add(low, a)
		tw.add(high, b)
		trie := new(cidr.Trie)
		trie.Add(cidr.KeyOf(low), a)
		trie.Add(cidr.KeyOf(high), b)
		q := cidr.Query{Tier: tier, Need: 1}
		want := tw.heavy(tier, 1, nil)
		if diff := cmp.Diff(want, trie.Heavy(q), byValue); diff != "" {
			t.Fatalf("%d and %d, threshold %d (-want +got):\n%s", a, b, tier.Threshold, diff)
		}
		s := cidr.NewSorted([]cidr.HostCount{{Key: cidr.KeyOf(high), Requests: b}, {Key: cidr.KeyOf(low), Requests: a}})
		if diff := cmp.Diff(want, s.Heavy(q), byValue); diff != "" {
			t.Fatalf("Sorted: %d and %d, threshold %d (-want +got):\n%s", a, b, tier.Threshold, diff)
		}
		found[len(want)]++
	}
	if found[1] < 500 || found[2] < 500 {
		t.Errorf("even and uneven halves %v times: too few to prove anything", found)
	}
}

var thresholds = []uint32{0, 999, 1000, 100_000, 333_333, 999_999, 1_000_000, 1_999_000, 2_000_000, math.MaxUint32}

// edge returns a count close to the largest that is even with a: b with 2000*(b-a) = f*(a+b).
func edge(r *rand.Rand, a, f uint64) uint64 {
	most := math.MaxUint64 - a
	b := most
	if f < 2000 {
		if at := float64(a) * float64(2000+f) / float64(2000-f); at < float64(most) {
			b = uint64(at)
		}
	}
	b += r.Uint64N(7) - 3
	if b == 0 || b > most {
		b = most
	}
	return b
}
