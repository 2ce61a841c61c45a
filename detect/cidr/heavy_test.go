package cidr_test

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cidrx/detect/cidr"
)

var byValue = cmp.Options{cmp.Comparer(func(a, b cidr.Net) bool { return a == b }), cmpopts.EquateEmpty()}

// randomTier returns a tier with any of the conditions.
func randomTier(r *rand.Rand) *cidr.Tier {
	tier := &cidr.Tier{MinSize: 1 + r.Uint64N(40), MaxDepth: r.IntN(33), MaxCollateral: cidr.NoCollateralLimit}
	tier.MinDepth = r.IntN(tier.MaxDepth + 1)
	if r.IntN(2) == 0 {
		tier.MaxDepth = 32
	}
	if r.IntN(4) == 0 {
		hi := r.IntN(65)
		tier.Depth6 = [2]int{r.IntN(hi + 1), hi}
	}
	if r.IntN(3) == 0 {
		tier.MinHosts = 1 + r.IntN(6)
	}
	tier.HostsByLength = r.IntN(2) == 0
	if r.IntN(2) == 0 {
		tier.MaxCollateral = r.Uint32N(1_000_001)
	}
	if r.IntN(3) == 0 {
		tier.Balance, tier.Threshold = true, r.Uint32N(2_000_000)
	}
	return tier
}

// randomTries returns the same random traffic, and more of it as the traffic of bystanders, fast and slow.
func randomTries(seed uint64) (trie, all *cidr.Trie, tw, twAll twin) {
	g := traffic{rand.New(rand.NewPCG(seed, 2))}
	trie, all, tw, twAll = new(cidr.Trie), new(cidr.Trie), twin{}, twin{}
	loud := 1 + g.r.Uint64N(60)
	for _, a := range g.hosts(10 + g.r.IntN(150)) {
		n := 1 + g.r.Uint64N(3)
		if g.r.IntN(15) == 0 {
			n = loud
		}
		all.Add(cidr.KeyOf(a), n)
		twAll.add(a, n)
		if g.r.IntN(5) > 0 {
			trie.Add(cidr.KeyOf(a), n)
			tw.add(a, n)
		}
	}
	return trie, all, tw, twAll
}

func TestHeavyAgainstTwin(t *testing.T) {
	modes := map[string]int{}
	for seed := range uint64(250) {
		r := rand.New(rand.NewPCG(seed, 3))
		trie, all, tw, twAll := randomTries(seed)
		for range 4 {
			tier := randomTier(r)
			q := cidr.Query{Tier: tier, Need: tier.MinSize, All: all}
			want := tw.heavy(tier, q.Need, twAll)
			got := trie.Heavy(q)
			if diff := cmp.Diff(want, got, byValue); diff != "" {
				t.Fatalf("seed %d, tier %+v (-want +got):\n%s", seed, *tier, diff)
			}
			q.All = sortedOf(r, all)
			if diff := cmp.Diff(want, sortedOf(r, trie).Heavy(q), byValue); diff != "" {
				t.Fatalf("seed %d, tier %+v, Sorted (-want +got):\n%s", seed, *tier, diff)
			}
			modes[map[bool]string{true: "balance", false: "share"}[tier.Balance]] += len(got)
		}
	}
	if modes["balance"] < 300 || modes["share"] < 300 {
		t.Errorf("too little was reported to prove anything: %v", modes)
	}
}

// What is reported around a host is what is reported of its widest prefix when the whole trie is looked at.
func TestHeavyAroundIsHeavyInside(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 4))
		trie, all, tw, _ := randomTries(seed)
		tier := randomTier(r)
		q := cidr.Query{Tier: tier, Need: tier.MinSize, All: all}
		whole := trie.Heavy(q)
		for host := range tw {
			k := cidr.KeyOf(host.Addr())
			lo, _, ok := tier.Depths(k)
			if !ok {
				continue
			}
			if host.Bits() == 128 {
				lo += 96
			}
			around := netip.PrefixFrom(host.Addr(), lo).Masked()
			var want []cidr.Heavy
			for _, h := range whole {
				if around.Contains(h.Prefix().Addr()) && (host.Bits() == 128) == (h.Prefix().Bits() == 128) {
					want = append(want, h)
				}
			}
			got, _ := trie.HeavyAround(k, q, nil)
			if diff := cmp.Diff(want, got, byValue); diff != "" {
				t.Fatalf("seed %d, around %v, tier %+v (-want +got):\n%s", seed, host, *tier, diff)
			}
		}
	}
}

