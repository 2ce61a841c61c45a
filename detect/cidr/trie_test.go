package cidr_test

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cidrx/detect/cidr"
)

func TestTrieAgainstTwin(t *testing.T) {
	for seed := range uint64(8) {
		g := traffic{rand.New(rand.NewPCG(seed, 1))}
		pool := g.hosts(200)
		tw, trie := twin{}, new(cidr.Trie)
		// Grow, then shrink, so that buckets part and are put together again.
		for step := range 3000 {
			a, n := pool[g.r.IntN(len(pool))], 1+g.r.Uint64N(3)
			if g.r.IntN(3000) < step {
				tw.subtract(a, n)
				trie.Subtract(cidr.KeyOf(a), n)
			} else {
				tw.add(a, n)
				trie.Add(cidr.KeyOf(a), n)
				if step%5 == 0 {
					compareAround(t, tw, trie, a, g.r)
				}
			}
			if step%100 == 0 {
				compareTrie(t, tw, trie, g)
			}
		}
	}
}

// compareAround checks what is known after an Add without a walk.
func compareAround(t *testing.T, tw twin, trie *cidr.Trie, a netip.Addr, r *rand.Rand) {
	t.Helper()
	host := cidr.Host(a)
	width, offset := host.Bits(), 0
	if width == 128 {
		width, offset = 32, 96
	}
	length := r.IntN(width + 1)
	want, _ := tw.space(host).count(netip.PrefixFrom(host.Addr(), offset+length).Masked())
	if got := trie.Around(length); got != want {
		t.Fatalf("Around(%d) of %v = %d, want %d", length, a, got, want)
	}
	if !trie.Reaches(length, want) || trie.Reaches(length, want+1) {
		t.Fatalf("Reaches(%d) of %v is not at %d", length, a, want)
	}
}

// compareTrie checks counts of many prefixes and the walk.
func compareTrie(t *testing.T, tw twin, trie *cidr.Trie, g traffic) {
	t.Helper()
	if trie.Hosts() != len(tw) {
		t.Fatalf("Hosts() = %d, want %d", trie.Hosts(), len(tw))
	}
	for _, a := range g.hosts(50) {
		p := netip.PrefixFrom(a, g.r.IntN(a.BitLen()+1))
		if p.Bits() > 64 && cidr.Host(a).Bits() == 64 {
			p = cidr.Host(a)
		}
		wantRequests, wantHosts := tw.count(p)
		requests, hosts := trie.Count(p)
		if requests != wantRequests || hosts != wantHosts {
			t.Fatalf("Count(%v) = %d, %d, want %d, %d", p, requests, hosts, wantRequests, wantHosts)
		}
		if diff := cmp.Diff(tw.walk(p), walk(trie, p)); diff != "" {
			t.Fatalf("Walk(%v) (-want +got):\n%s", p, diff)
		}
	}
}

type counted struct {
	Host     string
	Requests uint64
}

func (tw twin) walk(p netip.Prefix) []counted {
	var hs []netip.Prefix
	for h := range tw {
		if p.Overlaps(h) {
			hs = append(hs, h)
		}
	}
	slices.SortFunc(hs, func(a, b netip.Prefix) int {
		if a.Bits()+b.Bits() == 64+128 { // NAT64 comes last
			return a.Bits() - b.Bits()
		}
		return cidr.Compare(a, b)
	})
	var cs []counted
	for _, h := range hs {
		cs = append(cs, counted{h.String(), tw[h]})
	}
	return cs
}

func walk(trie *cidr.Trie, p netip.Prefix) []counted {
	var cs []counted
	trie.Walk(p, func(k cidr.Key, n uint64, _ *cidr.Note) bool {
		cs = append(cs, counted{k.Host().String(), n})
		return true
	})
	return cs
}

// What is kept with a host moves with it when buckets part and are put together.
func TestNotesStayWithTheirHosts(t *testing.T) {
	g := traffic{rand.New(rand.NewPCG(7, 7))}
	trie, notes := new(cidr.Trie), map[cidr.Key]uint32{}
	pool := g.hosts(500)
	for step := range uint32(20000) {
		k := cidr.KeyOf(pool[g.r.IntN(len(pool))])
		if g.r.Uint32N(20000) < step {
			trie.Subtract(k, 1)
			if trie.Lookup(k) == nil {
				delete(notes, k)
			}
			continue
		}
		note, fresh := trie.Add(k, 1)
		if note.Touched != notes[k] || fresh != (notes[k] == 0) {
			t.Fatalf("step %d: note %d, fresh %v, want %d", step, note.Touched, fresh, notes[k])
		}
		note.Touched, notes[k] = step+1, step+1
	}
}

func TestEmptyTrieHoldsNothing(t *testing.T) {
	g := traffic{rand.New(rand.NewPCG(8, 8))}
	trie := new(cidr.Trie)
	pool := g.hosts(2000)
	for _, a := range pool {
		trie.Add(cidr.KeyOf(a), 1)
	}
	g.r.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
	for _, a := range pool {
		trie.Subtract(cidr.KeyOf(a), 1)
	}
	if trie.Hosts() != 0 || trie.Buckets() != 0 {
		t.Errorf("%d hosts in %d buckets left, want none", trie.Hosts(), trie.Buckets())
	}
}
