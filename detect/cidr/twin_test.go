package cidr_test

import (
	"math/big"
	"math/rand/v2"
	"net/netip"
	"slices"

	"cidrx/detect/cidr"
)

// twin is the slow trie: requests by host.
type twin map[netip.Prefix]uint64

func (tw twin) add(a netip.Addr, n uint64) { tw[cidr.Host(a)] += n }

func (tw twin) subtract(a netip.Addr, n uint64) {
	h := cidr.Host(a)
	if tw[h] <= n {
		delete(tw, h)
	} else {
		tw[h] -= n
	}
}

func (tw twin) count(p netip.Prefix) (requests uint64, hosts int) {
	for h, n := range tw {
		if p.Overlaps(h) {
			requests, hosts = requests+n, hosts+1
		}
	}
	return requests, hosts
}

// space returns the hosts that share an address space with p: IPv4, IPv6 or NAT64.
func (tw twin) space(p netip.Prefix) twin {
	kind := func(h netip.Prefix) int { return cidr.Host(h.Addr()).Bits() }
	own := twin{}
	for h, n := range tw {
		if kind(h) == kind(p) {
			own[h] = n
		}
	}
	return own
}

// levels is the slow trie of one family: requests and hosts of every prefix of every length.
type levels struct {
	tier     *cidr.Tier
	need     uint64
	min, max int
	hostLen  int
	requests map[netip.Prefix]uint64
	hosts    map[netip.Prefix]int
	all      twin
	missed   []netip.Prefix // those with enough requests that a condition refused
	uneven   []netip.Prefix // those that the balance mode did not report for their halves
}

const nat64 = "64:ff9b::/96"

// heavy evaluates the tier as its definition reads. all may be nil.
func (tw twin) heavy(tier *cidr.Tier, need uint64, all twin) []cidr.Heavy {
	found := []cidr.Heavy{}
	for _, l := range tw.levels(tier, need, all) {
		found = append(found, l.evaluate()...)
	}
	slices.SortFunc(found, func(a, b cidr.Heavy) int { return cidr.Compare(a.Prefix(), b.Prefix()) })
	return found
}

// levels returns the families that the tier looks at: IPv4, IPv6, NAT64.
func (tw twin) levels(tier *cidr.Tier, need uint64, all twin) []*levels {
	four := &levels{tier: tier, need: need, min: tier.MinDepth, max: tier.MaxDepth, hostLen: 32, all: all}
	six := &levels{tier: tier, need: need, min: 2 * tier.MinDepth, max: 2 * tier.MaxDepth, hostLen: 64, all: all}
	if tier.Depth6 != [2]int{} {
		six.min, six.max = tier.Depth6[0], tier.Depth6[1]
	}
	translated := &levels{tier: tier, need: need, min: 128, max: 128, hostLen: 128, all: all}
	for h, n := range tw {
		switch {
		case h.Addr().Is4():
			four.fill(h, n)
		case netip.MustParsePrefix(nat64).Contains(h.Addr()):
			translated.fill(h, n)
		default:
			six.fill(h, n)
		}
	}
	if tier.MaxDepth == 32 {
		return []*levels{four, six, translated}
	}
	return []*levels{four, six}
}

func (l *levels) fill(h netip.Prefix, n uint64) {
	if l.requests == nil {
		l.requests, l.hosts = map[netip.Prefix]uint64{}, map[netip.Prefix]int{}
	}
	for length := range h.Bits() + 1 {
		p := netip.PrefixFrom(h.Addr(), length).Masked()
		l.requests[p] += n
		l.hosts[p]++
	}
}

func (l *levels) evaluate() []cidr.Heavy {
	var reported []netip.Prefix
	switch {
	case l.requests == nil:
	case l.tier.Balance:
		root := netip.PrefixFrom(l.any().Addr(), 0).Masked()
		reported = l.balanced(root, nil)
	default:
		reported = l.hierarchical()
	}
	found := []cidr.Heavy{}
	for _, p := range reported {
		found = append(found, cidr.Heavy{Net: cidr.Nets(p)[0], Requests: l.requests[p], Hosts: l.hosts[p]})
	}
	return found
}

// any returns some host.
func (l *levels) any() netip.Prefix {
	for p := range l.requests {
		if p.Bits() == l.hostLen {
			return p
		}
	}
	return netip.Prefix{}
}

// hierarchical goes from the narrowest prefixes to the widest. spent holds what no wider prefix may count again: the reported prefixes and
// the candidates that a condition refused.
func (l *levels) hierarchical() []netip.Prefix {
	reported, spent := map[netip.Prefix]bool{}, map[netip.Prefix]bool{}
	for length := l.max; length >= l.min; length-- {
		for p, n := range l.requests {
			if p.Bits() != length {
				continue
			}
			for s := range spent {
				if p.Contains(s.Addr()) {
					n -= l.requests[s]
				}
			}
			if n < l.need && (length == l.max || !l.widened(p, reported)) {
				continue
			}
			if l.allowed(p) {
				drop(reported, p)
				reported[p] = true
			} else {
				l.missed = append(l.missed, p)
			}
			drop(spent, p)
			spent[p] = true
		}
	}
	var ps []netip.Prefix
	for p := range reported {
		ps = append(ps, p)
	}
	return ps
}

// drop removes all prefixes inside p.
func drop(set map[netip.Prefix]bool, p netip.Prefix) {
	for q := range set {
		if p.Contains(q.Addr()) {
			delete(set, q)
		}
	}
}

