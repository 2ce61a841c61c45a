package report_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"

	"cidrx/detect/cidr"
	"cidrx/detect/report"
)

var pageStart = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// attack is a detected range of a made-up report: requests of it lie around peak, a part of the time.
type attack struct {
	prefix     string
	requests   uint64
	hosts      int
	peak, wide float64
	ordinary   uint64
}

var attacks = []attack{
	{"45.155.204.0/24", 61_250, 211, 0.34, 0.05, 122},
	{"185.220.100.0/22", 38_912, 402, 0.7, 0.02, 311},
	{"103.41.36.18/32", 22_100, 1, 0.5, 0.4, 0},
	{"2001:db8:4a00::/40", 14_050, 96, 0.71, 0.03, 40},
	{"203.0.113.64/26", 9_870, 47, 0.16, 0.015, 9},
}

// pageReport is a report such as a middling site's log gives: a week, visitors from everywhere, five attacks.
func pageReport() *report.Report {
	rng := rand.New(rand.NewPCG(1, 2))
	r := &report.Report{
		Version: "2.0.0", Generated: pageStart.AddDate(0, 0, 8), Took: 1840 * time.Millisecond, ReadTook: 1710 * time.Millisecond,
		Logs: []string{"/var/log/nginx/access.log", "/var/log/nginx/access.log.1.gz"}, Format: "combined",
		Lines: 613_004, Skipped: 26, Hosts: 18_204, First: pageStart.Add(11 * time.Second), Last: pageStart.AddDate(0, 0, 7).Add(-3 * time.Second),
		Warnings: []report.Warning{{Type: "skipped_lines", Message: "26 lines of /var/log/nginx/access.log did not parse as combined", Count: 26}},
	}
	d := pageTimes(r, rng)
	r.Detail = d
	r.Sections = pageSections(r, d)
	r.Space = pageSpace(rng)
	return r
}

// pageTimes draws days and nights, and the attacks on top.
func pageTimes(r *report.Report, rng *rand.Rand) *report.Detail {
	d := &report.Detail{Start: pageStart, Bucket: 30 * time.Minute, Requests: make([]uint64, 336)}
	for i := range d.Requests {
		hour := float64(i%48) / 2
		d.Requests[i] = uint64(1350 + 900*math.Sin((hour-8)/24*2*math.Pi) + 120*rng.NormFloat64())
	}
	for _, a := range attacks {
		shape := make([]float64, len(d.Requests))
		sum := 0.0
		for i := range shape {
			off := (float64(i)/float64(len(shape)) - a.peak) / a.wide
			shape[i] = math.Exp(-off*off/2) * (0.7 + 0.6*rng.Float64())
			sum += shape[i]
		}
		x := report.RangeDetail{Prefix: netip.MustParsePrefix(a.prefix), Requests: a.requests, Ordinary: a.ordinary, Times: make([]uint64, len(shape))}
		for i := range shape {
			x.Times[i] = uint64(shape[i] / sum * float64(a.requests))
			d.Requests[i] += x.Times[i]
		}
		pageDetail(&x, a.hosts)
		d.Ranges = append(d.Ranges, x)
	}
	for _, n := range d.Requests {
		r.Requests += n
	}
	return d
}

// pageDetail fills in what was sent.
func pageDetail(x *report.RangeDetail, hosts int) {
	part := func(text string, percent uint64) report.Top {
		return report.Top{Text: text, Requests: x.Requests * percent / 100}
	}
	x.Agents.List = []report.Top{
		part("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36", 71),
		part("python-requests/2.31.0", 17), part("", 8), part("Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:000562)", 3),
	}
	x.Endpoints.List = []report.Top{part("/wp-login.php", 46), part("/xmlrpc.php", 28), part("/.env", 9), part("/api/v1/session", 6), part("/", 2)}
	x.Statuses.List = []report.Top{part("401", 55), part("404", 33), part("200", 12)}
	for i := range min(100, hosts) {
		p := x.Prefix
		if hosts > 1 {
			addr := p.Addr().AsSlice()
			at, bits := len(addr)-1, 32
			if len(addr) == 16 {
				at, bits = 7, 64
			}
			addr[at] += byte(i)
			a, _ := netip.AddrFromSlice(addr)
			p = netip.PrefixFrom(a, bits)
		}
		x.Hosts = append(x.Hosts, report.Host{Prefix: p, Requests: x.Requests / uint64(hosts+i), First: pageStart, Last: pageStart.Add(time.Duration(90-i/2) * time.Hour)})
	}
	for i := range 3 {
		x.Samples = append(x.Samples, fmt.Sprintf(`%s - - [04/Mar/2026:09:1%d:44 +0000] "POST /wp-login.php HTTP/1.1" 401 1220 "-" "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"`, x.Prefix.Addr(), i))
	}
}

