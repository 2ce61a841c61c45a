package cidr_test

import (
	"cmp"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"cidrx/detect/cidr"
)

// unlimited is a budget that no trie of these tests uses up.
const unlimited = 1 << 20

// mixed returns a trie with hosts of all three families, some networks of which are busy, and the hosts.
func mixed(r *rand.Rand, hosts int) (*cidr.Trie, map[netip.Prefix]uint64) {
	t, counts := new(cidr.Trie), map[netip.Prefix]uint64{}
	for range hosts {
		k := cidr.Packed{High: 0xc0000200 + r.Uint32N(64), Space: 0}.Key()
		switch r.IntN(6) {
		case 0:
			k = cidr.Packed{High: r.Uint32()}.Key()
		case 1:
			k = cidr.Packed{High: 0x20010db8, Low: r.Uint32N(1 << r.IntN(20)), Space: 1}.Key()
		case 2:
			k = cidr.Packed{High: r.Uint32N(16) << 24, Space: 2}.Key()
		}
		n := 1 + r.Uint64N(50)
		t.Add(k, n)
		counts[k.Host()] += n
	}
	return t, counts
}

// A tier that asks for no hosts is nearest where there are the most requests at its shortest length.
func TestHottestTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 7))
	for range 200 {
		trie, counts := mixed(r, 1+r.IntN(200))
		lo := 8 + r.IntN(25)
		tier := shareTier(1000, lo, lo+r.IntN(33-lo), 0)
		most := 1 + r.IntN(12)
		found := trie.Hottest(cidr.Query{Tier: tier, Need: 1000}, most, unlimited)
		var got []uint64
		for _, h := range found {
			got = append(got, h.Requests)
			if requests, hosts := trie.CountNet(h.Net); requests != h.Requests || hosts != h.Hosts {
				t.Fatalf("%s has %d requests of %d hosts, not %d of %d", h.Prefix(), requests, hosts, h.Requests, h.Hosts)
			}
			if want := float64(h.Requests) / 1000; h.Closeness != want {
				t.Fatalf("%s: closeness %v, want %v", h.Prefix(), h.Closeness, want)
			}
		}
		if want := largestPlaces(counts, tier, most); !slices.Equal(got, want) {
			t.Fatalf("tier /%d to /%d: the hottest have %d requests, want %d", tier.MinDepth, tier.MaxDepth, got, want)
		}
	}
}

// largestPlaces counts each host in its place at the tier's shortest length.
func largestPlaces(counts map[netip.Prefix]uint64, tier *cidr.Tier, most int) []uint64 {
	places := map[netip.Prefix]uint64{}
	for host, n := range counts {
		length := tier.MinDepth
		switch {
		case netip.MustParsePrefix("64:ff9b::/96").Contains(host.Addr()):
			if tier.MaxDepth < 32 {
				continue
			}
			length = 128
		case host.Addr().Is6():
			length *= 2
		}
		p, _ := host.Addr().Prefix(length)
		places[p] += n
	}
	var sums []uint64
	for _, n := range places {
		sums = append(sums, n)
	}
	slices.SortFunc(sums, func(a, b uint64) int { return cmp.Compare(b, a) })
	return sums[:min(most, len(sums))]
}

// What is reported is hot, whatever the hosts that a width asks for; and nothing of what is returned overlaps.
func TestHottestKnowsWhatIsReported(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 77))
	for range 200 {
		trie, _ := mixed(r, 1+r.IntN(400))
		tier := shareTier(200, 16, 32, 0)
		tier.HostsByLength = true
		q := cidr.Query{Tier: tier, Need: 200}
		found := trie.Hottest(q, 8, unlimited)
		for i, h := range found {
			if i > 0 && h.Closeness > found[i-1].Closeness {
				t.Fatalf("not sorted: %v", found)
			}
			for _, other := range found[:i] {
				if other.Prefix().Overlaps(h.Prefix()) {
					t.Fatalf("%s and %s overlap", other.Prefix(), h.Prefix())
				}
			}
			reported, _ := trie.HeavyAround(keyIn(h.Prefix()), q, nil)
			if len(reported) == 0 && h.Closeness >= 1 {
				t.Fatalf("%s is called reported: %+v", h.Prefix(), h)
			}
		}
	}
}

func keyIn(p netip.Prefix) cidr.Key { return cidr.KeyOf(p.Addr()) }

// A budget that is used up still finds something of the tier's lengths, and no nodes at all are no fault.
func TestHottestWithinItsBudget(t *testing.T) {
	trie := new(cidr.Trie)
	if found := trie.Hottest(cidr.Query{Tier: shareTier(10, 16, 32, 0)}, 8, 10); len(found) > 0 {
		t.Errorf("an empty trie has %v", found)
	}
	for _, k := range randomKeys(5000) {
		trie.Add(k, 1)
	}
	trie.Add(cidr.KeyOf(netip.MustParseAddr("192.0.2.7")), 1000)
	found := trie.Hottest(cidr.Query{Tier: shareTier(10, 32, 32, 0), Need: 2000}, 8, 40)
	if len(found) != 8 || found[0].Prefix().String() != "192.0.2.7/32" || found[0].Closeness != 1001./2000 && found[0].Closeness != 0.5 {
		t.Errorf("found %+v", found)
	}
}

// BenchmarkTrieHottest is what a view asks the agent once a second, with 200,000 hosts: some busy networks, or no two hosts alike.
func BenchmarkTrieHottest(b *testing.B) {
	for _, traffic := range []struct {
		name string
		keys []cidr.Key
	}{{"busy", heavyKeys(200_000)}, {"even", randomKeys(200_000)}} {
		var t cidr.Trie
		for _, k := range traffic.keys {
			t.Add(k, 1)
		}
		for _, tier := range []struct {
			name   string
			lo, hi int
		}{{"wide", 16, 32}, {"hosts", 32, 32}} {
			b.Run(traffic.name+"/"+tier.name, func(b *testing.B) {
				q := cidr.Query{Tier: shareTier(600, tier.lo, tier.hi, 0), Need: 600}
				b.ReportAllocs()
				for b.Loop() {
					t.Hottest(q, 10, 512)
				}
			})
		}
	}
}
