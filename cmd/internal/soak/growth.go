package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Where in a life it is compared with itself: when windows and bans of the first minutes have come and gone, and at its end.
const (
	settledFrom, settledTo = 0.45, 0.65
	lateFrom, lateTo       = 0.8, 1.0
)

// What may be called no growth: memory moves by that much with the garbage collector.
const (
	grownShare = 0.10
	grownMB    = 3.0
	grownFew   = 3 // descriptors, threads, goroutines: of a request that is just being answered
)

// reportGrowth says whether the agent took ever more.
//
// Memory is what belongs to the process alone. What it has mapped of its program and its state is resident too, and becomes more with the audit
// trail (which is bounded: 64 MiB), but is the kernel's cache of files, which takes it back when somebody needs the room.
func (s *soak) reportGrowth(r *report) {
	own := func(x sample) float64 { return x.memory.Own }
	s.growth(r, "memory, MB", own, func(was float64) float64 { return was + max(grownMB, grownShare*was) })
	s.peaks(r, own)
	s.growth(r, "resident, MB: with the pages of its program and its state", func(x sample) float64 { return x.memory.RSS }, nil)
	few := func(was float64) float64 { return was + grownFew }
	s.growth(r, "descriptors", func(x sample) float64 { return float64(x.files) }, few)
	s.growth(r, "threads", func(x sample) float64 { return float64(x.threads) }, nil)
	s.goroutines(r)
	r.tell("files of the host at most: state, its log, and of the access log the one being written and those rotated that are not surely read, but at least two",
		"%.0f MB, of them rotated %.0f MB", float64(s.watch.disk)/1e6, float64(s.log.kept)/1e6)
}

// growth compares each life with itself. limit says what is still no growth; nil: it is only told.
func (s *soak) growth(r *report, what string, of func(sample) float64, limit func(was float64) float64) {
	var lives []string
	ok := true
	for _, l := range s.watch.all {
		if len(l.samples) < minSamples {
			continue
		}
		was, is := l.part(settledFrom, settledTo, of), l.part(lateFrom, lateTo, of)
		lives = append(lives, fmt.Sprintf("%.3g → %.3g", was, is))
		ok = ok && (limit == nil || is <= limit(was))
	}
	what += ", in the middle of each life → at its end"
	if limit == nil {
		r.tell(what, "%s", strings.Join(lives, ", "))
		return
	}
	r.clock(what, "no growth", ok, "%s", strings.Join(lives, ", "))
}

// minSamples is how many a life needs to be compared with itself.
const minSamples = 10

// peaks compares the lives with each other.
func (s *soak) peaks(r *report, of func(sample) float64) {
	var peaks []float64
	var text []string
	for _, l := range s.watch.all {
		if len(l.samples) >= minSamples {
			peaks = append(peaks, of(slices.MaxFunc(l.samples, func(x, y sample) int { return cmp.Compare(of(x), of(y)) })))
			text = append(text, fmt.Sprintf("%.0f", peaks[len(peaks)-1]))
		}
	}
	if len(peaks) < 3 {
		r.tell("most memory in each life, MB", "%s", strings.Join(text, ", "))
		return
	}
	first := max(peaks[0], peaks[1]) // the first life begins with no windows to read again, the others with some
	last := slices.Max(peaks[2:])
	r.clock("most memory in each life, MB", "no growth from life to life", last <= first+max(grownMB, grownShare*first), "%s", strings.Join(text, ", "))
}

// goroutines compares the first checks of each life with the last ones.
func (s *soak) goroutines(r *report) {
	var lives []string
	ok := true
	for _, l := range s.watch.all {
		if g := l.goroutines; len(g) > 1 {
			lives = append(lives, fmt.Sprintf("%d → %d (max %d)", g[1], g[len(g)-1], slices.Max(g)))
			ok = ok && g[len(g)-1] <= g[1]+grownFew
		}
	}
	r.clock("goroutines, at the second check of each life → at its last", "no growth", ok, "%s", strings.Join(lives, ", "))
}