// pageSections has one section that found all of it, and one that found nothing.
func pageSections(r *report.Report, d *report.Detail) []report.Section {
	all := report.Section{Name: "everything", Requests: r.Requests, Hosts: r.Hosts, CountTook: time.Second, Tiers: []report.Tier{
		{Tier: cidr.Tier{MinSize: 1000, MinDepth: 30, MaxDepth: 32, Threshold: 20_000, MaxCollateral: cidr.NoCollateralLimit, Jail: true}, Needed: r.Requests / 50},
		{Tier: cidr.Tier{MinSize: 5000, MinDepth: 20, MaxDepth: 28, Threshold: 15_000, MinHosts: 24, MaxCollateral: cidr.NoCollateralLimit, Jail: true}, Needed: r.Requests * 15 / 1000},
		{Tier: cidr.Tier{MinSize: 50_000, MinDepth: 12, MaxDepth: 18, Threshold: 150_000, MaxCollateral: cidr.NoCollateralLimit}, Needed: r.Requests * 15 / 100},
	}}
	for i, a := range attacks {
		g := report.Range{Prefix: d.Ranges[i].Prefix, Requests: a.requests, Share: float64(a.requests) / float64(r.Requests), Hosts: a.hosts,
			First: pageStart.Add(time.Duration(7*24*a.peak) * time.Hour), Last: pageStart.Add(time.Duration(7*24*a.peak)*time.Hour + 9*time.Hour)}
		at := 1
		if g.Prefix.IsSingleIP() {
			at = 0
		}
		all.Tiers[at].Detected = append(all.Tiers[at].Detected, g)
	}
	for i := range all.Tiers {
		t := &all.Tiers[i]
		slices.SortFunc(t.Detected, func(a, b report.Range) int { return cidr.Compare(a.Prefix, b.Prefix) })
		t.Merged = t.Detected
	}
	all.Tiers[2].Missed = []report.Miss{
		{Prefix: netip.MustParsePrefix("45.155.192.0/18"), Requests: 61_300, Hosts: 230, Needed: all.Tiers[2].Needed, Why: fmt.Sprintf("61,300 of %d requests (threshold)", all.Tiers[2].Needed)},
		{Prefix: netip.MustParsePrefix("185.220.64.0/18"), Requests: 39_001, Hosts: 409, Needed: all.Tiers[2].Needed, Why: fmt.Sprintf("39,001 of %d requests (threshold)", all.Tiers[2].Needed)},
	}
	scanners := report.Section{Name: "scanners", UserAgent: "(?i)nikto|sqlmap|zgrab|masscan", Requests: 214, Hosts: 12, Tiers: []report.Tier{
		{Tier: cidr.Tier{MinSize: 500, MinDepth: 24, MaxDepth: 32, Threshold: 100_000, MaxCollateral: cidr.NoCollateralLimit, Jail: true}, Needed: 500, Missed: []report.Miss{
			{Prefix: netip.MustParsePrefix("203.0.113.64/26"), Requests: 160, Hosts: 3, Needed: 500, Why: "160 of 500 requests (minSize)"}}},
	}}
	return []report.Section{all, scanners}
}

// pageSpace has networks as a site sees them: a few thousand, in bunches.
func pageSpace(rng *rand.Rand) report.Space {
	cells := map[uint32]report.Cell{}
	add := func(first uint32, n uint64, hosts uint32) {
		c := cells[first]
		cells[first] = report.Cell{First: first, Hosts: c.Hosts + hosts, Requests: c.Requests + n}
	}
	for range 5200 {
		first := uint32(rng.IntN(223)+1)<<24 | uint32(rng.IntN(16)*rng.IntN(16))<<16 | uint32(rng.IntN(256))<<8
		if first>>24 != 10 && first>>24 != 127 {
			add(first, 1+uint64(math.Exp(1.8*math.Abs(rng.NormFloat64()))*4), uint32(1+rng.IntN(4)))
		}
	}
	for _, a := range attacks {
		p := netip.MustParsePrefix(a.prefix)
		if p.Addr().Is4() {
			raw := p.Addr().As4()
			add(uint32(raw[0])<<24|uint32(raw[1])<<16|uint32(raw[2])<<8, a.requests, uint32(a.hosts))
		}
	}
	s := report.Space{Bits: 24}
	for _, c := range cells {
		s.Cells = append(s.Cells, c)
	}
	slices.SortFunc(s.Cells, func(a, b report.Cell) int { return int(int64(a.First) - int64(b.First)) })
	return s
}

