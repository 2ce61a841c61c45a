package bench

import (
	"os"
	"strings"
	"testing"
	"time"
)

const idleFor = 30 * time.Second

// BenchmarkIdle measures the agent as the package installs it, told to enforce, on a host where nothing happens.
func BenchmarkIdle(b *testing.B) {
	installed, err := os.ReadFile("../../../configs/cidrx.toml")
	must(b, err)
	for b.Loop() {
		h := newHost(b, string(installed))
		h.file("conf.d/bench.toml", strings.ReplaceAll(`
[agent]
mode     = "enforce"
stateDir = "DIR/state"
socket   = "DIR/c.sock"
[source.web]
paths = ["DIR/*access.log"]
[source.ssh]
journal = []
paths = ["DIR/auth.log", "DIR/secure"]
`, "DIR", h.Path(".")))
		h.file("auth.log", "")
		h.start()
		before := h.usage()
		start := time.Now()
		time.Sleep(idleFor)
		after := h.usage()
		share := 100 * float64(after.CPU-before.CPU) / float64(time.Since(start))
		results.add("idle: resident memory", "≤ 25 MB", "%.1f MB, peak %.1f", after.RSS, after.Peak)
		results.add("idle: CPU", "≤ 0.2 % of a core", "%.3f %% of a core over %v", share, idleFor)
		b.ReportMetric(share, "%cpu")
	}
}
