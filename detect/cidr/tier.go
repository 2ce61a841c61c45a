package cidr

import (
	"fmt"
	"math/bits"
	"net/netip"
)

// Tier is the question which prefixes carry too much of the traffic. The zero value of an optional field means "not given".
type Tier struct {
	MinSize       uint64 // requests a prefix needs at the least
	MinDepth      int    // widest prefix considered, as an IPv4 length, 0 to 32
	MaxDepth      int    // narrowest prefix considered, MinDepth to 32
	Threshold     uint32 // share of the total, in millionths, 0 to 1,000,000; in balance mode the 1.x tool's mean subnet difference
	SizeAlone     uint64 // a count that is enough whatever the share, 0: none
	MinHosts      int    // distinct hosts a reported prefix needs; 0: the defaults by length if HostsByLength, else none
	HostsByLength bool   // the agent's strategies: minHosts grows with the width of the prefix (detection.md)
	MaxCollateral uint32 // millionths of the prefix's hosts that may be without a matching request; NoCollateralLimit: any
	Depth6        [2]int // IPv6 depths; {0,0}: twice the IPv4 ones
	Balance       bool   // thresholdMode = "balance"
	Jail          bool   // may ban
}

// NoCollateralLimit is Tier.MaxCollateral when no limit is given. 0 would mean that not one bystander is accepted.
const NoCollateralLimit = ^uint32(0)

// Needed is T of detection.md: the requests a prefix needs when the strategy's total is total. In balance mode it is MinSize.
func (t Tier) Needed(total uint64) uint64 {
	if t.Balance {
		return max(1, t.MinSize)
	}
	share := total/million*uint64(t.Threshold) + (total%million*uint64(t.Threshold)+million-1)/million
	need := max(1, t.MinSize, share)
	if t.SizeAlone > 0 {
		need = min(need, t.SizeAlone)
	}
	return need
}

const million = 1_000_000

// HostsNeeded returns how many distinct hosts p needs to be reported by t.
func (t *Tier) HostsNeeded(p netip.Prefix) int {
	if nets := Nets(p); len(nets) > 0 {
		return t.hostsNeeded(nets[0])
	}
	return 0
}

// hostsNeeded is HostsNeeded. An IPv6 length counts like the IPv4 one of half as many bits. Two hosts must not condemn their neighbours.
func (t *Tier) hostsNeeded(n Net) int {
	if t.MinHosts > 0 || !t.HostsByLength {
		return t.MinHosts
	}
	length := int(n.plen)
	if n.fam == ipv6 {
		length /= 2
	}
	for _, d := range hostsByLength {
		if length >= d.length {
			return d.hosts
		}
	}
	return 256
}

var hostsByLength = [...]struct{ length, hosts int }{{32, 1}, {30, 2}, {28, 3}, {25, 4}, {24, 5}, {20, 16}, {16, 64}}

// depths returns the lengths that t looks at in a family, and whether it looks at that family at all. NAT64 hosts are only for tiers
// that look at single hosts.
func (t *Tier) depths(fam family) (lo, hi int, ok bool) {
	switch {
	case fam == ipv4:
		return t.MinDepth, t.MaxDepth, true
	case fam == nat64:
		return 32, 32, t.MaxDepth == 32
	case t.Depth6 != [2]int{}:
		return t.Depth6[0], t.Depth6[1], true
	}
	return 2 * t.MinDepth, 2 * t.MaxDepth, true
}

// Depths returns the shortest and the longest prefix that t looks at around a host, in the bits that Around and Net count in, and
// whether it looks at hosts of its kind at all.
func (t *Tier) Depths(k Key) (lo, hi int, ok bool) { return t.depths(k.fam) }

// even tells whether the halves of a prefix have about equally many requests, as the cidrx 1.x tool reckons: both have some, and
// a == b or 2000*|a-b| < floor(1000*threshold)*(a+b). The products may have more than 64 bits.
func (t *Tier) even(a, b uint64) bool {
	if a == 0 || b == 0 {
		return false
	}
	differHi, differLo := bits.Mul64(2000, max(a, b)-min(a, b))
	sum, carry := bits.Add64(a, b, 0)
	factor := uint64(t.Threshold) / (million / 1000)
	limitHi, limitLo := bits.Mul64(factor, sum)
	limitHi += carry * factor
	return a == b || differHi < limitHi || differHi == limitHi && differLo < limitLo
}

// Validate says what is wrong with t, nil if nothing is.
func (t *Tier) Validate() error {
	lo6, hi6, _ := t.depths(ipv6)
	switch {
	case t.MinDepth < 0 || t.MinDepth > t.MaxDepth || t.MaxDepth > 32:
		return fmt.Errorf("depths %d to %d: want 0 <= minDepth <= maxDepth <= 32", t.MinDepth, t.MaxDepth)
	case lo6 < 0 || lo6 > hi6 || hi6 > 64:
		return fmt.Errorf("IPv6 depths %d to %d: want 0 <= minDepth <= maxDepth <= 64 (a /64 is a host)", lo6, hi6)
	case t.Threshold > million && !t.Balance:
		return fmt.Errorf("threshold of %d millionths: a share is at most 1,000,000", t.Threshold)
	case t.MaxCollateral > million && t.MaxCollateral != NoCollateralLimit:
		return fmt.Errorf("maxCollateral of %d millionths: a share is at most 1,000,000", t.MaxCollateral)
	case t.MinHosts < 0:
		return fmt.Errorf("minHosts %d: want 0 or more", t.MinHosts)
	}
	return nil
}
