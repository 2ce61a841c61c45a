package config

import (
	"fmt"
	"math"
	"slices"

	"cidrx/detect/cidr"
)

// tiers builds the tiers of a strategy out of whichever form they are given in.
func (b *builder) tiers(path string, s liveSection) []cidr.Tier {
	b.choice(path+".thresholdMode", s.ThresholdMode, "share", "balance")
	switch {
	case len(s.ClusterArgSets) > 0 && len(s.Tier) > 0:
		b.fail(path+".clusterArgSets", "[[%s.tier]] is there too; write the tiers in one of the two forms", path)
	case len(s.Tier) > 0 && s.UseForJail != nil:
		b.fail(path+".useForJail", "goes with clusterArgSets; in [[%s.tier]] write jail = true or false", path)
	case len(s.Tier) > 0:
		return b.tierTables(path, s)
	case len(s.ClusterArgSets) > 0:
		return b.compactTiers(path, s)
	case b.sound(path):
		b.fail(path, "has no tiers, so it would never report anything; write clusterArgSets, or [[%s.tier]]", path)
	}
	return nil
}

// compactTiers builds the tiers of clusterArgSets.
func (b *builder) compactTiers(path string, s liveSection) []cidr.Tier {
	if s.UseForJail != nil && len(s.UseForJail) != len(s.ClusterArgSets) {
		b.fail(path+".useForJail", "has %d values for the %d sets of clusterArgSets; write one for each", len(s.UseForJail), len(s.ClusterArgSets))
		return nil
	}
	var out []cidr.Tier
	for i, set := range s.ClusterArgSets {
		where := element(path+".clusterArgSets", i)
		if len(set) != 4 {
			b.fail(where, "has %d numbers, but must have 4: minSize, minDepth, maxDepth, threshold", len(set))
			continue
		}
		t := cidr.Tier{
			MinSize:       uint64(b.wholeNumber(element(where, 0), set[0])),
			MinDepth:      int(b.wholeNumber(element(where, 1), set[1])),
			MaxDepth:      int(b.wholeNumber(element(where, 2), set[2])),
			Threshold:     b.share(element(where, 3), set[3]),
			MaxCollateral: cidr.NoCollateralLimit,
			HostsByLength: true,
			Balance:       s.ThresholdMode == "balance",
			Jail:          s.UseForJail == nil || s.UseForJail[i],
		}
		b.depths(where, element(where, 1), t.MinDepth, t.MaxDepth, 32)
		out = append(out, t)
	}
	return out
}

// wholeNumber checks a number of the compact form, where TOML has but one kind of number for all four.
func (b *builder) wholeNumber(path string, value float64) int64 {
	n, err := whole(value)
	if err != nil {
		b.fail(path, "%v", err)
	}
	return n
}

// mostWhole is the largest number of the compact form, well below 2^53, up to where every whole number is exact.
const mostWhole = 1e15

// whole is a number without a fraction, from 0 to mostWhole.
func whole(value float64) (int64, error) {
	switch {
	case value != math.Trunc(value) || value < 0:
		return 0, fmt.Errorf("%v must be a whole number, 0 or more", value)
	case value > mostWhole:
		return 0, fmt.Errorf("%s is too large; the most is %.0f", short(fmt.Sprintf("%.0f", value)), mostWhole)
	}
	return int64(value), nil
}

// tierTables builds the tiers of [[live.NAME.tier]].
func (b *builder) tierTables(path string, s liveSection) []cidr.Tier {
	var out []cidr.Tier
	for i, t := range s.Tier {
		where := element(path+".tier", i)
		if t.ThresholdMode == "" {
			t.ThresholdMode = s.ThresholdMode
		}
		if b.complete(where, t) {
			out = append(out, b.tier(where, t))
		}
	}
	return out
}

// complete reports whether a tier has the four numbers that make one.
func (b *builder) complete(path string, t tierSection) bool {
	var missing []string
	for key, given := range map[string]bool{
		"minSize": t.MinSize != nil, "minDepth": t.MinDepth != nil, "maxDepth": t.MaxDepth != nil, "threshold": t.Threshold != nil,
	} {
		if !given {
			missing = append(missing, key)
		}
	}
	if len(missing) > 0 && b.sound(path) {
		b.fail(path, "lacks %s", orNone(missing))
	}
	return len(missing) == 0
}

func (b *builder) tier(path string, s tierSection) cidr.Tier {
	t := cidr.Tier{
		MinSize:       uint64(b.number(path+".minSize", *s.MinSize, 0, anyNumber)),
		MinDepth:      int(*s.MinDepth),
		MaxDepth:      int(*s.MaxDepth),
		Threshold:     b.share(path+".threshold", *s.Threshold),
		SizeAlone:     uint64(b.number(path+".sizeAlone", s.SizeAlone, 0, anyNumber)),
		HostsByLength: s.MinHosts == nil,
		MaxCollateral: b.share(path+".maxCollateral", s.MaxCollateral),
		Balance:       b.choice(path+".thresholdMode", s.ThresholdMode, "share", "balance") == "balance",
		Jail:          s.Jail,
	}
	if s.MinHosts != nil {
		t.MinHosts = b.number(path+".minHosts", *s.MinHosts, 0, anyNumber)
	}
	if s.MaxCollateral == 1 { // every one of them may be a bystander
		t.MaxCollateral = cidr.NoCollateralLimit
	}
	b.depths(path, path+".minDepth", t.MinDepth, t.MaxDepth, 32)
	t.Depth6 = b.depth6(path+".depth6", s.Depth6)
	return t
}

// share turns a share into millionths.
func (b *builder) share(path string, value float64) uint32 {
	if !(value >= 0 && value <= 1) {
		b.fail(path, "%v is outside 0 to 1", value)
		return 0
	}
	millionths := uint32(math.Round(value * 1e6))
	if value > 0 && millionths == 0 {
		b.fail(path, "%v is less than a millionth; write 0 if no share is meant", value)
	}
	return millionths
}

// depths checks the widest and the narrowest prefix of a tier.
func (b *builder) depths(tier, path string, least, most, deepest int) {
	switch {
	case least < 0 || most < 0 || least > deepest || most > deepest:
		b.fail(path, "the depths %d to %d are outside 0 to %d", least, most, deepest)
	case least > most:
		b.fail(path, "minDepth %d is narrower than maxDepth %d; the smaller number, the wider prefix, comes first", least, most)
	}
}

// depth6 checks the IPv6 depths of a tier; a host there is a /64, so nothing is narrower. None stands for twice the IPv4 ones.
func (b *builder) depth6(path string, pair []int64) [2]int {
	if len(pair) == 0 {
		return [2]int{}
	}
	if len(pair) != 2 || slices.Equal(pair, []int64{0, 0}) {
		b.fail(path, "must be two depths, such as [48, 64]")
		return [2]int{}
	}
	b.depths(path, path, int(pair[0]), int(pair[1]), 64)
	return [2]int{int(pair[0]), int(pair[1])}
}
