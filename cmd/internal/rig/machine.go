package rig

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Cores is how many the agent and whatever writes its logs share: the figures are about small hosts.
const Cores = 2

// Machine says what the figures were measured on.
func Machine() string {
	kernel := "kernel unknown"
	var u unix.Utsname
	if err := unix.Uname(&u); err == nil {
		kernel = "Linux " + unix.ByteSliceToString(u.Release[:])
	}
	return fmt.Sprintf("cidrx on %d of %d cores (%s), %.0f GB, %s, %s %s", min(Cores, runtime.NumCPU()), runtime.NumCPU(), processor(), memory(), kernel,
		runtime.Version(), runtime.GOARCH)
}

// processor is the model name of the first core.
func processor() string { return firstField("/proc/cpuinfo", "model name") }

// memory is the size of the main memory in 10⁹ bytes.
func memory() float64 {
	var kilobytes float64
	fmt.Sscan(firstField("/proc/meminfo", "MemTotal"), &kilobytes)
	return kilobytes * 1024 / 1e9
}

// firstField is the value of the first line "name : value" of a file in /proc.
func firstField(path, name string) string {
	f, err := os.Open(path)
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		if strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// LoadAverage is how many threads wanted a core in the last minute.
func LoadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	load, _, _ := strings.Cut(string(text), " ")
	return load
}

// OnCores runs f on a thread that may use only the first cores; processes that f starts inherit that, and Go programs among them size
// themselves by it. The caller has bound itself to the thread.
func OnCores(f func() error) error { return OnFirst(Cores, f) }

// OnFirst is OnCores for any number of them.
func OnFirst(n int, f func() error) error {
	var before, some unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("sched_getaffinity: %w", err)
	}
	for cpu := 0; some.Count() < min(n, before.Count()); cpu++ {
		if before.IsSet(cpu) {
			some.Set(cpu)
		}
	}
	if err := unix.SchedSetaffinity(0, &some); err != nil {
		return fmt.Errorf("sched_setaffinity: %w", err)
	}
	defer unix.SchedSetaffinity(0, &before) // it was allowed before
	return f()
}
