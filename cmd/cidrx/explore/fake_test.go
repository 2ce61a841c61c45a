package explore

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"cidrx/detect/cidr"
	"cidrx/detect/report"
)

// visit is one request of the traffic that the tests look at.
type visit struct {
	addr   netip.Addr
	at     time.Time
	agent  string
	target string
	status int
}

// hostile are texts that must never reach a terminal as they are, or that are hard to lay out.
var hostile = []string{
	"\x1b[2J\x1b[1;1H\x1b]0;owned\x07Mozilla/5.0",
	"\u202egnp.exe\u202c Mozilla/5.0",
	"\xff\xfe\x80 not UTF-8",
	"日本語のユーザーエージェントはとても幅が広いので切られます日本語のユーザーエージェント日本語のユーザーエージェント",
	"Z\u0351\u0300\u0301\u0302a\u0316l\u0317g\u0318o\u0319 👨‍👩‍👧‍👦 🇩🇪 ❤️",
	"line\nbreak\ttab\rreturn\x9b31m\u2028",
	strings.Repeat("AAAA/1.0 ", 300),
	"",
}

const browser = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"

// visits is a day on a small site: people from everywhere, a botnet in a /24, a loud host, scanners with strange names, and a /48.
func visits() []visit {
	r := rand.New(rand.NewPCG(7, 11))
	start := time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC)
	var all []visit
	add := func(n int, from, to time.Duration, addr func() netip.Addr, agent func() string, target string, status int) {
		for range n {
			at := start.Add(from + time.Duration(r.Int64N(int64(to-from)))).Truncate(time.Second)
			all = append(all, visit{addr(), at, agent(), target, status})
		}
	}
	people := make([]netip.Addr, 900)
	for i := range people {
		people[i] = netip.AddrFrom4([4]byte{byte(1 + r.IntN(220)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))})
	}
	const day = 24 * time.Hour
	always := func(s string) func() string { return func() string { return s } }
	add(5000, 0, day, func() netip.Addr { return people[r.IntN(len(people))] }, always(browser), "/", 200)
	add(2400, 9*time.Hour, 11*time.Hour, func() netip.Addr { return netip.AddrFrom4([4]byte{203, 0, 113, byte(r.IntN(256))}) }, always("sqlmap/1.8#stable (https://sqlmap.org)"), "/login.php?id=1", 403)
	add(1100, 15*time.Hour, 16*time.Hour, always4("198.51.100.23"), always("python-requests/2.32"), "/wp-login.php", 404)
	add(700, 18*time.Hour, 22*time.Hour, func() netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(64 + r.IntN(64))}) }, func() string { return hostile[r.IntN(len(hostile))] }, "/\x1b[31m%2e%2e", 404)
	add(800, 2*time.Hour, 20*time.Hour, func() netip.Addr {
		return netip.MustParseAddr(fmt.Sprintf("2001:db8:aaaa:%x::%x", 0xb000+r.IntN(64), r.IntN(9)))
	}, always("Go-http-client/2.0"), "/api/v1/prices", 200)
	slices.SortStableFunc(all, func(a, b visit) int { return a.at.Compare(b.at) })
	return all
}

func always4(addr string) func() netip.Addr {
	return func() netip.Addr { return netip.MustParseAddr(addr) }
}

// fake answers as an analysis does, by going through all visits each time.
type fake struct {
	visits []visit
	report *report.Report
	asked  []question
	failed error // of Look
	passed map[int][]visit
	tries  map[int]*cidr.Trie
	held   chan struct{} // Look waits until it is closed
}

// question is a section of the fake.
type question struct {
	name, agent string
	tiers       []cidr.Tier
}

func tier(minSize uint64, low, high int, share float64) cidr.Tier {
	return cidr.Tier{MinSize: minSize, MinDepth: low, MaxDepth: high, Threshold: uint32(share * million), MaxCollateral: cidr.NoCollateralLimit}
}

var questions = []question{
	{"everything", "", []cidr.Tier{tier(500, 24, 32, 0.01), tier(1000, 16, 28, 0.1), tier(9000, 8, 16, 0.5)}},
	{"scanners", "sqlmap", []cidr.Tier{tier(20, 28, 32, 0.05)}},
	{"nobody", "curl", []cidr.Tier{tier(20, 28, 32, 0.05)}},
}

