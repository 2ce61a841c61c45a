package static

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"cidrx/detect/cidr"
)

// twinCounts counts hosts the obvious way.
type twinCounts map[uint64]count

func (t twinCounts) add(host uint64, at uint32, n uint64) {
	c := t[host]
	sum, over := bits.Add64(c.requests, n, 0)
	if over > 0 {
		sum = math.MaxUint64
	}
	c.requests = sum
	if at != 0 && (c.first == 0 || at < c.first) {
		c.first = at
	}
	c.last = max(c.last, at)
	t[host] = c
}

// countedHost is a host with its count, whichever table it was in.
type countedHost struct {
	Host, Requests uint64
	First, Last    uint32
}

func (t twinCounts) sorted() (all []countedHost) {
	for _, host := range slices.Sorted(maps.Keys(t)) {
		c := t[host]
		all = append(all, countedHost{host, c.requests, c.first, c.last})
	}
	return all
}

// drained6 are the hosts of a table6.
func drained6(t *table6) (all []countedHost) {
	for _, h := range t.drain(nil) {
		host, _ := bits6(h.Key)
		all = append(all, countedHost{host, h.Requests, h.First, h.Last})
	}
	return byHost(all)
}

// drained4 are the hosts of a table, with what its places could not count.
func drained4(t *table) (all []countedHost) {
	places, beyond := t.drain(nil)
	more := map[cidr.Key]uint64{}
	for _, h := range beyond {
		more[h.Key] += h.Requests
	}
	for _, h := range places {
		if h.Requests == 0 {
			continue
		}
		requests, over := bits.Add64(uint64(h.Requests), more[key4(h.Addr)], 0)
		if over > 0 {
			requests = math.MaxUint64
		}
		all = append(all, countedHost{uint64(h.Addr), requests, h.First, h.Last})
	}
	return byHost(all)
}

func byHost(all []countedHost) []countedHost {
	slices.SortFunc(all, func(a, b countedHost) int { return cmp.Compare(a.Host, b.Host) })
	return all
}

// Hosts that come again and again, hosts that differ in their upper or lower bits only, requests without a time, counts of all sizes.
func TestTablesCountAsAMapDoes(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		multiplier := r.Uint64() | 1
		var narrow table
		var wide table6
		want4, want6 := twinCounts{}, twinCounts{}
		hosts := 1 + r.Uint64N(3000)
		for range 2 * hosts {
			at, n := r.Uint32N(3)*r.Uint32(), 1+r.Uint64()>>r.IntN(64)
			host := r.Uint64N(hosts) << (r.Uint64N(3) * 16) // 0 is a host, too
			want6.add(host, at, n)
			wide.add(seen6{host, at}, n, multiplier)
			want4.add(uint64(uint32(host)), at, uint64(max(1, uint32(n))))
			narrow.add(seen{uint32(host), at}, max(1, uint32(n)), multiplier)
		}
		for _, check := range []struct {
			name      string
			want, got []countedHost
			used      int
		}{
			{"IPv4", want4.sorted(), drained4(&narrow), narrow.used},
			{"IPv6", want6.sorted(), drained6(&wide), wide.used},
		} {
			if d := gocmp.Diff(check.want, check.got); d != "" {
				t.Fatalf("seed %d, %s (-want +got):\n%s", seed, check.name, d)
			}
			if check.used != 0 {
				t.Errorf("%s: %d hosts are left in a table that was drained", check.name, check.used)
			}
		}
	}
}

// A table grows before it is full, by eight while it is small, and by half later, and no host is lost on the way.
func TestTablesGrow(t *testing.T) {
	var narrow table
	var wide table6
	const multiplier = 0x9e3779b97f4a7c15
	was := 0
	for i := range uint64(20_000) {
		narrow.add(seen{addr: uint32(i) << 8, at: 1}, 1, multiplier)
		wide.add(seen6{bits: i << 32, at: 1}, 1, multiplier)
		places := len(narrow.places)
		if len(wide.places) != places {
			t.Fatalf("%d hosts: %d places for IPv4, %d for IPv6", i+1, places, len(wide.places))
		}
		if used := int(i) + 1; narrow.used != used || wide.used != used || used >= places {
			t.Fatalf("%d hosts: %d and %d used of %d places", used, narrow.used, wide.used, places)
		}
		if places != was && was > 0 {
			want := 8 * was
			if was >= smallTable {
				want = was + was/2
			}
			if places != want {
				t.Errorf("%d places became %d, want %d", was, places, want)
			}
		}
		was = places
	}
	if got := len(drained6(&wide)); got != 20_000 {
		t.Errorf("%d hosts of IPv6, want 20000", got)
	}
	if got := len(drained4(&narrow)); got != 20_000 {
		t.Errorf("%d hosts of IPv4, want 20000", got)
	}
}

// Counts beyond 32 bits are exact up to 2^64-1, and stay there.
func TestTablesCountBeyond32Bits(t *testing.T) {
	const host = 7
	for _, steps := range [][]uint64{
		{math.MaxUint32, 1},
		{math.MaxUint32 - 1, 1, 1, 1},
		{1, math.MaxUint32, math.MaxUint32, math.MaxUint32},
		{1 << 40, 1 << 40},
		{math.MaxUint64},
		{math.MaxUint64 - 1, 1, 1},
		{1 << 63, 1 << 63},
		{1, math.MaxUint64},
	} {
		t.Run(fmt.Sprint(steps), func(t *testing.T) {
			narrow, wide, want := newTally(), newTally(), twinCounts{}
			for i, n := range steps {
				at := uint32(10 - i)
				want.add(host, at, n)
				narrow.add4(seen{host, at}, n)
				wide.addWide(cidr.Key6(host, 0), at, n)
			}
			for i, tally := range []*tally{narrow, wide} { // apart: all hosts of one tally have 2^64-1 requests at the most
				var got []countedHost
				tally.settle().Walk(bothSpaces[i], func(h cidr.HostCount) bool {
					got = append(got, countedHost{host, h.Requests, h.First, h.Last})
					return true
				})
				if d := gocmp.Diff(want.sorted(), got); d != "" {
					t.Errorf("%s (-want +got):\n%s", bothSpaces[i], d)
				}
			}
		})
	}
}
