//go:build linux

package nftables

import "time"

// maxStep is the difference between wall clock and monotonic clock that is taken for a clock that was set.
const maxStep = time.Second

// stepClock notices that the wall clock was set, or the machine slept. Timeouts in the kernel run on with its own clock, so they no longer end
// when the bans do, and have to be given again.
type stepClock struct {
	base time.Time // with a monotonic reading, if the clock has one
}

// stepped says whether the clock was set since the last call that said so (or the first call).
func (c *stepClock) stepped(now time.Time) bool {
	if c.base.IsZero() {
		c.base = now
		return false
	}
	wall, monotonic := now.Round(0).Sub(c.base.Round(0)), now.Sub(c.base)
	if (wall - monotonic).Abs() <= maxStep {
		return false
	}
	c.base = now
	return true
}
