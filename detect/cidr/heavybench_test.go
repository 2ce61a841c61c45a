package cidr_test

import (
	"math/rand/v2"
	"testing"

	"cidrx/detect/cidr"
)

// heavyKeys returns hosts as attacks have them: a background of random ones, and busy networks.
func heavyKeys(n int) []cidr.Key {
	keys, r := randomKeys(n), rand.New(rand.NewPCG(5, 6))
	for i := range keys[:n/4] {
		keys[i] = cidr.Packed{High: 0xc6336400 + uint32(i)%8<<12 | r.Uint32N(1<<10)}.Key()
	}
	return keys
}

func shareTier(size uint64, lo, hi int, threshold uint32) *cidr.Tier {
	return &cidr.Tier{MinSize: size, MinDepth: lo, MaxDepth: hi, Threshold: threshold, MaxCollateral: cidr.NoCollateralLimit}
}

// BenchmarkTrieHeavyAround is what the agent does for an event: next to nothing for most hosts, more for those of busy networks.
func BenchmarkTrieHeavyAround(b *testing.B) {
	keys := heavyKeys(200_000)
	var t cidr.Trie
	for _, k := range keys {
		t.Add(k, 1)
	}
	tier := shareTier(600, 16, 32, 0)
	tier.HostsByLength = true
	var found []cidr.Heavy
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		found, _ = t.HeavyAround(keys[i], cidr.Query{Tier: tier, Need: 600}, found[:0])
		if i += 7; i >= len(keys) {
			i -= len(keys)
		}
	}
}

func BenchmarkTrieHeavy(b *testing.B) {
	var t cidr.Trie
	for _, k := range heavyKeys(200_000) {
		t.Add(k, 1)
	}
	tier := shareTier(100, 16, 32, 0)
	b.ReportAllocs()
	for b.Loop() {
		t.Heavy(cidr.Query{Tier: tier, Need: 100})
	}
}
