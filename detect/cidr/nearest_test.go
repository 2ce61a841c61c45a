package cidr_test

import (
	"cmp"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"cidrx/detect/cidr"
)

// slowMiss is a prefix that was not reported, and how much it has of what it fell short of.
type slowMiss struct {
	prefix netip.Prefix
	miss   cidr.Miss
	has    float64
}

// missOf tells what is known of a prefix of l.
func (l *levels) missOf(p netip.Prefix) slowMiss {
	m := cidr.Miss{Net: cidr.Nets(p)[0], Requests: l.requests[p], Hosts: l.hosts[p], Need: max(1, l.need), HostsNeeded: l.tier.HostsNeeded(p)}
	if l.all != nil && l.tier.MaxCollateral != cidr.NoCollateralLimit {
		_, all := l.all.space(l.any()).count(p)
		m.Bystanders = max(0, all-m.Hosts)
	}
	return slowMiss{prefix: p, miss: m}
}

func (l *levels) refusal(p netip.Prefix) slowMiss {
	m := l.missOf(p)
	hosts, bystanders := 1.0, 1.0
	if m.miss.Hosts < m.miss.HostsNeeded {
		hosts = float64(m.miss.Hosts) / float64(m.miss.HostsNeeded)
	}
	if l.all != nil && l.tier.MaxCollateral != cidr.NoCollateralLimit {
		allowed := float64(m.miss.Hosts+m.miss.Bystanders) * float64(l.tier.MaxCollateral) / 1e6
		bystanders = min(1, (allowed+1)/float64(m.miss.Bystanders+1))
	}
	m.has, m.miss.Reason = min(hosts, bystanders), cidr.Bystanders
	if hosts < 1 {
		m.miss.Reason = cidr.TooFewHosts
	}
	return m
}

func (l *levels) imbalance(p netip.Prefix) slowMiss {
	m := l.missOf(p)
	low, high := halves(p)
	a, b := l.requests[low], l.requests[high]
	m.miss.Reason, m.miss.Halves = cidr.Uneven, [2]uint64{a, b}
	m.has = (float64(l.tier.Threshold/1000)*float64(a+b) + 1) / (2000*float64(max(a, b)-min(a, b)) + 1)
	return m
}

// widest returns the prefixes of the shortest length with fewer requests than needed, each as narrow as it holds the same.
func (l *levels) widest() []slowMiss {
	var ms []slowMiss
	for p, n := range l.requests {
		if p.Bits() != l.min || n >= max(1, l.need) {
			continue
		}
		narrow := p
		for q := range l.requests {
			if p.Contains(q.Addr()) && q.Bits() <= l.max && q.Bits() > narrow.Bits() && l.hosts[q] == l.hosts[p] {
				narrow = q
			}
		}
		m := l.missOf(narrow)
		if l.tier.Balance && narrow.Bits() < l.max {
			low, high := halves(narrow)
			if a, b := l.requests[low], l.requests[high]; !l.even(a, b) {
				m.miss.Halves = [2]uint64{a, b}
			}
		}
		ms = append(ms, m)
	}
	slices.SortFunc(ms, func(a, b slowMiss) int { return cidr.Compare(a.prefix, b.prefix) })
	return ms
}

// nearest is the slow Nearest.
func (tw twin) nearest(q cidr.Query, all twin, short cidr.Reason, most int) []cidr.Miss {
	var refused, poor []slowMiss
	for _, l := range tw.levels(q.Tier, q.Need, all) {
		if len(l.evaluate()) > 0 {
			return nil
		}
		for _, p := range l.missed {
			refused = append(refused, l.refusal(p))
		}
		for _, p := range l.uneven {
			refused = append(refused, l.imbalance(p))
		}
		poor = append(poor, l.widest()...)
	}
	slices.SortFunc(refused, func(a, b slowMiss) int {
		return cmp.Or(cmp.Compare(b.has, a.has), cmp.Compare(b.miss.Requests, a.miss.Requests), cidr.Compare(a.prefix, b.prefix))
	})
	slices.SortStableFunc(poor, func(a, b slowMiss) int { return cmp.Compare(b.miss.Requests, a.miss.Requests) })
	for i := range poor {
		poor[i].miss.Reason = short
	}
	return apart(slices.Concat(refused, poor), most)
}

// apart returns the first misses that touch none before them.
func apart(ms []slowMiss, most int) []cidr.Miss {
	var taken []slowMiss
	found := []cidr.Miss{}
	for _, m := range ms {
		same := func(o slowMiss) bool { return o.prefix.Overlaps(m.prefix) && o.prefix.Bits()/96 == m.prefix.Bits()/96 }
		if len(found) < most && !slices.ContainsFunc(taken, same) {
			taken, found = append(taken, m), append(found, m.miss)
		}
	}
	return found
}

