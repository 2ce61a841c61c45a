package static

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cidrx/detect/cidr"
	"cidrx/detect/login"
	"cidrx/detect/match"
	"cidrx/detect/parse"
	"cidrx/detect/report"
)

var sameAddresses = cmpopts.EquateComparable(netip.Prefix{}, netip.Addr{})

// slowLook is Look as one would write it with all events in memory.
type slowLook struct {
	a      *Analysis
	events []parse.Event
}

func (s *slowLook) read(t *testing.T, l *readLog, content []byte) {
	o := s.a.options.Parse
	o.Year = func() time.Time { return l.Written }
	parser, err := parse.New(l.format, o)
	if err != nil {
		t.Fatal(err)
	}
	stage := login.New(0)
	for _, line := range bytes.Split(content, []byte{'\n'}) {
		if line = trim(line); len(line) == 0 {
			continue
		}
		var ev parse.Event
		if parser.Parse(line, &ev, &parse.Arena{}) == nil && stage.Add(&ev) {
			s.events = append(s.events, ev)
		}
		s.events = stage.Due(s.events)
	}
	stage.Flush()
	s.events = stage.Due(s.events)
}

// passes tells whether an event counts in a section.
func (s *slowLook) passes(section *Section, ev *parse.Event) bool {
	if !section.Start.IsZero() && (ev.Time.IsZero() || ev.Time.Unix() < section.Start.Unix()) ||
		!section.End.IsZero() && (ev.Time.IsZero() || ev.Time.Unix() > section.End.Unix()) {
		return false
	}
	for _, w := range s.a.options.AllowAgents {
		if w != "" && bytes.Contains(ev.UserAgent, []byte(w)) {
			return false
		}
	}
	for _, p := range s.a.options.Allow {
		for _, n := range cidr.Nets(p) {
			if n.Contains(cidr.KeyOf(ev.Client)) {
				return false
			}
		}
	}
	return compiled(section.Filter).Match(ev, "", &match.Scratch{})
}

// compiled keeps compiled filters.
func compiled(o match.Options) *match.Filter {
	key := fmt.Sprint(o)
	if slowFilters[key] == nil {
		f, err := match.New(o)
		if err != nil {
			panic(err)
		}
		slowFilters[key] = f
	}
	return slowFilters[key]
}

// detail tells of one range.
func (s *slowLook) detail(section int, p netip.Prefix, b buckets) report.RangeDetail {
	d := report.RangeDetail{Section: section, Prefix: p, Times: make([]uint64, b.n)}
	agents, endpoints, statuses, samples := map[string]uint64{}, map[string]uint64{}, map[string]uint64{}, map[string]int64{}
	for i := range s.events {
		ev := &s.events[i]
		n := uint64(max(1, ev.Repeat))
		if !p.Contains(ev.Client) || !s.passes(&s.a.options.Sections[section], ev) {
			continue
		}
		d.Requests += n
		if looksOrdinary(ev) {
			d.Ordinary += n
		}
		for at := range d.Times {
			if from := b.start + int64(at)*b.width; !ev.Time.IsZero() && from <= ev.Time.Unix() && ev.Time.Unix() < from+b.width {
				d.Times[at] += n
			}
		}
		agents[cut256(ev.UserAgent)] += n
		target, _, _ := bytes.Cut(ev.Target, []byte{'?'})
		endpoints[cut256(target)] += n
		status := ""
		if ev.Status != 0 {
			status = fmt.Sprint(ev.Status)
		}
		statuses[status] += n
		line := string(ev.Line[:min(len(ev.Line), 1024)])
		if _, known := samples[line]; !known {
			samples[line] = ev.Time.Unix()
		}
	}
	d.Agents, d.Endpoints, d.Statuses = topOf(agents), topOf(endpoints), topOf(statuses)
	d.Samples = samplesOf(samples)
	d.Hosts = s.a.Hosts(section, p, 100)
	return d
}

func cut256(text []byte) string { return string(text[:min(len(text), 256)]) }

func topOf(counts map[string]uint64) report.Tops {
	var out []report.Top
	for text, n := range counts {
		out = append(out, report.Top{Text: text, Requests: n})
	}
	slices.SortFunc(out, func(a, b report.Top) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Text, b.Text))
	})
	tops := report.Tops{List: out[:min(len(out), 10)], Others: max(0, len(out)-10)}
	if tops.Others > 0 {
		tops.Most = out[10].Requests
	}
	return tops
}

