package match

import "golang.org/x/sys/cpu"

// quickTeddy says that likely is quick: nearly every processor since 2013 has what it takes, but not what hypervisors show by default.
var quickTeddy = cpu.X86.HasAVX2 && cpu.X86.HasBMI1

// likely returns the first place at or behind from that the tables let through; places with less than a fingerprint of b behind them
// are all let through. len(b) or more: there is none.
func likely(f *fingerprints, b []byte, from int) int {
	if quickTeddy {
		if size := (len(b) - from - teddyBytes + 1) &^ 31; size > 0 {
			n := likelyAVX2(f, &b[from], size)
			if from += n; n < size {
				return from
			}
		}
	}
	return likelySlow(f, b, from)
}

// likelyAVX2 returns the first of size places from b on, a multiple of 32 and not 0, that the tables let through, size if there is
// none. It reads three bytes more.
//
//go:noescape
func likelyAVX2(f *fingerprints, b *byte, size int) (n int)
