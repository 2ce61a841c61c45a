package cidr_test

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"

	"cidrx/detect/cidr"
	"cidrx/detect/internal/cputime"
)

// randomKeys returns n keys of random IPv4 addresses.
func randomKeys(n int) []cidr.Key {
	r := rand.New(rand.NewPCG(1, 2))
	keys := make([]cidr.Key, n)
	for i := range keys {
		var raw [4]byte
		binary.BigEndian.PutUint32(raw[:], r.Uint32())
		keys[i] = cidr.KeyOf(netip.AddrFrom4(raw))
	}
	return keys
}

func BenchmarkTrieAdd(b *testing.B) {
	keys := randomKeys(200_000)
	var t cidr.Trie
	for _, k := range keys {
		t.Add(k, 1)
	}
	b.ReportAllocs()
	i := 0
	cputime.Report(b, func() {
		for b.Loop() {
			t.Add(keys[i], 1)
			if i++; i == len(keys) {
				i = 0
			}
		}
	})
}

// BenchmarkTrieSubtract takes requests away without emptying hosts.
func BenchmarkTrieSubtract(b *testing.B) {
	keys := randomKeys(200_000)
	var t cidr.Trie
	for _, k := range keys {
		t.Add(k, 1<<40)
	}
	rand.New(rand.NewPCG(3, 4)).Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	b.ReportAllocs()
	i := 0
	cputime.Report(b, func() {
		for b.Loop() {
			t.Subtract(keys[i], 1)
			if i++; i == len(keys) {
				i = 0
			}
		}
	})
}

// BenchmarkTrieTurnover adds a host that is new and takes the oldest away, with 200,000 hosts in between.
func BenchmarkTrieTurnover(b *testing.B) {
	const held = 200_000
	keys := randomKeys(2 * held)
	var t cidr.Trie
	for i := range held {
		t.Add(keys[i], 1)
	}
	b.ReportAllocs()
	old, fresh := 0, held
	cputime.Report(b, func() {
		for b.Loop() {
			t.Add(keys[fresh], 1)
			t.Subtract(keys[old], 1)
			old, fresh = (old+1)%len(keys), (fresh+1)%len(keys)
		}
	})
}
