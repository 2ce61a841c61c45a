package explore

import (
	"fmt"
	"strconv"
	"strings"

	"cidrx/detect/cidr"
)

// million is 1 in the millionths that a threshold is kept in.
const million = 1_000_000

// numbers are the four numbers of a tier, as --clusterArgSets takes them.
func numbers(t cidr.Tier) string {
	return fmt.Sprintf("%d,%d,%d,%s", t.MinSize, t.MinDepth, t.MaxDepth, fraction(t.Threshold))
}

// fraction writes millionths as a decimal fraction.
func fraction(millionths uint32) string {
	return strconv.FormatFloat(float64(millionths)/million, 'f', -1, 64)
}

// conditions are what else a tier asks for, in words; empty: nothing.
func conditions(t cidr.Tier) string {
	var parts []string
	if t.Balance {
		parts = append(parts, "balance")
	}
	if t.SizeAlone > 0 {
		parts = append(parts, fmt.Sprintf("sizeAlone %d", t.SizeAlone))
	}
	if t.MinHosts > 0 {
		parts = append(parts, fmt.Sprintf("minHosts %d", t.MinHosts))
	}
	if t.MaxCollateral != cidr.NoCollateralLimit {
		parts = append(parts, "maxCollateral "+fraction(t.MaxCollateral))
	}
	if t.Depth6 != [2]int{} {
		parts = append(parts, fmt.Sprintf("depth6 %d-%d", t.Depth6[0], t.Depth6[1]))
	}
	if t.Jail {
		parts = append(parts, "jail")
	}
	return strings.Join(parts, ", ")
}
