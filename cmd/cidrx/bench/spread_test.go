package bench

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// spread is some measurements of the same thing.
type spread []time.Duration

// at is the p-th quantile, by the nearest rank.
func (s spread) at(p float64) time.Duration {
	sorted := slices.Sorted(slices.Values(s))
	return sorted[max(0, int(math.Ceil(p*float64(len(sorted))))-1)]
}

func (s spread) median() time.Duration { return s.at(0.5) }

// String has everything that few measurements say.
func (s spread) String() string {
	return fmt.Sprintf("median %s (min %s, max %s of %d)", short(s.median()), short(s.at(0)), short(s.at(1)), len(s))
}

// micro is String in microseconds.
func (s spread) micro() string {
	µs := func(p float64) float64 { return float64(s.at(p).Nanoseconds()) / 1000 }
	return fmt.Sprintf("median %.1f µs (min %.1f, max %.1f of %d)", µs(0.5), µs(0), µs(1), len(s))
}

// tail has what many measurements say.
func (s spread) tail() string {
	return fmt.Sprintf("median %s, p99 %s (min %s, p90 %s, max %s of %d)", short(s.median()), short(s.at(0.99)), short(s.at(0)), short(s.at(0.9)), short(s.at(1)), len(s))
}

// short prints three digits or so, in milliseconds.
func short(d time.Duration) string {
	ms := d.Seconds() * 1000
	if ms >= 100 {
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.2f ms", ms)
}