// heavyOf runs a tier over requests by address.
func heavyOf(tier cidr.Tier, total uint64, requests map[string]uint64) map[string]uint64 {
	trie := new(cidr.Trie)
	for a, n := range requests {
		p := netip.MustParsePrefix(a)
		for at := p.Addr(); p.Contains(at); at = at.Next() {
			trie.Add(cidr.KeyOf(at), n)
		}
	}
	got := map[string]uint64{}
	for _, h := range trie.Heavy(cidr.Query{Tier: &tier, Need: tier.Needed(total)}) {
		got[h.Prefix().String()] = h.Requests
	}
	return got
}

func TestHeavyExamples(t *testing.T) {
	share := func(size uint64, lo, hi int) cidr.Tier {
		return cidr.Tier{MinSize: size, MinDepth: lo, MaxDepth: hi, MaxCollateral: cidr.NoCollateralLimit}
	}
	agent := func(size uint64, lo, hi int) cidr.Tier {
		tier := share(size, lo, hi)
		tier.HostsByLength = true
		return tier
	}
	tests := []struct {
		name     string
		tier     cidr.Tier
		requests map[string]uint64
		want     map[string]uint64
	}{
		{"a loud host does not make its network look guilty", share(100, 16, 32),
			map[string]uint64{"192.0.2.7/32": 1000, "192.0.2.128/27": 3}, map[string]uint64{"192.0.2.7/32": 1000}},
		{"an even network of quiet hosts is found whole", share(100, 16, 32),
			map[string]uint64{"192.0.2.64/26": 3}, map[string]uint64{"192.0.2.64/26": 192}},
		{"it stays apart from a loud host near it", share(100, 16, 32),
			map[string]uint64{"192.0.2.64/26": 3, "192.0.2.207/32": 1000}, map[string]uint64{"192.0.2.207/32": 1000, "192.0.2.64/26": 192}},
		{"it grows over a half that is as busy, loud or not", share(100, 16, 32),
			map[string]uint64{"192.0.2.64/26": 3, "192.0.2.7/32": 1000}, map[string]uint64{"192.0.2.0/25": 1192}},
		{"scattered hosts add up where they meet", share(100, 16, 32),
			map[string]uint64{"198.51.0.1/32": 40, "198.51.130.1/32": 40, "198.51.200.9/32": 40}, map[string]uint64{"198.51.0.0/16": 120}},
		{"but no higher than allowed", share(100, 17, 32),
			map[string]uint64{"198.51.0.1/32": 40, "198.51.130.1/32": 40, "198.51.200.9/32": 40}, map[string]uint64{}},
		{"two hosts do not condemn a /25", agent(100, 16, 32),
			map[string]uint64{"203.0.113.1/32": 60, "203.0.113.100/32": 60}, map[string]uint64{}},
		{"what is below a refused prefix stays", agent(100, 16, 32),
			map[string]uint64{"203.0.113.1/32": 100, "203.0.113.0/32": 90}, map[string]uint64{"203.0.113.0/31": 190}},
		{"a host that is reported alone is not counted again", agent(100, 16, 31),
			map[string]uint64{"203.0.113.1/32": 500, "203.0.113.64/29": 5}, map[string]uint64{}},
		{"IPv6 doubles the depths", share(100, 16, 32),
			map[string]uint64{"2001:db8:0:1::5/128": 60, "2001:db8:0:1::6/128": 60}, map[string]uint64{"2001:db8:0:1::/64": 120}},
		{"NAT64 hosts are never aggregated", share(100, 0, 32),
			map[string]uint64{"64:ff9b::c000:201/128": 150, "64:ff9b::c000:202/128": 90}, map[string]uint64{"64:ff9b::c000:201/128": 150}},
		{"NAT64 is for tiers down to hosts", share(100, 0, 31),
			map[string]uint64{"64:ff9b::c000:201/128": 150}, map[string]uint64{}},
		{"everything", share(1, 0, 0), map[string]uint64{"192.0.2.1/32": 1, "8.8.8.8/32": 1}, map[string]uint64{"0.0.0.0/0": 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, heavyOf(tt.tier, 0, tt.requests)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestHugeCountsDoNotOverflow(t *testing.T) {
	const huge = 1 << 62
	tier := cidr.Tier{MinSize: 1, MinDepth: 0, MaxDepth: 32, Threshold: 500_000, Balance: true, MaxCollateral: cidr.NoCollateralLimit}
	got := heavyOf(tier, 0, map[string]uint64{"192.0.2.0/32": huge, "192.0.2.1/32": huge + 5})
	if diff := cmp.Diff(map[string]uint64{"192.0.2.0/31": 2*huge + 5}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
