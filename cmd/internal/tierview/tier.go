// Package tierview says how traffic stands against the tiers of the configuration: what a tier needs, which of its conditions decides,
// what an address is missing, and what tiers would have made of a whole log.
package tierview

import (
	"fmt"
	"strconv"

	"cidrx/detect/cidr"
)

// Text is a tier as its title in the configuration, counted from 1: tier 1 [600,16,25,0.06].
func Text(i int, t cidr.Tier) string {
	mode := ""
	if t.Balance {
		mode = " balance"
	}
	return fmt.Sprintf("tier %d [%d,%d,%d,%s]%s", i+1, t.MinSize, t.MinDepth, t.MaxDepth, share(t.Threshold), mode)
}

// Reason is what verdicts of a tier give as theirs.
func Reason(strategy string, i int, t cidr.Tier) string {
	return fmt.Sprintf("strategy %q, %s", strategy, Text(i, t))
}

// share writes millionths as the configuration does.
func share(millionths uint32) string {
	return strconv.FormatFloat(float64(millionths)/1e6, 'f', -1, 64)
}

// Decides names the condition that makes T what it is when the strategy's total is total: "minSize", "threshold", "sizeAlone".
func Decides(t cidr.Tier, total uint64) string {
	without := t
	without.SizeAlone = 0
	asked := without.Needed(total)
	switch {
	case t.SizeAlone > 0 && t.SizeAlone < asked:
		return "sizeAlone"
	case t.Balance || asked <= max(1, t.MinSize):
		return "minSize"
	}
	return "threshold"
}
