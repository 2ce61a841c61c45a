package rig

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Usage is what a process takes.
type Usage struct {
	CPU  time.Duration // of all its threads, user and system, since its start
	RSS  float64       // resident now, MB (10⁶ bytes)
	Peak float64       // resident at most, MB
	Own  float64       // resident now and of no file, MB: what the process asked for, without what the kernel may take back
}

// UsageOf reads what a process takes.
func UsageOf(pid int) (Usage, error) {
	// The clock of a process that is not ours, as clock_getcpuclockid(3) makes it: to the nanosecond, where /proc/PID/stat has ticks of 10 ms.
	const cpuclockSched = 2
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|cpuclockSched), &ts); err != nil {
		return Usage{}, fmt.Errorf("CPU clock of process %d: %w", pid, err)
	}
	u := Usage{CPU: time.Duration(ts.Nano())}
	for name, to := range map[string]*float64{"VmRSS": &u.RSS, "VmHWM": &u.Peak, "RssAnon": &u.Own} {
		value, _, _ := strings.Cut(firstField(fmt.Sprintf("/proc/%d/status", pid), name), " ")
		if _, err := fmt.Sscan(value, to); err != nil {
			return Usage{}, fmt.Errorf("%s of process %d: %q: %w", name, pid, value, err)
		}
		*to *= 1024 / 1e6
	}
	return u, nil
}
