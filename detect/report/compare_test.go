package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cidrx/detect/cidr"
	"cidrx/detect/report"
)

// sectionWith makes a section whose tiers found what is listed: "192.0.2.0/24 requests hosts".
func sectionWith(name string, tiers ...[]string) report.Section {
	s := report.Section{Name: name}
	for _, list := range tiers {
		var t report.Tier
		for _, text := range list {
			var r report.Range
			var prefix string
			fmt.Sscan(text, &prefix, &r.Requests, &r.Hosts)
			r.Prefix = netip.MustParsePrefix(prefix)
			t.Detected = append(t.Detected, r)
		}
		slices.SortFunc(t.Detected, func(a, b report.Range) int { return cidr.Compare(a.Prefix, b.Prefix) })
		s.Tiers = append(s.Tiers, t)
	}
	return s
}

func twoReports() (a, b *report.Report) {
	a = &report.Report{Requests: 100_000, Sections: []report.Section{
		sectionWith("loud", []string{"192.0.2.7/32 5000 1", "198.51.100.9/32 700 1", "2001:db8:0:1::/64 900 1"}, []string{"192.0.2.0/24 9000 200"}),
		sectionWith("api", []string{"203.0.113.0/25 1200 80"}),
	}}
	b = &report.Report{Requests: 100_000, Sections: []report.Section{
		sectionWith("all", []string{"192.0.2.0/25 7000 120", "203.0.113.0/24 2500 150"}, []string{"198.51.100.9/32 700 1", "2001:db8::/48 2200 3"}),
	}}
	return a, b
}

