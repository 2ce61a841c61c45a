package static

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"sync"

	"cidrx/detect/cidr"
)

// tally counts the hosts of one population: for IPv4 in tables, each with its own lock, among which the addresses are spread by their
// hash; for the others in maps. Workers bring requests to the tables by the hundred, so that locks cost nothing and a table is in the
// processor's cache while it is used.
type tally struct {
	multiplier uint64
	shards     [shards]shard
	wide       [wideShards]wideShard
}

const (
	shardBits  = 6
	shards     = 1 << shardBits
	wideShards = 16
)

type shard struct {
	mu    sync.Mutex
	table table
	_     [64]byte // a cache line between the locks
}

// wideShard counts hosts of IPv6 and NAT64.
type wideShard struct {
	mu    sync.Mutex
	hosts map[cidr.Key]count
	_     [64]byte
}

// count is what is counted of a host.
type count struct {
	requests    uint64
	first, last uint32
}

func newTally() *tally { return &tally{multiplier: rand.Uint64() | 1} }

// addAll counts a request each.
func (t *tally) addAll(shard uint64, all []seen) {
	s := &t.shards[shard]
	s.mu.Lock()
	defer s.mu.Unlock()
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

// addWide counts n requests of a host that is none of IPv4.
func (t *tally) addWide(k cidr.Key, at uint32, n uint64) {
	s := &t.wide[wideShard4(k)]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hosts == nil {
		s.hosts = map[cidr.Key]count{}
	}
	s.hosts[k] = s.hosts[k].add(n, at)
}

// wideShard4 spreads hosts over the maps by the lower bits of their network.
func wideShard4(k cidr.Key) int {
	raw := k.Host().Addr().As16()
	return int(raw[7]^raw[6]>>4^raw[15]) % wideShards
}

func (c count) add(n uint64, at uint32) count {
	c.requests += min(n, math.MaxUint64-c.requests)
	c.last = max(c.last, at)
	if at-1 < c.first-1 { // 0, no time, is the last of all
		c.first = at
	}
	return c
}

// settle ends the counting. The tables are let go one after the other.
func (t *tally) settle() *cidr.Sorted {
	n, m := 0, 0
	for i := range t.shards {
		n, m = n+t.shards[i].table.used, m+len(t.shards[i].table.large)
	}
	for i := range t.wide {
		m += len(t.wide[i].hosts)
	}
	four, others := make([]cidr.Host4, 0, n), make([]cidr.HostCount, 0, m)
	for i := range t.shards {
		four, others = t.shards[i].table.drain(four, others)
	}
	for i := range t.wide {
		for k, c := range t.wide[i].hosts {
			others = append(others, cidr.HostCount{Key: k, Requests: c.requests, First: c.first, Last: c.last})
		}
		t.wide[i].hosts = nil
	}
	return cidr.NewSorted(four, others)
}

// key4 is the host of an IPv4 address.
func key4(addr uint32) cidr.Key {
	return cidr.KeyOf(netip.AddrFrom4([4]byte{byte(addr >> 24), byte(addr >> 16), byte(addr >> 8), byte(addr)}))
}
