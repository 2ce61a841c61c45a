package cidr_test

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cidrx/detect/cidr"
)

// FuzzStorages fills a Trie and a Sorted with the same hosts, and asks both the same.
func FuzzStorages(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 3, 0, 0, 0, 2, 3, 0, 0, 1, 1, 9}, uint16(3), uint8(0), uint8(32), uint32(100_000), false)
	f.Add([]byte{1, 0, 0, 1, 3, 65, 0, 0, 2, 3, 130, 0, 1, 1, 9}, uint16(1), uint8(8), uint8(24), uint32(0), true)
	f.Add([]byte{200, 1, 0, 1, 255, 200, 1, 0, 3, 255, 200, 1, 0, 1, 255}, uint16(255), uint8(28), uint8(32), uint32(1_000_000), true)
	f.Fuzz(func(t *testing.T, data []byte, size uint16, lo, hi uint8, threshold uint32, balance bool) {
		tier := &cidr.Tier{MinSize: uint64(size), MinDepth: int(lo), MaxDepth: int(hi), Threshold: threshold, Balance: balance,
			MinHosts: int(size % 4), MaxCollateral: cidr.NoCollateralLimit}
		if tier.Validate() != nil {
			return
		}
		trie, s := stored(data)
		q := cidr.Query{Tier: tier, Need: tier.Needed(s.Requests())}
		want, got := trie.Heavy(q), s.Heavy(q)
		if diff := cmp.Diff(want, got, byValue); diff != "" {
			t.Fatalf("(-trie +sorted):\n%s", diff)
		}
		for _, m := range s.Nearest(q, 3) {
			if requests, hosts := trie.CountNet(m.Net); len(want) > 0 || m.Requests != requests || m.Hosts != hosts || m.Why() == "" {
				t.Fatalf("missed %v: %+v, it holds %d requests of %d hosts", m.Prefix(), m, requests, hosts)
			}
		}
		for _, p := range []string{"0.0.0.0/0", "::/0", "2001:db8::/32", "0.0.0.0/9"} {
			wantRequests, wantHosts := trie.Count(netip.MustParsePrefix(p))
			if requests, hosts := s.Count(netip.MustParsePrefix(p)); requests != wantRequests || hosts != wantHosts {
				t.Fatalf("Count(%s) = %d, %d, want %d, %d", p, requests, hosts, wantRequests, wantHosts)
			}
		}
	})
}

// stored makes hosts of five bytes each: four of an address, of the family that the first two bits say, and one of a count.
func stored(data []byte) (*cidr.Trie, *cidr.Sorted) {
	trie, four, others := new(cidr.Trie), []cidr.Host4(nil), []cidr.HostCount(nil)
	for ; len(data) >= 5; data = data[5:] {
		addr, n := binary.BigEndian.Uint32(data), uint64(data[4])
		p := cidr.Packed{High: addr &^ (3 << 30), Space: data[0] >> 6 % 3}
		switch {
		case p.Space == cidr.Wide:
			p.High, p.Low = 0x20010db8, addr
		case n > 200: // many requests, so that sums pass 32 bits
			n <<= 30
		}
		if n == 0 {
			continue
		}
		trie.Add(p.Key(), n)
		if p.Space == 0 && n < 1<<32 {
			four = append(four, cidr.Host4{Addr: p.High, Requests: uint32(n)})
		} else {
			others = append(others, cidr.HostCount{Key: p.Key(), Requests: n})
		}
	}
	return trie, cidr.NewSorted(others, four)
}
