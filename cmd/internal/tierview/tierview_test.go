package tierview_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"cidrx/agent"
	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/cmd/internal/tierview"
	"cidrx/detect"
	"cidrx/detect/cidr"
)

func TestDecides(t *testing.T) {
	tests := []struct {
		name  string
		tier  cidr.Tier
		total uint64
		want  string
	}{
		{"minSize", cidr.Tier{MinSize: 100, Threshold: 100_000}, 500, "minSize"},
		{"share", cidr.Tier{MinSize: 100, Threshold: 100_000}, 5000, "threshold"},
		{"both the same", cidr.Tier{MinSize: 100, Threshold: 100_000}, 1000, "minSize"},
		{"enough alone", cidr.Tier{MinSize: 100, Threshold: 100_000, SizeAlone: 400}, 5000, "sizeAlone"},
		{"alone would be more", cidr.Tier{MinSize: 100, Threshold: 100_000, SizeAlone: 900}, 5000, "threshold"},
		{"balance", cidr.Tier{MinSize: 100, Threshold: 100_000, Balance: true}, 5000, "minSize"},
		{"nothing asked", cidr.Tier{}, 5, "minSize"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tierview.Decides(tt.tier, tt.total); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// settings has a strategy for each kind of condition. No tier bans, and all look as wide.
const settings = `
[source.web]
paths  = ["/x"]
format = "combined"
[live.few]
window         = "20s"
clusterArgSets = [[6, 24, 32, 0.0]]
useForJail     = [false]
[live.share]
window         = "60s"
clusterArgSets = [[3, 24, 30, 0.3]]
useForJail     = [false]
[live.denied]
statuses = ["403"]
window   = "30s"
[[live.denied.tier]]
minSize       = 4
minDepth      = 24
maxDepth      = 31
threshold     = 0.0
maxCollateral = 0.3
jail          = false
`

// randomLog has requests of two networks in order of time.
func randomLog(r *rand.Rand, n int) (text string, hosts []netip.Addr) {
	var b strings.Builder
	at := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
	seen := map[netip.Addr]bool{}
	for range n {
		at = at.Add(time.Duration(r.IntN(3)) * time.Second)
		host := netip.AddrFrom4([4]byte{203, 0, byte(113 + r.IntN(2)), byte(r.IntN(12))})
		fmt.Fprintf(&b, "%s - - [%s] \"GET / HTTP/1.1\" %d 1 \"-\" \"x\"\n", host, at.Format("02/Jan/2006:15:04:05 -0700"), []int{200, 403}[r.IntN(2)])
		if !seen[host] {
			seen[host] = true
			hosts = append(hosts, host)
		}
	}
	return b.String(), hosts
}

func replayed(t *testing.T, cfg *config.Config, log string, look agent.Onlooker) *agent.ReplaySummary {
	t.Helper()
	in := []agent.ReplayInput{{Name: "log", Reader: bytes.NewReader([]byte(log)), Source: cfg.Sources[0]}}
	sum, err := agent.ReplayWatched(t.Context(), cfg, in, look, func(control.Event) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// TestApproachAgreesWithTheReplay: an address came as close as to be reported where a verdict was raised on a prefix that holds it, and
// nowhere else.
func TestApproachAgreesWithTheReplay(t *testing.T) {
	cfg, _, err := config.Parse("test.toml", []byte(settings), config.Inputs{})
	if err != nil {
		t.Fatal(err)
	}
	reported := 0
	for seed := range uint64(12) {
		log, hosts := randomLog(rand.New(rand.NewPCG(seed, 1)), 150)
		for _, host := range hosts {
			look := tierview.NewApproach(host, cfg.Live)
			sum := replayed(t, cfg, log, look)
			for i, s := range cfg.Live {
				want := raised(sum, host, tierview.Reason(s.Name, 0, s.Tiers[0]))
				closest := look.Tiers[i][0].Closest
				if got := closest != nil && closest.Reported; got != want {
					t.Fatalf("seed %d, %s, %s: reported %v, a verdict was raised: %v; closest %+v", seed, host, s.Name, got, want, closest)
				}
				if want {
					reported++
				}
			}
			if want := uint64(strings.Count(log, host.String()+" ")); look.Requests != want {
				t.Fatalf("seed %d, %s: %d requests, want %d", seed, host, look.Requests, want)
			}
		}
	}
	if reported < 100 {
		t.Errorf("only %d were reported: the test says little", reported)
	}
}

func raised(sum *agent.ReplaySummary, host netip.Addr, reason string) bool {
	for _, r := range sum.Reported {
		if r.Reason == reason && r.Prefix.Contains(host) {
			return true
		}
	}
	return false
}

// TestMissing looks at one address when the log is over.
func TestMissing(t *testing.T) {
	line := func(sec int, host string, status int) string {
		return fmt.Sprintf("%s - - [01/May/2026:10:00:%02d +0000] \"GET / HTTP/1.1\" %d 1 \"-\" \"x\"\n", host, sec, status)
	}
	log := line(0, "203.0.113.0", 403) + line(1, "203.0.113.0", 403) + line(2, "203.0.113.1", 403) + line(2, "203.0.113.1", 403) + line(3, "203.0.113.2", 200) + line(3, "203.0.113.3", 200)
	cfg, _, err := config.Parse("test.toml", []byte(strings.Replace(settings, "maxDepth      = 31", "maxDepth      = 30", 1)), config.Inputs{})
	if err != nil {
		t.Fatal(err)
	}
	look := tierview.NewApproach(netip.MustParseAddr("203.0.113.0"), cfg.Live)
	replayed(t, cfg, log, look)
	for i, want := range []string{
		"203.0.113.0/30: 4 of 4 requests, 2 of 2 hosts, 100.0 % of 4: missing 1 host too many that do nothing like it (maxCollateral)",
		"203.0.113.0/30: 6 of 6 requests, 4 of 2 hosts, 100.0 % of 6: reported",
		"203.0.113.0/30: 6 of 3 requests, 4 of 2 hosts, 100.0 % of 6: reported",
	} {
		end := look.Tiers[i][0].End
		if got := fmt.Sprintf("%s: %s", end.Prefix, end.Words()); got != want {
			t.Errorf("strategy %d:\n got %s\nwant %s", i, got, want)
		}
	}
}

// TestMeasure holds its figures against sums over the log by hand.
func TestMeasure(t *testing.T) {
	cfg, _, err := config.Parse("test.toml", []byte(settings), config.Inputs{})
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(8) {
		log, _ := randomLog(rand.New(rand.NewPCG(seed, 2)), 400)
		look, err := tierview.NewMeasure(cfg.Live)
		if err != nil {
			t.Fatal(err)
		}
		replayed(t, cfg, log, look)
		if look.Requests != 400 {
			t.Errorf("%d requests", look.Requests)
		}
		for i, s := range cfg.Live {
			busiest, passed := slowBusiest(log, s)
			if got := look.Strategies[i]; got.Busiest != busiest || got.Passed != passed || got.Typical() > busiest || got.Typical() == 0 {
				t.Errorf("seed %d, %s: busiest %d, passed %d, typical %d; want %d, %d", seed, s.Name, got.Busiest, got.Passed, got.Typical(), busiest, passed)
			}
		}
		all, ordinary := look.Share(cidr.Nets(netip.MustParsePrefix("203.0.112.0/22")))
		if all != 1 || ordinary != 0 {
			t.Errorf("everything is %g of all and %g of the ordinary requests", all, ordinary)
		}
	}
}

// slowBusiest counts the requests of each window anew.
func slowBusiest(log string, s detect.Strategy) (busiest, passed uint64) {
	var at []time.Time
	for line := range strings.Lines(log) {
		if s.Name == "denied" && !strings.Contains(line, "\" 403 ") {
			continue
		}
		_, rest, _ := strings.Cut(line, "[")
		stamp, _, _ := strings.Cut(rest, "]")
		when, err := time.Parse("02/Jan/2006:15:04:05 -0700", stamp)
		if err != nil {
			panic(err)
		}
		at = append(at, when)
	}
	for _, end := range at {
		n := uint64(0)
		for _, x := range at {
			if !x.After(end) && end.Sub(x) < s.Window {
				n++
			}
		}
		busiest = max(busiest, n)
	}
	return busiest, uint64(len(at))
}
