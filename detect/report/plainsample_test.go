package report_test

import (
	"math"
	"net/netip"
	"time"

	"cidrx/detect/cidr"
	"cidrx/detect/report"
)

var (
	noon   = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	berlin = time.FixedZone("", 3600)
)

// seenRange is a range of a section with 1,046,826 requests.
func seenRange(prefix string, requests uint64, hosts int) report.Range {
	return report.Range{
		Prefix: netip.MustParsePrefix(prefix), Requests: requests, Share: float64(requests) / 1_046_826, Hosts: hosts,
		First: noon, Last: noon.Add(time.Duration(requests) * time.Second).In(berlin),
	}
}

func plainTier(minSize uint64, minDepth, maxDepth int, threshold uint32) cidr.Tier {
	return cidr.Tier{MinSize: minSize, MinDepth: minDepth, MaxDepth: maxDepth, Threshold: threshold, MaxCollateral: cidr.NoCollateralLimit}
}

// sample has something of everything that a report may have.
func sample() *report.Report {
	loud := seenRange("203.0.113.7/32", 1574, 1)
	return &report.Report{
		Version: "0.4.0", Generated: time.Date(2026, 11, 21, 9, 15, 23, 456e6, berlin), Took: 540 * time.Millisecond,
		Logs: []string{"/var/log/nginx/access.log", "/var/log/nginx/access.log.1.gz"}, Format: "combined", ReadTook: 437 * time.Millisecond,
		Requests: 1_046_826, Lines: 1_046_838, Skipped: 10, Ignored: 2, Hosts: 201_234, First: noon, Last: noon.Add(24 * time.Hour),
		Sections: []report.Section{everything(loud), filtered(), nothing()},
		Warnings: []report.Warning{
			{Type: "skipped_lines", Message: "10 of 1,046,838 lines are not in the format combined; the first of them is line 17 of /var/log/nginx/access.log: \"GET\"", Count: 10},
			{Type: "time_order", Message: "the log is not in order"},
		},
		DeniedAgents: []netip.Prefix{netip.MustParsePrefix("198.51.100.9/32"), netip.MustParsePrefix("2001:db8:7::/64")},
	}
}

func everything(loud report.Range) report.Section {
	networks := []report.Range{seenRange("198.51.100.0/25", 30830, 120), seenRange("198.51.100.128/25", 40100, 101), loud, seenRange("2001:db8:1234:5678::/64", 99_000, 1)}
	merged := []report.Range{seenRange("198.51.100.0/24", 70930, 221), loud, networks[3]}
	full := plainTier(20_000, 20, 25, 62_500)
	full.MinHosts, full.MaxCollateral, full.SizeAlone, full.Depth6, full.Jail = 12, 50_000, 30_000, [2]int{32, 64}, true
	return report.Section{
		Name: "cli_trie", Requests: 1_046_826, Hosts: 201_230, Allowed: 1200, CountTook: 316 * time.Millisecond,
		Asked: []report.Range{seenRange("14.160.0.0/12", 58_195, 40_000), {Prefix: netip.MustParsePrefix("192.0.2.0/24")}},
		Tiers: []report.Tier{
			{Tier: plainTier(1000, 24, 32, 100), Needed: 1000, Took: 95 * time.Microsecond, Detected: []report.Range{loud}, Merged: []report.Range{loud}},
			{Tier: full, Needed: 30_000, Took: 12345 * time.Microsecond, Detected: networks, Merged: merged},
		},
	}
}

