package cidr

import (
	"cmp"
	"slices"
)

// sort4 sorts hosts by address.
func sort4(hosts []Host4) {
	slices.SortFunc(hosts, func(a, b Host4) int { return cmp.Compare(a.Addr, b.Addr) })
}
