//go:build !amd64

package match

import "cidrx/detect/parse"

// quickTeddy says that likely is quick.
const quickTeddy = false

// likely returns the first place at or behind from that the tables let through; places with less than a fingerprint of b behind them
// are all let through. len(b) or more: there is none.
func likely(f *fingerprints, b []byte, from int) int { return likelySlow(f, b, from) }

// likelyWithin is likely for the places before to; to or more: there is none.
func likelyWithin(f *fingerprints, b []byte, from, to int) int { return likelySlow(f, b[:to], from) }

// hitsIn says that the tables may let a place of each Brief through.
func hitsIn(_ *teddy, _ []byte, briefs []parse.Brief, _ *parse.Span) uint64 {
	return 1<<len(briefs) - 1
}
