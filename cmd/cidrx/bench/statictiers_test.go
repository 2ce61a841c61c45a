package bench

import (
	"context"
	"io"
	"testing"
	"time"

	"cidrx/cmd/internal/rig"
	"cidrx/detect/cidr"
	"cidrx/detect/static"
	"cidrx/detect/static/logtest"
)

// staticCaddy measures how many JSON lines one core reads, counts and reports.
func staticCaddy(b *testing.B, log string) {
	b.Helper()
	var run runs
	for range staticRounds {
		m, out := measure(b, 1, append([]string{cidrx(), "static", "--compact", "--logFormat", "caddy", "--logfile", log}, threeTiers...)...)
		(&staticCase{name: "caddy", log: caddyLog, whole: true}).check(b, out)
		run = append(run, m)
	}
	rate := func(at time.Duration) float64 { return float64(caddyLog.Lines) / at.Seconds() }
	median := rate(run.wall().Median())
	results.hold("static: JSON lines of Caddy, 1 core", "≥ 400,000 lines/s", median >= 400_000, "%.0f lines/s (min %.0f, max %.0f of %d), peak %.0f MiB",
		median, rate(run.wall().At(1)), rate(run.wall().At(0)), len(run), run.peak())
	b.ReportMetric(median, "lines/s")
}

// tryRounds is how often a tier is asked.
const tryRounds = 101

// staticTiers measures a tier over what is counted already, in this process.
func staticTiers(b *testing.B) {
	b.Helper()
	o := logtest.Options{Lines: 2_000_000, Addresses: 500_000, Seed: 5}
	counted, err := static.Analyze(context.Background(), static.Options{
		Sections: []static.Section{{Name: "all"}}, Format: "combined", Clock: time.Now,
	}, []static.Log{{Name: "generated", Open: func() (io.ReadCloser, error) { return stream(logtest.New(o)), nil }}})
	must(b, err)
	if counted.Report.Hosts != o.Addresses {
		b.Fatalf("%d hosts counted, want %d", counted.Report.Hosts, o.Addresses)
	}
	tier := cidr.Tier{MinSize: 1000, MinDepth: 24, MaxDepth: 32, Threshold: 100_000, MaxCollateral: cidr.NoCollateralLimit}
	usual, withMisses := asked(b, counted, tier, 0)
	holdMillisecond("tier 1000,24,32,0.1 over 500,000 addresses", usual)
	results.add("static: the same with why it found nothing", "", "%s", withMisses.Micro())
	b.ReportMetric(float64(usual.Median().Nanoseconds())/1000, "µs/tier")
	tier.Threshold, tier.Balance = 100_000, true // any prefix with 1,000 requests: far more to walk
	usual, _ = asked(b, counted, tier, 1)
	holdMillisecond("the same in balance mode", usual)
}

func holdMillisecond(figure string, times rig.Spread) {
	results.hold("static: "+figure, "≤ 1 ms", times.Median() <= time.Millisecond, "%s", times.Micro())
}

// asked is how long a tier takes that finds at least so many ranges: as reported, and until the answer is there.
func asked(b *testing.B, counted *static.Analysis, tier cidr.Tier, least int) (reported, all rig.Spread) {
	b.Helper()
	for range tryRounds {
		start := time.Now()
		found := counted.Try(0, tier)
		reported, all = append(reported, found.Took), append(all, time.Since(start))
		if len(found.Detected) < least {
			b.Fatalf("found %d ranges, want at least %d", len(found.Detected), least)
		}
	}
	return reported, all
}

// stream is a log that is read while it is made.
func stream(log *logtest.Log) io.ReadCloser {
	r, w := io.Pipe()
	go func() {
		_, err := log.WriteTo(w)
		w.CloseWithError(err)
	}()
	return r
}
