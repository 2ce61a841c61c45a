package match

import (
	"unsafe"

	"golang.org/x/sys/cpu"

	"cidrx/detect/parse"
)

// quickTeddy says that likely is quick: nearly every processor since 2013 has what it takes, but not what hypervisors show by default.
// Those for servers since 2019 have what quickestTeddy asks for.
var (
	quickTeddy    = cpu.X86.HasAVX2 && cpu.X86.HasBMI1
	quickestTeddy = quickTeddy && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VBMI && cpu.X86.HasAVX512GFNI
)

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

// likelyWithin is likely for the places before to, which it may look beyond; to or more: there is none. It asks for quickTeddy.
func likelyWithin(f *fingerprints, b []byte, from, to int) int {
	if size := (to - from + 31) &^ 31; from+size+teddyBytes-1 <= len(b) {
		return from + likelyAVX2(f, &b[from], size)
	}
	return likely(f, b[:to], from)
}

// hitsIn says in which of up to 64 Briefs the tables may let a place of a field through, a bit each, the first the lowest. first is
// that field of the first. Where it cannot look it says that they may.
func hitsIn(t *teddy, block []byte, briefs []parse.Brief, first *parse.Span) uint64 {
	const reads = 64 + teddyBytes - 1 // from any place in a field on
	if len(block) < reads || !quickTeddy {
		return 1<<len(briefs) - 1
	}
	limit, stride := len(block)-reads, int(unsafe.Sizeof(briefs[0]))
	if quickestTeddy {
		return hitsAVX512(&t.folded, &block[0], limit, first, stride, len(briefs))
	}
	return hitsAVX2(&t.refuses, &block[0], limit, first, stride, len(briefs))
}

// hitsAVX2 says which of n spans of block, 1 to 64 and so many bytes apart, have a place that f, the complement of a teddy's tables,
// does not refuse. Of those that end behind limit it says so anyhow. It reads 67 bytes from each place of a span at the most.
//
//go:noescape
func hitsAVX2(f *fingerprints, block *byte, limit int, spans *parse.Span, stride, n int) (hits uint64)

// hitsAVX512 is hitsAVX2 for tables that let through what they do not refuse.
//
//go:noescape
func hitsAVX512(f *foldedPrints, block *byte, limit int, spans *parse.Span, stride, n int) (hits uint64)

// likelyAVX2 returns the first of size places from b on, a multiple of 32 and not 0, that the tables let through, size if there is
// none. It reads three bytes more.
//
//go:noescape
func likelyAVX2(f *fingerprints, b *byte, size int) (n int)