func newFake(asked []question) *fake {
	f := &fake{visits: visits(), asked: asked, held: make(chan struct{}), passed: map[int][]visit{}, tries: map[int]*cidr.Trie{}}
	close(f.held)
	r := &report.Report{Version: "2.0.0", Logs: []string{"/var/log/nginx/access.log"}, Format: "combined", ReadTook: 250 * time.Millisecond,
		Lines: uint64(len(f.visits)) + 17, Requests: uint64(len(f.visits)), Skipped: 17, First: f.visits[0].at, Last: f.visits[len(f.visits)-1].at}
	r.Warnings = []report.Warning{{Type: "skipped_lines", Count: 17, Message: "17 lines did not parse as combined; the first: \"\x1b[31mhello\". Is --logFormat right?"}}
	for i := range asked {
		r.Sections = append(r.Sections, f.section(i))
	}
	trie := f.count(0)
	_, r.Hosts = count(trie, netip.MustParsePrefix("::/0"))
	_, four := count(trie, netip.MustParsePrefix("0.0.0.0/0"))
	r.Hosts += four
	r.Space = f.space()
	f.report = r
	return f
}

func (f *fake) section(i int) report.Section {
	q := f.asked[i]
	s := report.Section{Name: q.name, UserAgent: q.agent, Requests: f.total(i)}
	for _, p := range []string{"::/0", "0.0.0.0/0"} {
		_, hosts := count(f.count(i), netip.MustParsePrefix(p))
		s.Hosts += hosts
	}
	for _, t := range q.tiers {
		s.Tiers = append(s.Tiers, f.Try(i, t))
	}
	return s
}

// passing are the visits that pass the filter of a section.
func (f *fake) passing(section int) []visit {
	if list, ok := f.passed[section]; ok {
		return list
	}
	var list []visit
	for _, v := range f.visits {
		if strings.Contains(v.agent, f.asked[section].agent) {
			list = append(list, v)
		}
	}
	f.passed[section] = list
	return list
}

func (f *fake) total(section int) uint64 { return uint64(len(f.passing(section))) }

func (f *fake) count(section int) *cidr.Trie {
	if trie, ok := f.tries[section]; ok {
		return trie
	}
	trie := &cidr.Trie{}
	f.tries[section] = trie
	for _, v := range f.passing(section) {
		trie.Add(cidr.KeyOf(v.addr), 1)
	}
	return trie
}

func count(trie *cidr.Trie, p netip.Prefix) (uint64, int) { return trie.Count(p) }

func (f *fake) Report() *report.Report { return f.report }

func (f *fake) Count(section int, p netip.Prefix) (uint64, int) { return f.count(section).Count(p) }

func (f *fake) Hosts(section int, p netip.Prefix, most int) []report.Host {
	at := map[netip.Prefix]int{}
	var list []report.Host
	for _, v := range f.passing(section) {
		if !p.Contains(v.addr) {
			continue
		}
		h := cidr.Host(v.addr)
		if _, ok := at[h]; !ok {
			at[h] = len(list)
			list = append(list, report.Host{Prefix: h, First: v.at})
		}
		list[at[h]].Requests++
		list[at[h]].Last = v.at
	}
	slices.SortFunc(list, func(a, b report.Host) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cidr.Compare(a.Prefix, b.Prefix))
	})
	return list[:min(len(list), most)]
}

func (f *fake) Try(section int, t cidr.Tier) report.Tier {
	trie, total := f.count(section), f.total(section)
	out := report.Tier{Tier: t, Needed: t.Needed(total)}
	var prefixes []netip.Prefix
	for _, h := range trie.Heavy(cidr.Query{Tier: &t, Need: out.Needed}) {
		out.Detected = append(out.Detected, f.rangeOf(section, h.Prefix()))
		prefixes = append(prefixes, h.Prefix())
	}
	slices.SortFunc(out.Detected, func(a, b report.Range) int { return cidr.Compare(a.Prefix, b.Prefix) })
	for _, p := range cidr.Merge(prefixes) {
		out.Merged = append(out.Merged, f.rangeOf(section, p))
	}
	if len(out.Detected) == 0 && total > 0 {
		out.Missed = f.misses(section, t, out.Needed)
	}
	return out
}