// filtered has filters, and a tier that found nothing.
func filtered() report.Section {
	banned := plainTier(500, 28, 32, 100_000)
	banned.Jail = true
	return report.Section{
		Name: "scanners", UserAgent: ".*scanner.*|.*nikto.*|.*sqlmap.*", Endpoint: "/api/.*", Start: noon.In(berlin), End: noon.Add(time.Hour),
		Requests: 4000, Hosts: 300,
		Tiers: []report.Tier{{Tier: banned, Needed: 500, Took: 7 * time.Microsecond, Missed: []report.Miss{
			{Prefix: netip.MustParsePrefix("198.51.100.64/28"), Requests: 399, Hosts: 12, Needed: 500, Why: "399 of 500 requests (minSize)"},
			{Prefix: netip.MustParsePrefix("203.0.113.7/32"), Requests: 12, Hosts: 1, Needed: 500, Why: "12 of 500 requests (minSize)"},
		}}, {Tier: demanding(), Needed: 400, Missed: []report.Miss{
			{Prefix: netip.MustParsePrefix("198.51.100.0/24"), Requests: 1500, Hosts: 3, Needed: 400, HostsNeeded: 5, Bystanders: 0.123456789,
				Why: "3 of 5 hosts (minHosts)"},
		}}},
	}
}

func demanding() cidr.Tier {
	t := plainTier(100, 24, 32, 100_000)
	t.MinHosts, t.MaxCollateral = 5, 100_000
	return t
}

// nothing has a filter that nothing passed, in balance mode.
func nothing() report.Section {
	t := plainTier(100, 30, 32, 1_500_000)
	t.Balance = true
	return report.Section{Name: "none", Endpoint: "^/nowhere$", Balance: true, Tiers: []report.Tier{{Tier: t, Needed: 100}}}
}

// hostile is something that no field of a report may do to a terminal or to a program that reads it.
const hostile = "\x1b[2J\x1b]0;owned\a</script>\"'\\\r\n\x00\x7f\u009b31m\u202etxt.\ufeff\U000e0041\xff\xc3( 漢字 {{.}} %s%n"

// hostileReport says hostile in every text.
func hostileReport() *report.Report {
	r := sample()
	r.Version, r.Format, r.Logs = hostile, hostile, []string{hostile, hostile}
	for i := range r.Warnings {
		r.Warnings[i].Type, r.Warnings[i].Message = hostile, hostile
	}
	for i := range r.Sections {
		s := &r.Sections[i]
		s.Name, s.UserAgent, s.Endpoint = hostile, hostile, hostile
		for j := range s.Tiers {
			for k := range s.Tiers[j].Missed {
				s.Tiers[j].Missed[k].Why = hostile
			}
		}
	}
	return r
}

// huge has the largest numbers, the longest prefixes, and times that RFC 3339 cannot say.
func huge() *report.Report {
	long := report.Range{
		Prefix: netip.MustParsePrefix("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"), Requests: math.MaxUint64, Share: math.Inf(1), Hosts: math.MaxInt,
		First: time.Unix(math.MaxInt64/2, 0), Last: time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	full := cidr.Tier{MinSize: math.MaxUint64, MaxDepth: 32, Threshold: math.MaxUint32, SizeAlone: math.MaxUint64, MinHosts: math.MaxInt}
	return &report.Report{
		Generated: time.Unix(math.MaxInt64/2, 0), Took: math.MaxInt64, ReadTook: 1, Requests: math.MaxUint64, Lines: math.MaxUint64, Skipped: math.MaxUint64,
		Hosts: math.MaxInt, First: long.First, Last: long.Last,
		Sections: []report.Section{{
			Name: "huge", Requests: math.MaxUint64, Hosts: math.MaxInt, Allowed: math.MaxUint64, CountTook: math.MaxInt64, Asked: []report.Range{long},
			Tiers: []report.Tier{
				{Tier: full, Needed: math.MaxUint64, Took: math.MaxInt64, Detected: []report.Range{long}, Merged: []report.Range{long}},
				{Tier: full, Needed: math.MaxUint64, Missed: []report.Miss{{Prefix: long.Prefix, Requests: math.MaxUint64 - 1, Hosts: 1, Needed: math.MaxUint64,
					HostsNeeded: math.MaxInt, Bystanders: math.Inf(1)}}},
			},
		}},
		Warnings: []report.Warning{{Type: "huge", Count: math.MaxUint64}},
	}
}
