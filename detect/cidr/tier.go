package cidr

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
	const million = 1_000_000
	share := total/million*uint64(t.Threshold) + (total%million*uint64(t.Threshold)+million-1)/million
	need := max(1, t.MinSize, share)
	if t.SizeAlone > 0 {
		need = min(need, t.SizeAlone)
	}
	return need
}