func (f *fake) rangeOf(section int, p netip.Prefix) report.Range {
	r := report.Range{Prefix: p}
	r.Requests, r.Hosts = f.Count(section, p)
	r.Share = float64(r.Requests) / float64(f.total(section))
	for _, v := range f.passing(section) {
		if p.Contains(v.addr) {
			r.Last = v.at
			if r.First.IsZero() {
				r.First = v.at
			}
		}
	}
	return r
}

func (f *fake) misses(section int, t cidr.Tier, needed uint64) []report.Miss {
	p, _ := netip.MustParseAddr("203.0.113.0").Prefix(t.MinDepth)
	requests, hosts := f.Count(section, p)
	return []report.Miss{{Prefix: p, Requests: requests, Hosts: hosts, Needed: needed, Why: fmt.Sprintf("%d of %d requests (minSize)", requests, needed)}}
}

func (f *fake) space() report.Space {
	cells := map[uint32]*report.Cell{}
	seen := map[netip.Addr]bool{}
	for _, v := range f.visits {
		if !v.addr.Is4() {
			continue
		}
		first := number(v.addr) &^ 0xff
		if cells[first] == nil {
			cells[first] = &report.Cell{First: first}
		}
		cells[first].Requests++
		if !seen[v.addr] {
			seen[v.addr] = true
			cells[first].Hosts++
		}
	}
	s := report.Space{Bits: 24}
	for _, c := range cells {
		s.Cells = append(s.Cells, *c)
	}
	slices.SortFunc(s.Cells, func(a, b report.Cell) int { return cmp.Compare(a.First, b.First) })
	return s
}

func (f *fake) Look(ctx context.Context) (*report.Detail, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-f.held:
	}
	if f.failed != nil {
		return nil, f.failed
	}
	d := &report.Detail{Start: f.visits[0].at.Truncate(time.Hour), Bucket: 10 * time.Minute, Requests: make([]uint64, 144)}
	for _, v := range f.visits {
		d.Requests[v.at.Sub(d.Start)/d.Bucket]++
	}
	for i := range f.report.Sections {
		for _, r := range collect(&f.report.Sections[i]) {
			d.Ranges = append(d.Ranges, f.detail(i, r.Prefix, d))
		}
	}
	return d, nil
}

func (f *fake) detail(section int, p netip.Prefix, d *report.Detail) report.RangeDetail {
	r := report.RangeDetail{Section: section, Prefix: p, Times: make([]uint64, len(d.Requests)), Hosts: f.Hosts(section, p, 100)}
	agents, targets, statuses := map[string]uint64{}, map[string]uint64{}, map[string]uint64{}
	for _, v := range f.passing(section) {
		if !p.Contains(v.addr) {
			continue
		}
		r.Requests++
		r.Times[v.at.Sub(d.Start)/d.Bucket]++
		path, _, _ := strings.Cut(v.target, "?")
		agents[v.agent]++
		targets[path]++
		statuses[strconv.Itoa(v.status)]++
		if len(r.Samples) < 5 {
			r.Samples = append(r.Samples, fmt.Sprintf(`%s - - [%s] "GET %s HTTP/1.1" %d 512 "-" "%.900s"`, v.addr, v.at.Format("02/Jan/2006:15:04:05 -0700"), v.target, v.status, v.agent))
		}
		if v.agent == browser {
			r.Ordinary++
		}
	}
	r.Agents, r.Endpoints, r.Statuses = top(agents), top(targets), top(statuses)
	return r
}

func top(counts map[string]uint64) report.Tops {
	var list []report.Top
	for text, n := range counts {
		list = append(list, report.Top{Text: text, Requests: n})
	}
	slices.SortFunc(list, func(a, b report.Top) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Text, b.Text))
	})
	return report.Tops{List: list[:min(len(list), 10)], Others: max(0, len(list)-10)}
}