// The counts are those of the sections that found a range, the highest of them. What another section counts there says nothing.
func TestCompareCountsWhatFound(t *testing.T) {
	a, b := twoReports()
	ask := func(counts ...uint64) func(int, netip.Prefix) (uint64, int) {
		return func(section int, p netip.Prefix) (uint64, int) { return counts[section] + uint64(p.Bits()), section }
	}
	c := report.Compare(
		report.Found{Name: "a", Report: a, Count: ask(1000, 9000)},
		report.Found{Name: "b", Report: b, Count: ask(5000)},
	)
	got := map[string]uint64{}
	for _, list := range [][]report.Compared{c.OnlyA, c.Both} {
		for _, r := range list {
			got[r.Prefix.String()] = r.Requests
		}
	}
	want := map[string]uint64{
		"192.0.2.128/25": 1000 + 25, // the first section of A alone
		"192.0.2.0/25":   5000 + 25, "198.51.100.9/32": 5000 + 32, "2001:db8:0:1::/64": 5000 + 64,
		"203.0.113.0/25": 9000 + 25, // the second of A, and B
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// counted makes up counts: a section counts what its tiers found, in each prefix as much of it as of its addresses.
func counted(r *report.Report, name string) report.Found {
	return report.Found{Name: name, Report: r, Count: func(section int, p netip.Prefix) (requests uint64, hosts int) {
		for _, t := range r.Sections[section].Tiers {
			for _, d := range t.Detected {
				if !d.Prefix.Overlaps(p) {
					continue
				}
				part := max(p.Bits()-d.Prefix.Bits(), 0)
				requests, hosts = max(requests, d.Requests>>part), max(hosts, d.Hosts>>part)
			}
		}
		return requests, hosts
	}}
}

func TestCompareReadsAsText(t *testing.T) {
	a, b := twoReports()
	var out bytes.Buffer
	if err := report.PlainComparison(&out, report.Compare(counted(a, "loose.toml"), counted(b, "strict\x1b[31m.toml"))); err != nil {
		t.Fatal(err)
	}
	want := `cidrx: what loose.toml (A) and strict\x1b[31m.toml (B) find
================================================================================
A               loose.toml: 4 ranges, 385 IPv4 addresses, 1 IPv6 /64
B               strict\x1b[31m.toml: 4 ranges, 385 IPv4 addresses, 65,536 IPv6
                /64s
Both            4 ranges, 257 IPv4 addresses, 1 IPv6 /64
Only A          1 range, 128 addresses
Only B          17 ranges, 128 IPv4 addresses, 65,535 IPv6 /64s

Only A finds
--------------------------------------------------------------------------------
  192.0.2.128/25  4,500 requests  100 hosts
      A: loud set 2 as 192.0.2.0/24
`
	if !strings.HasPrefix(out.String(), want) {
		t.Errorf("(-want +got):\n%s", cmp.Diff(want, out.String()))
	}
	want = `  2001:db8:0:8000::/49  1,100 requests  1 host
      B: all set 2 as 2001:db8::/48
  and 5 pieces of wider ranges with no requests: 31 IPv6 /64s

Both find
--------------------------------------------------------------------------------
  192.0.2.0/25       7,000 requests  120 hosts
      A: loud set 1 as 192.0.2.7/32, loud set 2 as 192.0.2.0/24
      B: all set 1 as 192.0.2.0/25
  198.51.100.9/32      700 requests  1 host
      A: loud set 1 as 198.51.100.9/32
      B: all set 2 as 198.51.100.9/32
  203.0.113.0/25     1,250 requests  75 hosts
      A: api set 1 as 203.0.113.0/25
      B: all set 1 as 203.0.113.0/24
  2001:db8:0:1::/64    900 requests  1 host
      A: loud set 1 as 2001:db8:0:1::/64
      B: all set 2 as 2001:db8::/48
`
	if !strings.HasSuffix(out.String(), want) {
		t.Errorf("(-want +got):\n%s", cmp.Diff(want, out.String()))
	}
	for _, line := range strings.Split(out.String(), "\n") {
		if len(line) > 80 {
			t.Errorf("over 80 columns: %q", line)
		}
	}
}

func TestCompareAsJSON(t *testing.T) {
	a, b := twoReports()
	a.Sections, b.Sections = a.Sections[1:], b.Sections[:0]
	var out bytes.Buffer
	if err := report.JSONComparison(&out, report.Compare(counted(a, "a"), counted(b, "b"))); err != nil {
		t.Fatal(err)
	}
	want := `{
  "a": {
    "name": "a",
    "total_requests": 100000,
    "ranges": 1,
    "ipv4_addresses": 128,
    "ipv6_64s": 0
  },
  "b": {
    "name": "b",
    "total_requests": 100000,
    "ranges": 0,
    "ipv4_addresses": 0,
    "ipv6_64s": 0
  },
  "only_a": [
    {
      "cidr": "203.0.113.0/25",
      "requests": 1200,
      "hosts": 80,
      "found_by_a": [
        {
          "section": "api",
          "set": 1,
          "cidr": "203.0.113.0/25",
          "pieces": 1
        }
      ],
      "found_by_b": []
    }
  ],
  "only_b": [],
  "both": []
}
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !json.Valid(out.Bytes()) {
		t.Error("not JSON")
	}
}

// The twin looks at every address of a /24 by itself.
func TestCompareAddressByAddress(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		a, b := randomReport(rng), randomReport(rng)
		c := report.Compare(counted(a, "a"), counted(b, "b"))
		for last := range 256 {
			addr := netip.AddrFrom4([4]byte{192, 0, 2, byte(last)})
			inA, inB := finds(a, addr), finds(b, addr)
			want := map[string]bool{"a": inA && !inB, "b": inB && !inA, "both": inA && inB}
			got := map[string]bool{"a": lists(c.OnlyA, addr), "b": lists(c.OnlyB, addr), "both": lists(c.Both, addr)}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d, %s (-want +got):\n%s", seed, addr, diff)
			}
		}
		checkFinders(t, a, c)
	}
}

// checkFinders compares the finders of A with a look at every range of every tier.
func checkFinders(t *testing.T, a *report.Report, c *report.Comparison) {
	t.Helper()
	for _, list := range [][]report.Compared{c.OnlyA, c.OnlyB, c.Both} {
		for _, r := range list {
			want := []report.Finder{}
			for i, tier := range a.Sections[0].Tiers {
				f := report.Finder{Section: a.Sections[0].Name, Tier: i + 1}
				for _, d := range tier.Detected {
					if d.Prefix.Overlaps(r.Prefix) {
						if f.Pieces++; f.Pieces == 1 {
							f.Prefix = d.Prefix
						}
					}
				}
				if f.Pieces > 0 {
					want = append(want, f)
				}
			}
			if diff := cmp.Diff(want, r.A, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", r.Prefix, diff)
			}
		}
	}
}

// randomReport has two tiers with disjoint ranges in 192.0.2.0/24.
func randomReport(rng *rand.Rand) *report.Report {
	var tiers [][]string
	for range 2 {
		var list []string
		var taken []netip.Prefix
		for range rng.IntN(6) {
			p := netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(rng.IntN(256))}), 25+rng.IntN(8)).Masked()
			if !slices.ContainsFunc(taken, p.Overlaps) {
				taken = append(taken, p)
				list = append(list, p.String()+" 10 1")
			}
		}
		tiers = append(tiers, list)
	}
	return &report.Report{Sections: []report.Section{sectionWith("s", tiers...)}}
}

func finds(r *report.Report, a netip.Addr) bool {
	for _, tier := range r.Sections[0].Tiers {
		for _, d := range tier.Detected {
			if d.Prefix.Contains(a) {
				return true
			}
		}
	}
	return false
}

func lists(list []report.Compared, a netip.Addr) bool {
	return slices.ContainsFunc(list, func(c report.Compared) bool { return c.Prefix.Contains(a) })
}
