package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cidrx/detect/static/logtest"
)

// staticRounds is how often each case runs, each time right after wc on the same file.
const staticRounds = 7

// The logs of the cases.
var (
	smallLog = logtest.Options{Lines: 1_000_000, Addresses: 200_000, Seed: 1}
	longLog  = logtest.Options{Lines: 5_000_000, Addresses: 200_000, Seed: 2}
	wideLog  = logtest.Options{Lines: 5_000_000, Addresses: 1_000_000, Seed: 3}
	caddyLog = logtest.Options{Lines: 500_000, Addresses: 50_000, Seed: 4, Format: logtest.Caddy}
)

// threeTiers find single hosts, small networks and large ones in these logs.
var threeTiers = []string{"--clusterArgSets", "500,28,32,0.002", "--clusterArgSets", "2000,20,28,0.005", "--clusterArgSets", "10000,16,24,0.02"}

const (
	agentsWithLiterals    = `(?i)nikto|sqlmap|wpscan|nuclei|zgrab|masscan|gobuster`
	endpointsWithLiterals = `^/api/v[12]/.*|/wp-login\.php|/\.env`
)

// staticCase is a run of cidrx static that may take only so many times as long as wc -l.
type staticCase struct {
	name, figure string
	log          logtest.Options
	args         []string
	config       string // in place of the arguments; LOG in it stands for the log
	most         float64
	peak         float64 // MiB; 0: not promised
	whole        bool    // one section has no filter: it has to count every line and every host
}

var staticCases = []staticCase{
	{name: "small", figure: "three tiers, no filter, 200,000 addresses, 1 million lines", log: smallLog, args: threeTiers, most: 3, whole: true},
	{name: "long", figure: "the same, 5 million lines", log: longLog, args: threeTiers, most: 3, whole: true},
	{name: "agents", figure: "user agent expression, three tiers", log: longLog, most: 3,
		args: append([]string{"--useragentRegex", agentsWithLiterals}, threeTiers...)},
	{name: "endpoints", figure: "endpoint expression, three tiers", log: longLog, most: 3,
		args: append([]string{"--endpointRegex", endpointsWithLiterals}, threeTiers...)},
	{name: "both", figure: "both expressions, three tiers", log: longLog, most: 3,
		args: append([]string{"--useragentRegex", agentsWithLiterals, "--endpointRegex", endpointsWithLiterals}, threeTiers...)},
	{name: "sections", figure: "five sections in one pass", log: longLog, config: fiveSections, most: 6, whole: true},
	{name: "wide", figure: "three tiers, no filter, 1 million addresses, 5 million lines", log: wideLog, args: threeTiers, most: 4, peak: 96, whole: true},
}

// fiveSections have one without a filter among them.
const fiveSections = `
[static]
logFile = "LOG"
[static.audit]
clusterArgSets = [[100, 28, 32, 0.05], [1000, 24, 28, 0.1], [5000, 20, 24, 0.02], [10000, 16, 20, 0.03]]
useForJail     = [false, false, false, false]
[static.api_protection]
endpointRegex  = "/api/.*"
clusterArgSets = [[100, 30, 32, 0.002], [500, 28, 30, 0.005]]
useForJail     = [true, true]
[static.scanners]
useragentRegex = ".*scanner.*|.*nikto.*|.*sqlmap.*"
clusterArgSets = [[50, 30, 32, 0.01]]
useForJail     = [true]
[static.morning]
startTime      = "2026-03-14T06:00:00Z"
endTime        = "2026-03-14T11:59:59Z"
clusterArgSets = [[1000, 24, 32, 0.01], [5000, 16, 24, 0.02]]
useForJail     = [true, true]
[static.probes]
useragentRegex = "python-requests|Go-http-client|curl/"
endpointRegex  = '/wp-login\.php|/xmlrpc\.php|/\.env|/\.git/'
clusterArgSets = [[100, 24, 32, 0.05]]
useForJail     = [true]
`

