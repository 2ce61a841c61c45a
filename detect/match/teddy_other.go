//go:build !amd64

package match

// quickTeddy says that likely is quick.
const quickTeddy = false

// likely returns the first place at or behind from that the tables let through; places with less than a fingerprint of b behind them
// are all let through. len(b) or more: there is none.
func likely(f *fingerprints, b []byte, from int) int { return likelySlow(f, b, from) }
