package static

import (
	"cmp"
	"net/netip"
	"slices"

	"cidrx/detect/cidr"
	"cidrx/detect/report"
)

// class is a sort of prefixes that one tier is proposed for, with what is tried for its numbers.
type class struct {
	name     string // "single hosts"
	one      string // "host"
	minDepth int
	maxDepth []int // deeper ones report what is narrow as itself, and leave the wide to what is spread
	minHosts []int
	within   int // a prefix of this length explains the ranges inside it, unless few of them are most of it; 0: never
}

const fewParts = 3

var classes = []class{
	{"single hosts", "host", 32, []int{32}, []int{0}, 0},
	{"small networks", "/28", 28, []int{30, 32}, []int{3, 5, 8}, 24},
	{"networks", "/24", 24, []int{24, 28, 32}, []int{5, 10, 20, 40, 80}, 0},
	{"wide networks", "/16", 16, []int{20, 24, 28, 32}, []int{64, 128, 256, 512}, 0},
}

// What a proposal may catch at the most that does not look like an attack.
const (
	mostBenign      = 0.05 // share of the caught requests that look ordinary or are a crawler's
	mostBenignHosts = 0.10 // share of the caught hosts
	mostInRange     = 0.20 // the same shares of any one caught range
	mostHostsIn     = 0.25
	leastRequests   = 20     // a prefix with fewer is nobody's business
	leastShare      = 10_000 // nor is one with less than a ten-thousandth of all requests
	leastGain       = 100    // and a tier must add a hundredth of what does not look ordinary
	alike           = 0.95   // numbers that catch this share of the most that any catch are as good
)

// trial is a tier and what it catches.
type trial struct {
	tier   cidr.Tier
	ranges []report.CaughtRange
	of     report.Caught
	gain   uint64 // requests of others that no tier before it catches
	space  float64
	rank   int // among the variants that are tried: fewest conditions first
}

// search tries the numbers of a class. best is nil if none will do; refused are the ranges for which a tier with lower numbers was not
// good enough, whatever its other numbers.
type search struct {
	a       *Analysis
	section int
	kinds   *kindsOf
	total   uint64
	high    uint64 // requests of the largest prefix: greater sizes catch nothing
	floor   uint64
	covered []netip.Prefix // by the tiers before
}

// best tries all variants of a class. Of those that catch about as much as the best it takes the ones that cover the least of the address
// space and of the ordinary, and of their sizes the middle one: it leaves room on either side.
func (s *search) best(c class) (best *trial, sizes [2]uint64, refused []report.CaughtRange) {
	var runs [][]trial
	most := uint64(0)
	for rank, maxDepth := range c.maxDepth {
		for conditions, minHosts := range c.minHosts {
			tier := cidr.Tier{MinDepth: c.minDepth, MaxDepth: maxDepth, MinHosts: minHosts, MaxCollateral: cidr.NoCollateralLimit, Jail: true}
			run, stopped := s.descend(c, tier, rank*len(c.minHosts)+conditions)
			for i := range run {
				most = max(most, run[i].gain)
			}
			runs = append(runs, run)
			refused = append(refused, stopped...)
		}
	}
	if most < max(s.floor, s.kinds.everything().Others.Requests/leastGain, 1) {
		return nil, sizes, refused
	}
	for _, run := range runs {
		run = slices.DeleteFunc(run, func(t trial) bool { return float64(t.gain) < alike*float64(most) })
		if len(run) == 0 {
			continue
		}
		middle := &run[len(run)/2]
		if best == nil || better(middle, best) {
			best, sizes = middle, [2]uint64{run[len(run)-1].tier.MinSize, run[0].tier.MinSize}
		}
	}
	return best, sizes, refused
}

// better compares trials that catch about the same.
func better(a, b *trial) bool {
	return cmp.Or(cmp.Compare(a.space, b.space), cmp.Compare(a.benign(), b.benign()), cmp.Compare(a.rank, b.rank)) < 0
}

func (t *trial) benign() uint64 { return t.of.Ordinary.Requests + t.of.Crawlers.Requests }