// smallReport has one of everything, and fits a golden file.
func smallReport() *report.Report {
	at := pageStart
	loud := report.Range{Prefix: netip.MustParsePrefix("198.51.100.0/28"), Requests: 900, Share: 0.9, Hosts: 12, First: at, Last: at.Add(40 * time.Minute)}
	return &report.Report{
		Version: "2.0.0", Generated: at.AddDate(0, 0, 1), Took: 12 * time.Millisecond, Logs: []string{"access.log"}, Format: "combined",
		Requests: 1000, Lines: 1003, Skipped: 2, Ignored: 1, Hosts: 40, First: at, Last: at.Add(time.Hour),
		Warnings: []report.Warning{{Type: "skipped_lines", Message: "2 lines did not parse", Count: 2}},
		Sections: []report.Section{{
			Name: "cli_trie", Endpoint: "^/login", Requests: 1000, Hosts: 40, Asked: []report.Range{loud},
			Tiers: []report.Tier{
				{Tier: cidr.Tier{MinSize: 100, MinDepth: 24, MaxDepth: 32, Threshold: 100_000, MaxCollateral: cidr.NoCollateralLimit}, Needed: 100, Detected: []report.Range{loud}, Merged: []report.Range{loud}},
				{Tier: cidr.Tier{MinSize: 2000, MinDepth: 32, MaxDepth: 32, MaxCollateral: cidr.NoCollateralLimit}, Needed: 2000, Missed: []report.Miss{{Prefix: netip.MustParsePrefix("198.51.100.3/32"), Requests: 300, Hosts: 1, Needed: 2000, Why: "300 of 2,000 requests (minSize)"}}},
			},
		}},
		Space: report.Space{Bits: 24, Cells: []report.Cell{{First: 0xc0000200, Hosts: 28, Requests: 100}, {First: 0xc6336400, Hosts: 12, Requests: 900}}},
		Detail: &report.Detail{Approximate: true, Sampled: 500, Start: at, Bucket: 10 * time.Minute, Requests: []uint64{400, 300, 200, 60, 30, 10}, Ranges: []report.RangeDetail{{
			Prefix: loud.Prefix, Requests: 900, Ordinary: 9, Times: []uint64{390, 280, 180, 50, 0, 0},
			Agents: tops(report.Top{Text: "curl/8.5.0", Requests: 800}, report.Top{Requests: 100}), Endpoints: tops(report.Top{Text: "/login", Requests: 900}), Statuses: tops(report.Top{Text: "401", Requests: 900}),
			Hosts:   []report.Host{{Prefix: netip.MustParsePrefix("198.51.100.3/32"), Requests: 300, First: at, Last: at.Add(time.Minute)}},
			Samples: []string{`198.51.100.3 - - [02/Mar/2026:00:00:01 +0000] "POST /login HTTP/1.1" 401 12 "-" "curl/8.5.0"`},
		}}},
	}
}

func tops(list ...report.Top) report.Tops { return report.Tops{List: list} }

// hostilePage has, in every text of a report that anybody but us writes, what would run as a script if the page let it.
func hostilePage() *report.Report {
	r := smallReport()
	evil := strings.Join(hostileTexts, " ")
	r.Logs, r.Format, r.Version = []string{evil, "\xff\xfe"}, evil, evil
	r.Warnings = []report.Warning{{Type: evil, Message: evil, Count: 3}}
	s := &r.Sections[0]
	s.Name, s.UserAgent, s.Endpoint, s.Tiers[1].Missed[0].Why = evil, evil, evil, evil
	d := &r.Detail.Ranges[0]
	d.Agents, d.Endpoints, d.Statuses, d.Samples = tops(), tops(), tops(), nil
	for _, text := range append(hostileTexts, strings.Repeat("A", 1<<20), strings.Repeat("漢", 1<<19)) {
		for _, of := range []*report.Tops{&d.Agents, &d.Endpoints, &d.Statuses} {
			of.List = append(of.List, report.Top{Text: text, Requests: 10})
		}
		d.Samples = append(d.Samples, text)
	}
	return r
}

// hostileTexts are short enough to be shown whole, and end in what the test looks for.
var hostileTexts = []string{
	`<script>window.owned=1;alert(1)</script>`,
	`</script><script>window.owned=1</script>`,
	`"><img src=x onerror="window.owned=1">`,
	`'><svg onload='window.owned=1'>`,
	`</style></title></textarea><iframe src=//evil.example/></iframe>`,
	`<a href="javascript:window.owned=1">x</a>`,
	`<!--<script>--><base href=//evil.example/><meta http-equiv=refresh content=0>`,
	`{{.Version}} {{template "evil"}} ${window.owned=1} \u003cscript\u003e`,
	"user\u202etxt.exe\u2066\u200b\ufeff",
	"\x1b[31mred\x00\x07\r\n\x7f\u009b",
	"\xff\xfe\xc3( invalid",
	"</code></pre></details></section>",
}

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func cellPrefix(first uint32, bits int) netip.Prefix {
	addr := netip.AddrFrom4([4]byte{byte(first >> 24), byte(first >> 16), byte(first >> 8), byte(first)})
	return netip.PrefixFrom(addr, bits).Masked()
}
