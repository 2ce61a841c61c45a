package report_test

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"cidrx/detect/cidr"
	"cidrx/detect/report"
)

func TestPercentNeverHidesAnything(t *testing.T) {
	for part, want := range map[float64]string{0: "0 %", 0.00001: "< 0.1 %", 0.001: "0.1 %", 0.2439: "24.4 %", 0.9996: "> 99.9 %", 1: "100 %", -1: "0 %", math.Inf(1): "100 %"} {
		if got := strings.ReplaceAll(report.Percent(part), "\u00a0", " "); got != want {
			t.Errorf("%g is written %q, want %q", part, got, want)
		}
	}
	if got := report.Percent(math.NaN()); got != "0\u00a0%" {
		t.Errorf("a share of nothing is written %q", got)
	}
}

func TestShownIsCutVisibly(t *testing.T) {
	for text, want := range map[string]string{
		"short":                    "short",
		"exactly ten":              "exactly te … and 1 byte more",
		"漢字漢字漢字":                   "漢字漢 … and 9 bytes more",
		"\u202e\x00":               `\u202e\x00`,
		strings.Repeat("\x80", 12): strings.Repeat(`\x80`, 6) + " … and 6 bytes more",
	} {
		got := report.Shown(text, 10)
		if got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
		if !utf8.ValidString(got) {
			t.Errorf("%q is shown as %q: no UTF-8", text, got)
		}
	}
}

func TestTicks(t *testing.T) {
	at := func(s string) time.Time { v, _ := time.Parse("2006-01-02 15:04:05", s); return v }
	for name, c := range map[string]struct {
		from, to string
		want     []string
	}{
		"seconds": {"2026-03-02 10:00:00", "2026-03-02 10:00:20", []string{"10:00:05", "10:00:10", "10:00:15"}},
		"hours":   {"2026-03-01 20:10:00", "2026-03-02 03:00:00", []string{"21:00", "22:00", "23:00", "2 Mar", "01:00", "02:00"}},
		"days":    {"2026-02-27 05:00:00", "2026-03-04 05:00:00", []string{"28 Feb", "1 Mar", "2 Mar", "3 Mar", "4 Mar"}},
		"months":  {"2025-11-15 00:00:00", "2026-04-20 00:00:00", []string{"Dec 2025", "Jan 2026", "Feb 2026", "Mar 2026", "Apr 2026"}},
		"years":   {"2001-02-01 00:00:00", "2006-06-01 00:00:00", []string{"2002", "2003", "2004", "2005", "2006"}},
	} {
		if diff := cmp.Diff(c.want, report.Ticks(at(c.from), at(c.to))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestTicksOfAnySpan: there are never too many, and it ends.
func TestTicksOfAnySpan(t *testing.T) {
	for span := time.Second; span > 0 && span < 250*365*24*time.Hour; span = span*3/2 + time.Second {
		for _, from := range []time.Time{pageStart, {}, pageStart.Add(-span / 3)} {
			if got := report.Ticks(from, from.Add(span)); len(got) > 10 {
				t.Errorf("%v from %v has %d marks", span, from, len(got))
			}
		}
	}
}

func TestRoundStep(t *testing.T) {
	for _, top := range []uint64{0, 1, 3, 7, 99, 100, 101, 4413, 1 << 40, math.MaxUint64} {
		step := report.RoundStep(top)
		if lines := top / step; lines > 5 && top < math.MaxUint64 || top >= 10 && lines < 1 {
			t.Errorf("%d is ruled by %d: %d lines", top, step, lines)
		}
	}
}

func TestSilhouetteShowsTheLeast(t *testing.T) {
	if got, want := report.Silhouette([]uint64{0, 1, 1000, 1000, 0}, 1000, 200), "M0 200V200H1V198H2V0H4V200H5V200z"; got != want {
		t.Errorf("drawn as %s, want %s", got, want)
	}
	if got := report.Silhouette(nil, 0, 200); got != "" {
		t.Errorf("nothing is drawn as %s", got)
	}
}

// TestPlotsCountNothingTwice compares with a look at every range for every piece.
func TestPlotsCountNothingTwice(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 300 {
		r := nested(rng)
		var all []netip.Prefix
		for _, s := range r.Sections {
			for _, tier := range s.Tiers {
				for _, g := range tier.Detected {
					all = append(all, g.Prefix)
				}
			}
		}
		want := map[netip.Prefix]uint64{}
		for _, p := range cidr.Merge(all) {
			for i := range r.Sections {
				want[p] = max(want[p], inside(&r.Sections[i], p))
			}
		}
		if diff := cmp.Diff(want, report.Plots(r), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
			t.Fatalf("plots (-want +got):\n%s", diff)
		}
	}
}

// inside sums the ranges of a section in p that lie in no other.
func inside(s *report.Section, p netip.Prefix) (sum uint64) {
	outer := map[netip.Prefix]uint64{}
	for _, tier := range s.Tiers {
		for _, g := range tier.Detected {
			outer[g.Prefix] = g.Requests
		}
	}
	for a, n := range outer {
		within := false
		for b := range outer {
			within = within || a != b && b.Bits() < a.Bits() && b.Overlaps(a)
		}
		if !within && p.Overlaps(a) {
			sum += n
		}
	}
	return sum
}

// nested returns sections whose tiers found prefixes in a small space, disjoint within a tier; the requests of a prefix depend on the
// section alone, as in a real report.
func nested(rng *rand.Rand) *report.Report {
	r := &report.Report{}
	for range 1 + rng.IntN(3) {
		s, seed := report.Section{}, rng.Uint64()
		for range 1 + rng.IntN(3) {
			var found []netip.Prefix
			for range rng.IntN(8) {
				bits := 24 + rng.IntN(9)
				found = append(found, netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(rng.IntN(256))}), bits))
			}
			tier := report.Tier{}
			for _, p := range cidr.Merge(found) {
				tier.Detected = append(tier.Detected, report.Range{Prefix: p, Requests: 1 + (seed^uint64(p.Addr().As4()[3])*uint64(p.Bits())*7919)%1000})
			}
			s.Tiers = append(s.Tiers, tier)
		}
		r.Sections = append(r.Sections, s)
	}
	return r
}
