//go:build linux

// Package stepclock notices that the clock was set: what the kernel counts down has to be given to it again then.
package stepclock

import (
	"time"

	"golang.org/x/sys/unix"
)

// maxStep is the difference between the clock and the time that passed which is taken for a clock that was set.
const maxStep = time.Second

// Clock notices that the clock was set, or the machine slept. Timeouts in the kernel run on with its own clock, so they no longer end when the
// bans do, and have to be given again. The zero Clock is ready.
type Clock struct {
	started bool
	base    time.Time
	uptime  time.Duration // at base
}

// Stepped says whether the clock was set since the last call that said so (or the first call).
func (c *Clock) Stepped(now time.Time, uptime time.Duration) bool {
	off := now.Sub(c.base) - (uptime - c.uptime)
	if c.started && off.Abs() <= maxStep {
		return false
	}
	stepped := c.started
	*c = Clock{started: true, base: now.Round(0), uptime: uptime} // Round: without the monotonic reading, which Sub would prefer
	return stepped
}

// Uptime is CLOCK_MONOTONIC, by which the kernel's timeouts run (it stands still while the machine sleeps).
func Uptime() time.Duration {
	var t unix.Timespec
	// It cannot fail with a clock that exists and memory that is ours.
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return time.Duration(t.Nano())
}
