package static

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"sync"

	"cidrx/detect/cidr"
)

// tally counts the hosts of one population: for IPv4 and IPv6 in tables, each with its own lock, among which the addresses are spread by
// their hash; for NAT64, which is rare, in a map. Workers bring requests to the tables by the hundred, so that locks cost nothing and a table is in the
// processor's cache while it is used.
type tally struct {
	multiplier uint64
	shards     [shards]shard
	wide       [shards]shard6

	mu     sync.Mutex
	others map[cidr.Key]count // NAT64
}

const (
	shardBits = 6
	shards    = 1 << shardBits
)

type shard struct {
	mu    sync.Mutex
	table table
	_     [64]byte // a cache line between the locks
}

// shard6 is shard for IPv6.
type shard6 struct {
	mu    sync.Mutex
	table table6
	_     [64]byte
}

// count is what is counted of a host.
type count struct {
	requests    uint64
	first, last uint32
}

func newTally() *tally { return &tally{multiplier: rand.Uint64() | 1, others: map[cidr.Key]count{}} }

// addAll counts a request each.
func (t *tally) addAll(shard uint64, all []seen) {
	s := &t.shards[shard]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.table.touch(all, t.multiplier)
	for _, one := range all {
		s.table.add(one, 1, t.multiplier)
	}
}

// add4 counts n requests of an IPv4 address.
func (t *tally) add4(one seen, n uint64) {
	s := &t.shards[spread(one.addr, t.multiplier)>>(64-shardBits)]
	s.mu.Lock()
	defer s.mu.Unlock()
	if n <= math.MaxUint32 {
		s.table.add(one, uint32(n), t.multiplier)
		return
	}
	s.table.add(one, 1, t.multiplier)
	s.table.addLarge(one.addr, n-1)
}

// addAll6 counts a request each.
func (t *tally) addAll6(shard uint64, all []seen6) {
	s := &t.wide[shard]
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range all {
		s.table.add(one, 1, t.multiplier)
	}
}

// addWide counts n requests of a host that is none of IPv4.
func (t *tally) addWide(k cidr.Key, at uint32, n uint64) {
	if bits, is6 := bits6(k); is6 {
		s := &t.wide[bits*t.multiplier>>(64-shardBits)]
		s.mu.Lock()
		defer s.mu.Unlock()
		s.table.add(seen6{bits, at}, n, t.multiplier)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.others[k] = t.others[k].add(n, at)
}

// bits6 is the upper half of an IPv6 address; false: of NAT64, say.
func bits6(k cidr.Key) (bits uint64, is6 bool) {
	p := k.Pack()
	return uint64(p.High)<<32 | uint64(p.Low), p.Space == cidr.Wide
}

// settle ends the counting. The tables are let go.
func (t *tally) settle() *cidr.Sorted {
	n := len(t.others)
	for i := range t.shards {
		n += len(t.shards[i].table.large) + t.wide[i].table.used
	}
	var four [shards][]cidr.Host4
	others := make([]cidr.HostCount, 0, n)
	for i := range t.shards {
		four[i], others = t.shards[i].table.drain(others)
		others = t.wide[i].table.drain(others)
	}
	for k, c := range t.others {
		others = append(others, cidr.HostCount{Key: k, Requests: c.requests, First: c.first, Last: c.last})
	}
	return cidr.NewSorted(others, four[:]...)
}

// key4 is the host of an IPv4 address.
func key4(addr uint32) cidr.Key {
	return cidr.KeyOf(netip.AddrFrom4([4]byte{byte(addr >> 24), byte(addr >> 16), byte(addr >> 8), byte(addr)}))
}
