// Package cputime lets benchmarks report processor time, which stays the same however busy the machine is.
package cputime

import (
	"syscall"
	"testing"
	"time"
)

// Report measures f, which runs the loop of b, and adds the processor time of an operation to the results.
func Report(b *testing.B, f func()) {
	before := used()
	f()
	b.ReportMetric(float64(used()-before)/float64(b.N), "cpu-ns/op")
}

// used returns the processor time of this process so far.
func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
