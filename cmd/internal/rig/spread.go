package rig

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Spread is some measurements of the same thing.
type Spread []time.Duration

// At is the p-th quantile, 0 to 1, by the nearest rank. s is not empty.
func (s Spread) At(p float64) time.Duration {
	sorted := slices.Sorted(slices.Values(s))
	return sorted[max(0, int(math.Ceil(p*float64(len(sorted))))-1)]
}

// Median is At(0.5).
func (s Spread) Median() time.Duration { return s.At(0.5) }

// String has everything that few measurements say.
func (s Spread) String() string {
	return fmt.Sprintf("median %s (min %s, max %s of %d)", Short(s.Median()), Short(s.At(0)), Short(s.At(1)), len(s))
}

// Micro is String in microseconds.
func (s Spread) Micro() string {
	µs := func(p float64) float64 { return float64(s.At(p).Nanoseconds()) / 1000 }
	return fmt.Sprintf("median %.1f µs (min %.1f, max %.1f of %d)", µs(0.5), µs(0), µs(1), len(s))
}

// Tail has what many measurements say.
func (s Spread) Tail() string {
	return fmt.Sprintf("median %s, p99 %s (min %s, p90 %s, max %s of %d)", Short(s.Median()), Short(s.At(0.99)), Short(s.At(0)), Short(s.At(0.9)), Short(s.At(1)), len(s))
}

// Short prints three digits or so, in milliseconds.
func Short(d time.Duration) string {
	ms := d.Seconds() * 1000
	if ms >= 100 {
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.2f ms", ms)
}