func samplesOf(lines map[string]int64) (out []string) {
	for line := range lines {
		out = append(out, line)
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Compare(hashLine([]byte(a)), hashLine([]byte(b))) })
	out = out[:min(len(out), 5)]
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(cmp.Compare(lines[a], lines[b]), cmp.Compare(a, b)) })
	return out
}

var (
	slowCrawlers, slowTools = regexp.MustCompile(crawlerAgents), regexp.MustCompile(toolAgents)
	slowFilters             = map[string]*match.Filter{}
	slowBrowser             = regexp.MustCompile(`^(?:Mozilla|Opera)/(?s:.*)\(`)
)

func looksOrdinary(ev *parse.Event) bool {
	if ev.Outcome != parse.NoOutcome {
		return ev.Outcome == parse.Success
	}
	return ev.Status > 0 && ev.Status < 400 && slowBrowser.Match(ev.UserAgent) && !slowCrawlers.Match(ev.UserAgent) &&
		!slowTools.Match(ev.UserAgent) && !compiled(match.Options{Endpoint: scannedTargets}).Match(ev, "", &match.Scratch{})
}

// lookSlowly is Look.
func lookSlowly(t *testing.T, a *Analysis, contents [][]byte) *report.Detail {
	t.Helper()
	s := slowLook{a: a}
	for i := range a.logs {
		if a.logs[i].lines > 0 {
			s.read(t, &a.logs[i], contents[i])
		}
	}
	d := &report.Detail{}
	b := bucketsOf(a.Report.First, a.Report.Last)
	if b.n > 0 {
		d.Start, d.Bucket, d.Requests = b.begin(), b.length(), make([]uint64, b.n)
		for i := range s.events {
			if ev := &s.events[i]; !ev.Time.IsZero() {
				d.Requests[(ev.Time.Unix()-b.start)/b.width] += uint64(max(1, ev.Repeat))
			}
		}
	}
	for i := range a.Report.Sections {
		ranges := map[netip.Prefix]bool{}
		for _, tier := range a.Report.Sections[i].Tiers {
			for _, r := range tier.Detected {
				ranges[r.Prefix] = true
			}
		}
		var sorted []netip.Prefix
		for p := range ranges {
			sorted = append(sorted, p)
		}
		slices.SortFunc(sorted, cidr.Compare)
		for _, p := range sorted {
			d.Ranges = append(d.Ranges, s.detail(i, p, b))
		}
	}
	return d
}

func TestLookIsTheSlowOne(t *testing.T) {
	looked := 0
	for seed := range uint64(80) {
		r := rand.New(rand.NewPCG(seed, 3))
		o := randomOptions(r)
		o.Workers = 1 + r.IntN(4)
		contents := [][]byte{randomLog(r, 400, randomKind(r)), randomLog(r, 100, accessLog)}
		a, err := Analyze(t.Context(), o, []Log{memory("a", true, contents[0]), memory("b", true, contents[1])})
		if err != nil {
			continue
		}
		got, err := a.Look(t.Context())
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		looked += len(got.Ranges)
		if got.Omitted > 0 {
			continue
		}
		if diff := gocmp.Diff(lookSlowly(t, a, contents), got, sameAddresses); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
	if looked < 300 {
		t.Errorf("only %d ranges were looked at", looked)
	}
}

// hostileLog has n requests of one /24, each with a user agent and a target of its own, but for every tenth.
func hostileLog(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		agent, target := fmt.Sprintf("Mozilla/5.0 (%d)", i), fmt.Sprintf("/a%d", i)
		if i%10 == 0 {
			agent, target = "heavy", "/heavy"
		}
		fmt.Fprintf(&b, "203.0.113.%d - - [%s] \"GET %s?q=%d HTTP/1.1\" 200 9 \"-\" \"%s\"\n", i%256,
			noon.Add(time.Duration(i/50)*time.Second).Format("02/Jan/2006:15:04:05 -0700"), target, i, agent)
	}
	return b.Bytes()
}

