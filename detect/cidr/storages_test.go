package cidr_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cidrx/detect/cidr"
)

// The two storages say the same, whatever the hosts, the counts and the tier.
func TestTrieAndSortedAgree(t *testing.T) {
	reported := 0
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 15))
		trie, all := randomTrie(r), randomTrie(r)
		tier := randomTier(r)
		if r.IntN(3) == 0 {
			tier.MinSize = r.Uint64() >> r.IntN(60)
		}
		s := sortedOf(r, trie)
		total := s.Requests()
		want := trie.Heavy(cidr.Query{Tier: tier, Need: tier.Needed(total), All: all})
		got := s.Heavy(cidr.Query{Tier: tier, Need: tier.Needed(total), All: sortedOf(r, all)})
		if diff := cmp.Diff(want, got, byValue); diff != "" {
			t.Fatalf("seed %d, tier %+v (-trie +sorted):\n%s", seed, *tier, diff)
		}
		reported += len(got)
	}
	if reported < 5000 {
		t.Errorf("only %d prefixes were reported: too few to prove anything", reported)
	}
}

// randomTrie returns hosts with few requests, and sometimes with so many that their sum hardly fits.
func randomTrie(r *rand.Rand) *cidr.Trie {
	trie, sum := new(cidr.Trie), uint64(0)
	huge, hosts := r.IntN(4) == 0, 1+r.IntN(80)
	if r.IntN(50) == 0 {
		hosts *= 20
	}
	for _, a := range (traffic{r}).hosts(hosts) {
		n := 1 + r.Uint64N(4)
		if huge {
			n += r.Uint64() >> r.IntN(64)
		}
		n = min(n, math.MaxUint64-sum)
		if n == 0 {
			break
		}
		sum += n
		trie.Add(cidr.KeyOf(a), n)
	}
	return trie
}
