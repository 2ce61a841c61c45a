package cidr_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"cidrx/detect/cidr"
	"cidrx/detect/internal/cputime"
)

// logHosts returns n hosts as a log has them, in no order: most of them strangers, some in busy networks, a few of them loud.
func logHosts(n int) []cidr.Host4 {
	hosts, r := make([]cidr.Host4, n), rand.New(rand.NewPCG(7, 8))
	for i, k := range heavyKeys(n) {
		hosts[i] = cidr.Host4{Addr: k.Pack().High, Requests: 1 + r.Uint32N(4), First: 1_700_000_000, Last: 1_700_000_000 + r.Uint32N(86400)}
		if i%1000 == 999 {
			hosts[i].Requests += r.Uint32N(3000)
		}
	}
	r.Shuffle(n, func(i, j int) { hosts[i], hosts[j] = hosts[j], hosts[i] })
	return hosts
}

// BenchmarkNewSorted sorts and sums a million IPv4 hosts: random ones, those of a log, and those of a few networks.
func BenchmarkNewSorted(b *testing.B) {
	const n = 1_000_000
	random, log, narrow := make([]cidr.Host4, n), logHosts(n), make([]cidr.Host4, n)
	r := rand.New(rand.NewPCG(9, 10))
	for i := range n {
		random[i] = cidr.Host4{Addr: r.Uint32(), Requests: 1}
		narrow[i] = cidr.Host4{Addr: 0x0a000000 | r.Uint32N(1<<21), Requests: 1}
	}
	sorted := slices.Clone(random)
	slices.SortFunc(sorted, func(a, b cidr.Host4) int { return cmp.Compare(a.Addr, b.Addr) })
	for _, c := range []struct {
		name  string
		hosts []cidr.Host4
	}{{"random", random}, {"log", log}, {"narrow", narrow}, {"sorted", sorted}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			cputime.Report(b, func() {
				for b.Loop() {
					cidr.NewSorted(nil, c.hosts)
				}
			})
		})
	}
}

// BenchmarkSortedHeavy asks tiers of 500,000 addresses.
func BenchmarkSortedHeavy(b *testing.B) {
	s := cidr.NewSorted(nil, logHosts(500_000))
	balance := shareTier(1000, 24, 32, 100_000)
	balance.Balance = true
	for _, c := range []struct {
		name string
		tier *cidr.Tier
	}{
		{"1000,24,32,0.1", shareTier(1000, 24, 32, 100_000)},
		{"100,28,32,0.0001", shareTier(100, 28, 32, 100)},
		{"10,8,32,0", shareTier(10, 8, 32, 0)},
		{"1,0,32,0", shareTier(1, 0, 32, 0)},
		{"balance 1000,24,32,0.1", balance},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			found := 0
			for b.Loop() {
				found = len(s.Heavy(cidr.Query{Tier: c.tier, Need: c.tier.Needed(s.Requests())}))
			}
			b.ReportMetric(float64(found), "found")
		})
	}
}

// BenchmarkSortedCount counts small prefixes, as a limit on bystanders does for every prefix reported.
func BenchmarkSortedCount(b *testing.B) {
	s := cidr.NewSorted(nil, logHosts(500_000))
	keys := heavyKeys(500_000)
	i := 0
	for b.Loop() {
		s.CountNet(keys[i].Net(24))
		if i += 7; i >= len(keys) {
			i -= len(keys)
		}
	}
}

// BenchmarkSortedNearest looks for the nearest misses of 500,000 addresses: among wide prefixes, and among all hosts.
func BenchmarkSortedNearest(b *testing.B) {
	s := cidr.NewSorted(nil, logHosts(500_000))
	for name, tier := range map[string]*cidr.Tier{"16-24": shareTier(1<<40, 16, 24, 0), "32": shareTier(1<<40, 32, 32, 0)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Nearest(cidr.Query{Tier: tier, Need: tier.MinSize}, 3)
			}
		})
	}
}