func lookAt(t *testing.T, log Log, o Options) *report.Detail {
	t.Helper()
	o.Format = "combined"
	o.Sections = []Section{{Name: "s", Tiers: []cidr.Tier{{MinSize: 1, MinDepth: 24, MaxDepth: 24, MaxCollateral: cidr.NoCollateralLimit}}}}
	a, err := Analyze(t.Context(), o, []Log{log})
	if err != nil {
		t.Fatal(err)
	}
	d, err := a.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestLookIsBoundedAndTheSameForAllWorkers(t *testing.T) {
	const n = 60_000
	log := hostileLog(n)
	want := lookAt(t, memory("hostile", true, log), Options{Workers: 1})
	for _, workers := range []int{2, 5} {
		if diff := gocmp.Diff(want, lookAt(t, memory("hostile", true, log), Options{Workers: workers}), sameAddresses); diff != "" {
			t.Errorf("%d workers (-1 worker +more):\n%s", workers, diff)
		}
	}
	r := want.Ranges[0]
	for text, tops := range map[string]report.Tops{"heavy": r.Agents, "/heavy": r.Endpoints} {
		want := report.Tops{List: []report.Top{{Text: text, Requests: n / 10}}, Others: mostRoom, More: true, Most: tops.Most}
		if diff := gocmp.Diff(want, tops); diff != "" || tops.Most == 0 || tops.Most > 2*n/mostRoom {
			t.Errorf("one text has %d requests of %d, all others one each (-want +got):\n%s", n/10, n, diff)
		}
	}
	if len(r.Samples) != 5 || len(r.Hosts) != 100 {
		t.Errorf("%d samples, %d hosts", len(r.Samples), len(r.Hosts))
	}
}

func TestLookOmitsTheSmallest(t *testing.T) {
	var b bytes.Buffer
	for i := range 300 {
		for range 1 + i/2 {
			fmt.Fprintf(&b, "10.%d.%d.1 - - [14/Mar/2026:12:00:00 +0000] \"GET / HTTP/1.1\" 200 9 \"-\" \"x\"\n", i/200, i%200)
		}
	}
	d := lookAt(t, memory("many", true, b.Bytes()), Options{})
	if d.Omitted != 44 || len(d.Ranges) != report.MaxDetailed {
		t.Fatalf("%d ranges, %d omitted", len(d.Ranges), d.Omitted)
	}
	for i, r := range d.Ranges {
		if r.Requests < 1+44/2 || i > 0 && inOrder(target{prefix: d.Ranges[i-1].Prefix}, target{prefix: r.Prefix}) >= 0 {
			t.Errorf("%s with %d requests at %d", r.Prefix, r.Requests, i)
		}
	}
}

func TestLookTakesTheSample(t *testing.T) {
	log := hostileLog(5000)
	want := lookAt(t, memory("small", true, log), Options{})
	got := lookAt(t, memory("small", false, log), Options{Sample: true})
	want.Approximate, want.Sampled = true, 5000
	if diff := gocmp.Diff(want, got, sameAddresses, cmpopts.IgnoreFields(report.Tops{}, "Most")); diff != "" {
		t.Errorf("the sample is the whole log (-want +got):\n%s", diff)
	}

	const n = 3 * sampleLines
	big := lookAt(t, memory("large", false, hostileLog(n)), Options{Sample: true}).Ranges[0]
	for text, tops := range map[string]report.Tops{"heavy": big.Agents, "/heavy": big.Endpoints, "200": big.Statuses} {
		few := uint64(n / 10)
		if text == "200" {
			few = n
		}
		if len(tops.List) != 1 || tops.List[0].Text != text || tops.List[0].Least() < few*95/100 || tops.List[0].Requests > few*105/100 || !tops.More {
			t.Errorf("of %d requests, %d have %s: %+v", n, few, text, tops)
		}
	}
}

func TestWhatCanBeReadOnceNeedsItsSample(t *testing.T) {
	a, err := Analyze(t.Context(), Options{Format: "combined"}, []Log{memory("-", false, hostileLog(10))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Look(t.Context()); err == nil || !regexp.MustCompile("^-: .*only once").MatchString(err.Error()) {
		t.Errorf("error %v", err)
	}
}

func TestLookEndsWithItsContext(t *testing.T) {
	a, err := Analyze(t.Context(), Options{Format: "combined"}, []Log{memory("x", true, hostileLog(50_000))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Look(ctx); err == nil {
		t.Error("it went on")
	}
}

func BenchmarkLook(b *testing.B) {
	log := hostileLog(200_000)
	o := Options{Format: "combined", Sections: []Section{{Name: "s", Tiers: []cidr.Tier{{MinSize: 1, MinDepth: 24, MaxDepth: 24, MaxCollateral: cidr.NoCollateralLimit}}}}}
	a, err := Analyze(b.Context(), o, []Log{memory("x", true, log)})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(log)))
	for b.Loop() {
		if _, err := a.Look(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(200_000*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
