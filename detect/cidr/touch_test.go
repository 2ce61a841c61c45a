package cidr_test

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cidrx/detect/cidr"
)

// TestTouch looks for hosts that are there and that are not, in tries of all sizes, and finds nothing changed.
func TestTouch(t *testing.T) {
	for seed := range uint64(20) {
		g := traffic{rand.New(rand.NewPCG(seed, 1))}
		pool := g.hosts(400)
		tw, trie := twin{}, new(cidr.Trie)
		for step := range 400 {
			var keys []cidr.Key
			for range g.r.IntN(2 * cidr.Lanes) {
				keys = append(keys, cidr.KeyOf(pool[g.r.IntN(len(pool))]))
			}
			trie.Touch(keys)
			a := pool[g.r.IntN(len(pool))]
			tw.add(a, 1)
			trie.Add(cidr.KeyOf(a), 1)
			trie.Touch(keys)
			compareAround(t, tw, trie, a, g.r)
			if step%50 == 0 {
				compareTrie(t, tw, trie, g)
			}
		}
	}
}

func TestTouchReadsAhead(t *testing.T) {
	var trie cidr.Trie
	k := cidr.KeyOf(netip.MustParseAddr("192.0.2.1"))
	if got := trie.Touch([]cidr.Key{k}); got != 0 {
		t.Errorf("Touch in an empty trie = %d, want 0", got)
	}
	trie.Add(k, 1)
	if trie.Touch([]cidr.Key{k}) == 0 {
		t.Error("Touch has not read the host")
	}
	want := trie.Touch([]cidr.Key{k})
	if diff := cmp.Diff(want, trie.Touch([]cidr.Key{k})); diff != "" {
		t.Errorf("Touch changed what it reads (-want +got):\n%s", diff)
	}
}