// descend tries ever smaller sizes until one catches what it should not. stopped are the ranges of that one which are in the way.
func (s *search) descend(c class, tier cidr.Tier, rank int) (run []trial, stopped []report.CaughtRange) {
	for _, size := range sizesBetween(s.floor, s.high) {
		tier.MinSize = size
		t := s.try(c, tier)
		if len(t.ranges) == 0 {
			continue
		}
		if stopped = s.intolerable(&t); len(stopped) > 0 {
			return run, stopped
		}
		t.rank = rank
		run = append(run, t)
	}
	return run, nil
}

// try runs a tier.
func (s *search) try(c class, tier cidr.Tier) trial {
	t := trial{tier: tier}
	for _, h := range s.kinds.all.Heavy(s.a.query(s.section, &tier)) { // Try would look for near misses, too
		in := s.kinds.in(h.Prefix())
		t.ranges = append(t.ranges, in)
		t.of = plus(t.of, in.Of)
		t.space += space4(in.Prefix)
	}
	for i, r := range t.ranges {
		if c.within == 0 || s.alone(c, t.ranges, i) {
			t.gain += r.Of.Others.Requests - s.others(r.Prefix)
		}
	}
	return t
}

// alone tells whether range i is one of few that are at least half of the wider prefix around them. Else that is the one to report.
func (s *search) alone(c class, ranges []report.CaughtRange, i int) bool {
	whole := c.whole(ranges[i].Prefix)
	from, to := i, i+1
	for ; from > 0 && whole.Overlaps(ranges[from-1].Prefix) && to-from <= fewParts; from-- {
	}
	for ; to < len(ranges) && whole.Overlaps(ranges[to].Prefix) && to-from <= fewParts; to++ {
	}
	sum := uint64(0)
	for _, r := range ranges[from:to] {
		sum += r.Of.Others.Requests
	}
	return to-from <= fewParts && 2*sum >= s.kinds.in(whole).Of.Others.Requests
}

// whole is the prefix that p may be a part of.
func (c *class) whole(p netip.Prefix) netip.Prefix {
	bits := c.within
	if !p.Addr().Is4() {
		bits *= 2
	}
	return netip.PrefixFrom(p.Addr(), min(bits, p.Bits())).Masked()
}

// others counts the requests inside p that tiers before this one catch.
func (s *search) others(p netip.Prefix) (n uint64) {
	from, _ := slices.BinarySearchFunc(s.covered, p, cidr.Compare)
	if from > 0 && s.covered[from-1].Overlaps(p) {
		return s.kinds.in(p).Of.Others.Requests
	}
	for ; from < len(s.covered) && s.covered[from].Overlaps(p); from++ {
		n += s.kinds.in(s.covered[from]).Of.Others.Requests
	}
	return n
}

// space4 is how much of the address space p is, in hosts.
func space4(p netip.Prefix) float64 {
	host := 32
	if !p.Addr().Is4() {
		host = 64
	}
	size := 1.0
	for range host - p.Bits() {
		size *= 2
	}
	return size
}

// intolerable returns the ranges on account of which a trial catches too much that does not look like an attack, nil if it does not.
func (s *search) intolerable(t *trial) (out []report.CaughtRange) {
	for _, r := range t.ranges {
		if tooMuch(r.Of, mostInRange, mostHostsIn) {
			out = append(out, r)
		}
	}
	if out == nil && tooMuch(t.of, mostBenign, mostBenignHosts) {
		return t.ranges
	}
	return out
}

// tooMuch tells whether more than those shares of requests or hosts look ordinary or like a crawler.
func tooMuch(of report.Caught, requests, hosts float64) bool {
	benign := plus(report.Caught{Ordinary: of.Ordinary}, report.Caught{Ordinary: of.Crawlers}).Ordinary
	return float64(benign.Requests) > requests*float64(benign.Requests+of.Others.Requests) ||
		float64(benign.Hosts) > hosts*float64(benign.Hosts+of.Others.Hosts)
}

// sizesBetween are the numbers that people choose, from the largest that is not above high down to the smallest not below low.
func sizesBetween(low, high uint64) (out []uint64) {
	for ten := uint64(1); ten <= high && ten <= 1e17; ten *= 10 {
		for _, n := range []uint64{10, 12, 15, 20, 25, 30, 40, 50, 60, 80} {
			if size := n * ten / 10; low <= size && size <= high {
				out = append(out, size)
			}
		}
	}
	slices.Reverse(out)
	return slices.Compact(out)
}
