package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cidrx/cmd/internal/rig"
	"cidrx/detect/static/logtest"
)

// staticRounds is how often each case runs, each time right after wc on the same file.
const staticRounds = 7

// BenchmarkStatic measures cidrx static against wc -l on the same log in the page cache, one after the other again and again.
func BenchmarkStatic(b *testing.B) {
	log := staticLog{b: b, path: filepath.Join(b.TempDir(), "access.log")}
	for i := range staticCases {
		c := &staticCases[i]
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				c.run(b, log.of(c.log))
			}
		})
	}
	b.Run("caddy", func(b *testing.B) {
		for b.Loop() {
			staticCaddy(b, log.of(caddyLog))
		}
	})
	b.Run("tiers", func(b *testing.B) {
		for b.Loop() {
			staticTiers(b)
		}
	})
}

func (c *staticCase) run(b *testing.B, log string) {
	b.Helper()
	args := append([]string{cidrx(), "static", "--compact"}, c.args...)
	if c.config == "" {
		args = append(args, "--logfile", log)
	} else {
		args = append(args, "--config", c.write(b, log))
	}
	var base, run runs
	for range staticRounds {
		wc, _ := measure(b, rig.Cores, "wc", "-l", log)
		m, out := measure(b, rig.Cores, args...)
		base, run = append(base, wc), append(run, m)
		c.check(b, out)
	}
	times := run.over(base)
	results.hold("static: "+c.figure, fmt.Sprintf("≤ %g x wc -l", c.most), times.median <= c.most, "%s: %s of %s; CPU %s of %s; peak %.0f MiB",
		times, rig.Short(run.wall().Median()), rig.Short(base.wall().Median()), rig.Short(run.cpu().Median()), rig.Short(base.cpu().Median()), run.peak())
	if c.peak > 0 {
		results.hold("static: peak memory of that", fmt.Sprintf("≤ %g MiB", c.peak), run.peak() <= c.peak, "%.1f MiB", run.peak())
	}
	b.ReportMetric(times.median, "x/wc")
}

// write writes the configuration and returns its path.
func (c *staticCase) write(b *testing.B, log string) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "cidrx.toml")
	must(b, os.WriteFile(path, []byte(strings.ReplaceAll(c.config, "LOG", log)), 0o644))
	return path
}

// staticLog is the log of the case that runs: one at a time, so that it stays in the page cache of a small host.
type staticLog struct {
	b    *testing.B
	path string
	made logtest.Options
}

// of makes the log, unless the case before had the same, and returns where it is: on the disk, so that nothing is written while something
// is measured.
func (s *staticLog) of(o logtest.Options) string {
	s.b.Helper()
	if s.made == o {
		return s.path
	}
	f, err := os.Create(s.path)
	must(s.b, err)
	_, err = logtest.New(o).WriteTo(f)
	must(s.b, err)
	must(s.b, f.Sync())
	must(s.b, f.Close())
	s.made = o
	return s.path
}