// BenchmarkStatic measures cidrx static against wc -l on the same log in the page cache, one after the other again and again.
func BenchmarkStatic(b *testing.B) {
	logs := staticLogs{b: b, dir: b.TempDir(), made: map[logtest.Options]string{}}
	for i := range staticCases {
		c := &staticCases[i]
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				c.run(b, logs.path(c.log))
			}
		})
	}
	b.Run("caddy", func(b *testing.B) {
		for b.Loop() {
			staticCaddy(b, logs.path(caddyLog))
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
		wc, _ := measure(b, cores, "wc", "-l", log)
		m, out := measure(b, cores, args...)
		base, run = append(base, wc), append(run, m)
		c.check(b, out)
	}
	times := run.over(base)
	results.hold("static: "+c.figure, fmt.Sprintf("≤ %g x wc -l", c.most), times.median <= c.most, "%s: %s of %s; CPU %s of %s; peak %.0f MiB",
		times, short(run.wall().median()), short(base.wall().median()), short(run.cpu().median()), short(base.cpu().median()), run.peak())
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

// staticReport is what is looked at of a report.
type staticReport struct {
	General struct {
		Requests int `json:"total_requests"`
		Hosts    int `json:"unique_ips"`
	} `json:"general"`
	Tries []struct {
		Stats struct {
			Requests int `json:"total_requests_after_filtering"`
		} `json:"stats"`
		Data []struct {
			Ranges []struct {
				Prefix string `json:"cidr"`
			} `json:"detected_ranges"`
		} `json:"data"`
	} `json:"tries"`
}

// check makes sure that what was measured was the work, and all of it.
func (c *staticCase) check(b *testing.B, out []byte) {
	b.Helper()
	var r staticReport
	must(b, json.Unmarshal(out, &r))
	if r.General.Requests != c.log.Lines || len(r.Tries) == 0 {
		b.Fatalf("%s: read %d of %d lines, %d sections", c.name, r.General.Requests, c.log.Lines, len(r.Tries))
	}
	most := 0
	for i := range r.Tries {
		most = max(most, r.Tries[i].Stats.Requests)
		found := 0
		for _, d := range r.Tries[i].Data {
			found += len(d.Ranges)
		}
		if found == 0 {
			b.Fatalf("%s: section %d found nothing in %d requests", c.name, i, r.Tries[i].Stats.Requests)
		}
	}
	if c.whole && (r.General.Hosts != c.log.Addresses || most != c.log.Lines) {
		b.Fatalf("%s: %d hosts with %d requests, want %d with %d", c.name, r.General.Hosts, most, c.log.Addresses, c.log.Lines)
	}
}

// staticLogs makes logs when they are first asked for.
type staticLogs struct {
	b    *testing.B
	dir  string
	made map[logtest.Options]string
}

// path is where a log is: on the disk, so that nothing is written while something is measured, and in the page cache.
func (s *staticLogs) path(o logtest.Options) string {
	s.b.Helper()
	if s.made[o] == "" {
		path := filepath.Join(s.dir, fmt.Sprintf("access-%d.log", len(s.made)))
		f, err := os.Create(path)
		must(s.b, err)
		_, err = logtest.New(o).WriteTo(f)
		must(s.b, err)
		must(s.b, f.Sync())
		must(s.b, f.Close())
		s.made[o] = path
	}
	return s.made[o]
}

// runs are runs of the same command.
type runs []measured

func (r runs) wall() (s spread) {
	for _, m := range r {
		s = append(s, m.Wall)
	}
	return s
}

func (r runs) cpu() (s spread) {
	for _, m := range r {
		s = append(s, m.CPU)
	}
	return s
}

// peak is the most memory that any run had, MiB.
func (r runs) peak() float64 {
	most := slices.MaxFunc(r, func(a, b measured) int { return int(a.Peak - b.Peak) })
	return float64(most.Peak) / (1 << 20)
}

// over compares each run with the one of base right before it.
func (r runs) over(base runs) ratios {
	all := make([]float64, len(r))
	for i := range r {
		all[i] = float64(r[i].Wall) / float64(base[i].Wall)
	}
	slices.Sort(all)
	return ratios{median: float64(r.wall().median()) / float64(base.wall().median()), least: all[0], most: all[len(all)-1], n: len(all)}
}

// ratios are how many times as long something took as something else: that of the medians, and the least and most of neighbours in time.
type ratios struct {
	median, least, most float64
	n                   int
}

func (t ratios) String() string {
	return fmt.Sprintf("%.2f x (min %.2f, max %.2f of %d)", t.median, t.least, t.most, t.n)
}