// widened tells whether one half of p is reported, and the other too or at least half as busy.
func (l *levels) widened(p netip.Prefix, reported map[netip.Prefix]bool) bool {
	low, high := halves(p)
	grows := func(a, b netip.Prefix) bool {
		return reported[a] && (reported[b] || 2*l.requests[b] >= l.requests[a])
	}
	return grows(low, high) || grows(high, low)
}

func halves(p netip.Prefix) (low, high netip.Prefix) {
	raw := p.Addr().AsSlice()
	raw[p.Bits()/8] |= 1 << (7 - p.Bits()%8)
	upper, _ := netip.AddrFromSlice(raw)
	return netip.PrefixFrom(p.Addr(), p.Bits()+1), netip.PrefixFrom(upper, p.Bits()+1)
}

// allowed looks at the conditions of the tier.
func (l *levels) allowed(p netip.Prefix) bool {
	least := l.tier.MinHosts
	if least == 0 && l.tier.HostsByLength {
		least = byLength(p)
	}
	if l.hosts[p] < least {
		return false
	}
	if l.all == nil || l.tier.MaxCollateral == cidr.NoCollateralLimit {
		return true
	}
	_, all := l.all.space(l.any()).count(p)
	bystanders := max(0, all-l.hosts[p])
	return float64(bystanders) <= float64(all)*float64(l.tier.MaxCollateral)/1e6
}

func byLength(p netip.Prefix) int {
	length := p.Bits()
	switch {
	case netip.MustParsePrefix(nat64).Contains(p.Addr()) && length == 128:
		length = 32
	case p.Addr().Is6():
		length /= 2
	}
	switch {
	case length >= 32:
		return 1
	case length >= 30:
		return 2
	case length >= 28:
		return 3
	case length >= 25:
		return 4
	case length >= 24:
		return 5
	case length >= 20:
		return 16
	case length >= 16:
		return 64
	}
	return 256
}

// balanced visits p as the cidrx 1.x tool does.
func (l *levels) balanced(p netip.Prefix, found []netip.Prefix) []netip.Prefix {
	if l.requests[p] < max(1, l.need) {
		return found
	}
	if p.Bits() == l.max {
		return l.settle(p, found)
	}
	low, high := halves(p)
	if p.Bits() >= l.min && l.even(l.requests[low], l.requests[high]) {
		if longer := l.settle(p, found); len(longer) > len(found) {
			return longer
		}
	} else if p.Bits() >= l.min && l.requests[low] > 0 && l.requests[high] > 0 {
		l.uneven = append(l.uneven, p)
	}
	return l.balanced(high, l.balanced(low, found))
}

// settle adds p to found unless a condition refuses it.
func (l *levels) settle(p netip.Prefix, found []netip.Prefix) []netip.Prefix {
	if l.allowed(p) {
		return append(found, p)
	}
	l.missed = append(l.missed, p)
	return found
}

func (l *levels) even(a, b uint64) bool {
	if a == 0 || b == 0 {
		return false
	}
	x, y := new(big.Int).SetUint64(a), new(big.Int).SetUint64(b)
	differ := new(big.Int).Sub(x, y)
	differ.Abs(differ).Mul(differ, big.NewInt(2000))
	limit := new(big.Int).Add(x, y)
	limit.Mul(limit, big.NewInt(int64(l.tier.Threshold/1000)))
	return a == b || differ.Cmp(limit) < 0
}

// traffic makes addresses as attacks do: single hosts, even networks, clusters around them, and a background; of all families.
type traffic struct{ r *rand.Rand }

// addr returns a random address: seldom twice the same, often a neighbour of an earlier one.
func (g traffic) addr(base []netip.Addr) netip.Addr {
	if len(base) == 0 || g.r.IntN(4) == 0 {
		return g.fresh()
	}
	near := base[g.r.IntN(len(base))]
	raw := near.AsSlice()
	last := len(raw)
	if near.Is6() && !netip.MustParsePrefix(nat64).Contains(near) {
		last = 8
	}
	for range g.r.IntN(4) {
		raw[last-1-g.r.IntN(2)] ^= 1 << g.r.IntN(8)
	}
	a, _ := netip.AddrFromSlice(raw)
	return a
}

func (g traffic) fresh() netip.Addr {
	var four [4]byte
	for i := range four {
		four[i] = byte(g.r.Uint32())
	}
	switch g.r.IntN(8) {
	case 0:
		raw := netip.MustParsePrefix(nat64).Addr().As16()
		copy(raw[12:], four[:])
		return netip.AddrFrom16(raw)
	case 1, 2:
		raw := [16]byte{0x20, 0x01, 0x0d, 0xb8, four[0] & 3, four[1] & 3, four[2], four[3], 8: four[0]}
		return netip.AddrFrom16(raw)
	case 3:
		four[0] = 10
	case 4:
		four[0] ^= four[0] & 0xf0 // a wide prefix with many hosts
	}
	return netip.AddrFrom4(four)
}

// hosts returns n addresses, with repetitions.
func (g traffic) hosts(n int) []netip.Addr {
	var as []netip.Addr
	for len(as) < n {
		a := g.addr(as)
		as = append(as, a)
		if g.r.IntN(20) == 0 {
			as = append(as, g.even(a)...)
		}
	}
	return as
}

// even returns the addresses of a small network, all of them.
func (g traffic) even(a netip.Addr) []netip.Addr {
	if !a.Is4() {
		return nil
	}
	p := netip.PrefixFrom(a, 26+g.r.IntN(6)).Masked()
	var as []netip.Addr
	for at := p.Addr(); p.Contains(at); at = at.Next() {
		as = append(as, at)
	}
	return as
}