// What lacks nothing but requests is reported, in one prefix or another, by a tier that asks for as many as it has; what has uneven
// halves, too, is not.
func TestNearestIsReportedWhenAskedForItsRequests(t *testing.T) {
	even, uneven := 0, 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 18))
		trie, _, _, _ := randomTries(seed)
		s, tier := sortedOf(r, trie), randomTier(r)
		tier.MinSize, tier.MinHosts, tier.MaxCollateral = 1<<40, 0, cidr.NoCollateralLimit
		for _, m := range s.Nearest(cidr.Query{Tier: tier, Need: tier.MinSize}, 3) {
			if m.Hosts < m.HostsNeeded {
				continue
			}
			found := s.Heavy(cidr.Query{Tier: tier, Need: m.Requests})
			reported := slices.ContainsFunc(found, func(h cidr.Heavy) bool { return h.Prefix().Overlaps(m.Prefix()) })
			if m.Halves == [2]uint64{} {
				even++
			} else {
				uneven++
			}
			if reported != (m.Halves == [2]uint64{}) {
				t.Fatalf("seed %d, tier %+v: %v with halves of %v requests, asked for %d: reported %v", seed, *tier, m.Prefix(), m.Halves, m.Requests, found)
			}
		}
	}
	if even < 100 || uneven < 30 {
		t.Errorf("only %d even and %d uneven ones", even, uneven)
	}
}

func TestNearestAgainstTwin(t *testing.T) {
	reasons := map[cidr.Reason]int{}
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 16))
		trie, all, tw, twAll := randomTries(seed)
		tier := randomTier(r)
		switch r.IntN(3) {
		case 0: // more than anything has
			tier.MinSize += 400
		case 1: // hosts and bystanders that nothing has
			tier.MinHosts, tier.MaxCollateral = 20+r.IntN(50), r.Uint32N(200_000)
		default: // nothing but uneven ones: no host is looked at on its own
			tier.Balance, tier.Threshold, tier.MaxDepth, tier.MinSize = true, r.Uint32N(100_000), 32, 30+r.Uint64N(100)
		}
		q := cidr.Query{Tier: tier, Need: tier.MinSize, All: sortedOf(r, all)}
		want := tw.nearest(q, twAll, cidr.TooFewForSize, 3)
		got := sortedOf(r, trie).Nearest(q, 3)
		if diff := gocmp.Diff(want, got, byValue); diff != "" {
			t.Fatalf("seed %d, tier %+v (-want +got):\n%s", seed, *tier, diff)
		}
		for _, m := range got {
			reasons[m.Reason]++
		}
	}
	for _, reason := range []cidr.Reason{cidr.TooFewForSize, cidr.Uneven, cidr.TooFewHosts, cidr.Bystanders} {
		if reasons[reason] < 30 {
			t.Errorf("only %d misses for %v, %v", reasons[reason], reason, reasons)
		}
	}
}

func TestWhyNothingWasReported(t *testing.T) {
	hosts := []cidr.Host4{{Addr: 0xc0000201, Requests: 400}, {Addr: 0xc0000202, Requests: 12}, {Addr: 0x0a000001, Requests: 8}}
	everyone := []cidr.Host4{{Addr: 0xc0000201, Requests: 400}, {Addr: 0xc0000203, Requests: 1}, {Addr: 0xc0000202, Requests: 12}, {Addr: 0x0a000001, Requests: 8}}
	tests := []struct {
		name string
		tier cidr.Tier
		want []string
	}{
		{"minSize", cidr.Tier{MinSize: 500, MinDepth: 24, MaxDepth: 32}, []string{"192.0.2.0/30: 412 of 500 requests (minSize)", "10.0.0.1/32: 8 of 500 requests (minSize)"}},
		{"the share", cidr.Tier{MinSize: 5, MinDepth: 32, MaxDepth: 32, Threshold: 990_000}, []string{
			"192.0.2.1/32: 400 of 416 requests (threshold)", "192.0.2.2/32: 12 of 416 requests (threshold)", "10.0.0.1/32: 8 of 416 requests (threshold)"}},
		{"sizeAlone", cidr.Tier{MinSize: 500, MinDepth: 24, MaxDepth: 32, SizeAlone: 450}, []string{
			"192.0.2.0/30: 412 of 450 requests (sizeAlone)", "10.0.0.1/32: 8 of 450 requests (sizeAlone)"}},
		{"balance", cidr.Tier{MinSize: 405, MinDepth: 24, MaxDepth: 32, Threshold: 100_000, Balance: true}, []string{
			"192.0.2.0/30: halves of 400 and 12 requests are too uneven (threshold)", "10.0.0.1/32: 8 of 405 requests (minSize)"}},
		{"minHosts", cidr.Tier{MinSize: 405, MinDepth: 24, MaxDepth: 32, MinHosts: 3}, []string{
			"192.0.2.0/30: 2 of 3 hosts (minHosts)", "10.0.0.1/32: 8 of 405 requests (minSize)"}},
		{"maxCollateral", cidr.Tier{MinSize: 405, MinDepth: 24, MaxDepth: 30, MaxCollateral: 333_333}, []string{
			"192.0.2.0/30: 1 of 3 hosts are bystanders (maxCollateral)", "10.0.0.0/30: 8 of 405 requests (minSize)"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.tier.MaxCollateral == 0 {
				tt.tier.MaxCollateral = cidr.NoCollateralLimit
			}
			q := cidr.Query{Tier: &tt.tier, Need: tt.tier.Needed(420), All: cidr.NewSorted(nil, everyone)}
			var got []string
			for _, m := range cidr.NewSorted(nil, hosts).Nearest(q, 3) {
				got = append(got, m.Prefix().String()+": "+m.Why())
			}
			if diff := gocmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
