package detect_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cidrx/detect"
	"cidrx/detect/cidr"
	"cidrx/detect/match"
	"cidrx/detect/parse"
)

func TestVerdictIsRaisedByTheRequestThatReachesT(t *testing.T) {
	e := engine(t, strategyOf("all", time.Minute, tier(1000, 16, 24, 0), tier(20, 24, 32, 0)))
	if vs := observe(e, "192.0.2.7", 0, 19); len(vs) > 0 {
		t.Fatalf("19 requests raise %v", prefixesOf(vs))
	}
	observe(e, "198.51.100.1", 2, 5)
	ev := event("192.0.2.7", 5)
	ev.Line = []byte("the line")
	var got []detect.Verdict
	e.Observe(at(5), ev, 1, func(v detect.Verdict) { got = append(got, v) })
	want := []detect.Verdict{{
		Prefix: netip.MustParsePrefix("192.0.2.7/32"), Strategy: "all", Tier: 1, Reason: `strategy "all", tier 2 [20,24,32,0]`,
		Jail: true, Enforceable: true, Needed: 20, Time: at(5),
		Evidence: detect.Evidence{Requests: 20, Hosts: 1, Share: 0.8, First: at(0), Last: at(5), Samples: []string{"the line", "192.0.2.7", "192.0.2.7"}},
	}}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestVerdictIsRepeatedOnceASecondOrWhenDoubled(t *testing.T) {
	e := engine(t, strategyOf("all", time.Minute, tier(10, 24, 32, 0)))
	counts := func(vs []detect.Verdict) (ns []uint64) {
		for _, v := range vs {
			ns = append(ns, v.Evidence.Requests)
		}
		return ns
	}
	got := [][]uint64{counts(observe(e, "192.0.2.7", 0, 45)), counts(observe(e, "192.0.2.7", 1, 5)), counts(observe(e, "192.0.2.7", 3, 1))}
	if diff := cmp.Diff([][]uint64{{10, 20, 40}, {46}, {51}}, got); diff != "" {
		t.Errorf("requests of the verdicts (-want +got):\n%s", diff)
	}
}

func TestForgottenPrefixNeedsFreshRequests(t *testing.T) {
	e := engine(t, strategyOf("all", time.Minute, tier(10, 24, 32, 0)))
	observe(e, "192.0.2.7", 0, 30)
	observe(e, "192.0.2.9", 0, 5)
	e.Forget(netip.MustParsePrefix("192.0.2.7/32"))
	if vs := observe(e, "192.0.2.7", 0, 9); len(vs) > 0 {
		t.Errorf("9 fresh requests raise %v", prefixesOf(vs))
	}
	if diff := cmp.Diff([]string{"192.0.2.7/32"}, prefixesOf(observe(e, "192.0.2.7", 0, 1))); diff != "" {
		t.Errorf("with the tenth (-want +got):\n%s", diff)
	}
	if s := e.Stats()[0]; s.Requests != 45 || s.Addresses != 2 {
		t.Errorf("%d requests of %d addresses, want 45 of 2: totals stay", s.Requests, s.Addresses)
	}
}

func TestRequestsAge(t *testing.T) {
	e := engine(t, strategyOf("all", 10*time.Second, tier(10, 24, 32, 0)))
	observe(e, "192.0.2.7", 0, 9)
	if vs := observe(e, "192.0.2.7", 10, 1); len(vs) > 0 {
		t.Errorf("9 requests of 10 seconds ago still count: %v", prefixesOf(vs))
	}
	observe(e, "192.0.2.7", 11, 8)
	if vs := observe(e, "192.0.2.7", 19, 1); len(vs) != 1 {
		t.Errorf("9 seconds ago does not count: %v", prefixesOf(vs))
	}
}

func TestLateLinesCountAtTheirOwnSecond(t *testing.T) {
	e := engine(t, strategyOf("all", 10*time.Second, tier(10, 24, 32, 0)))
	raised := 0
	late := func(now, sec int) {
		e.Observe(at(now), event("192.0.2.7", sec), 1, func(detect.Verdict) { raised++ })
	}
	for range 9 {
		late(20, 12)
	}
	late(20, 10) // too late
	if raised != 0 || e.Stats()[0].Late != 1 {
		t.Fatalf("raised %d, late %d, want 0 and 1", raised, e.Stats()[0].Late)
	}
	late(21, 99) // from the future: now
	if raised != 1 {
		t.Fatalf("raised %d with the tenth, want 1", raised)
	}
	late(22, 22)
	if s := e.Stats()[0]; s.Requests != 2 {
		t.Errorf("%d requests are left when those of second 12 have aged, want 2", s.Requests)
	}
}

func TestRepeatedLinesCountAsOften(t *testing.T) {
	e := engine(t, strategyOf("all", time.Minute, tier(10, 24, 32, 0)))
	ev := event("192.0.2.7", 0)
	ev.Repeat = 10
	raised := 0
	e.Observe(at(0), ev, 1, func(detect.Verdict) { raised++ })
	ev.Repeat = 1 << 60
	for range 3 {
		e.Observe(at(0), ev, 1, func(detect.Verdict) { raised++ })
	}
	if raised < 2 {
		t.Errorf("raised %d", raised)
	}
}

func TestExemptClientsCountInTheTotalOnly(t *testing.T) {
	e := engine(t, strategyOf("all", time.Minute, tier(10, 24, 32, 0.5)))
	e.Exempt(func(a netip.Addr) bool { return a == netip.MustParseAddr("192.0.2.1") })
	if vs := observe(e, "192.0.2.1", 0, 100); len(vs) > 0 {
		t.Errorf("an exempt client raises %v", prefixesOf(vs))
	}
	if vs := observe(e, "192.0.2.7", 0, 99); len(vs) > 0 {
		t.Errorf("99 of 199 requests raise %v", prefixesOf(vs))
	}
	if vs := observe(e, "192.0.2.7", 0, 1); len(vs) != 1 {
		t.Errorf("100 of 200 requests raise %v", prefixesOf(vs))
	}
}

func TestFamilies(t *testing.T) {
	e := engine(t, strategyOf("all", time.Minute, tier(10, 16, 32, 0)))
	observe(e, "2001:db8:1:2::1", 0, 5)
	if diff := cmp.Diff([]string{"2001:db8:1:2::/64"}, prefixesOf(observe(e, "2001:db8:1:2:ffff::1", 0, 5))); diff != "" {
		t.Errorf("hosts of one /64 (-want +got):\n%s", diff)
	}
	observe(e, "64:ff9b::c000:201", 0, 9)
	if vs := observe(e, "64:ff9b::c000:202", 0, 9); len(vs) > 0 {
		t.Errorf("NAT64 hosts are aggregated: %v", prefixesOf(vs))
	}
	if diff := cmp.Diff([]string{"64:ff9b::c000:201/128"}, prefixesOf(observe(e, "64:ff9b::c000:201", 0, 1))); diff != "" {
		t.Errorf("a NAT64 host (-want +got):\n%s", diff)
	}
	e.Forget(netip.MustParsePrefix("64:ff9b::c000:201/128"))
	if vs := observe(e, "64:ff9b::c000:201", 0, 9); len(vs) > 0 {
		t.Errorf("a forgotten NAT64 host raises %v", prefixesOf(vs))
	}
}

func TestBystandersProtectANetwork(t *testing.T) {
	limited := tier(50, 24, 24, 0)
	limited.MaxCollateral = 500_000
	e := engine(t, strategyOf("all", time.Minute, limited))
	hosts := []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"}
	for i := range 6 { // six hosts pass no filter, five do
		e.Observe(at(0), event("192.0.2."+string(rune('1'+i))+"0", 0), 0, nil)
	}
	var raised []detect.Verdict
	for range 12 {
		for _, h := range hosts {
			raised = append(raised, observe(e, h, 1, 1)...)
		}
	}
	if len(raised) > 0 {
		t.Errorf("with 6 of 11 hosts as bystanders: %v", prefixesOf(raised))
	}
	if vs := observe(e, "192.0.2.6", 2, 1); len(vs) != 1 {
		t.Errorf("with 6 of 12: %v", prefixesOf(vs))
	}
}

func TestForwardedClientsAreNotEnforceable(t *testing.T) {
	e := engine(t, strategyOf("all", time.Minute, tier(1, 24, 32, 0)))
	ev := event("192.0.2.7", 0)
	ev.Forwarded = true
	e.Observe(at(0), ev, 1, func(v detect.Verdict) {
		if v.Enforceable {
			t.Error("a verdict on a forwarded client is enforceable")
		}
	})
}

func TestClockSetBack(t *testing.T) {
	e := engine(t, strategyOf("all", time.Minute, tier(10, 24, 32, 0)))
	observe(e, "192.0.2.7", 3600, 5)
	if vs := observe(e, "192.0.2.7", 3600-4, 5); len(vs) != 1 {
		t.Errorf("a late caller loses counts: %v", prefixesOf(vs))
	}
	if vs := observe(e, "192.0.2.9", 0, 10); len(vs) != 1 {
		t.Errorf("after an hour back nothing is detected")
	}
	if s := e.Stats()[0]; s.Requests != 10 {
		t.Errorf("%d requests, want the 10 of the new time", s.Requests)
	}
}

func TestWarmUpCountsAndIsSilent(t *testing.T) {
	e := engine(t, strategyOf("all", time.Minute, tier(10, 24, 32, 0)))
	for range 20 {
		e.Warm(at(1), event("192.0.2.7", 0), 1)
	}
	if s := e.Stats()[0]; s.Requests != 20 || s.Seen != 0 || s.Verdicts != 0 {
		t.Errorf("%+v, want 20 requests and nothing else", s)
	}
	if vs := observe(e, "192.0.2.7", 1, 1); len(vs) != 1 || vs[0].Evidence.Requests != 21 {
		t.Errorf("the first request after the warm-up raises %v", vs)
	}
}

func TestReconfigureKeepsWindows(t *testing.T) {
	web := strategyOf("web", time.Minute, tier(10, 24, 32, 0))
	bots := detect.Strategy{Name: "bots", Filter: match.Options{UserAgent: "bot"}, Window: time.Minute, Tiers: web.Tiers}
	e := engine(t, web, bots)
	observe(e, "192.0.2.7", 0, 5)
	generation := e.Generation()
	web.Tiers = []cidr.Tier{tier(6, 24, 32, 0)}
	web.MaxEntries = 1000
	renamed := bots
	renamed.Name = "robots"
	longer := bots
	longer.Window = time.Hour
	if err := e.Reconfigure([]detect.Strategy{longer, renamed, web}); err != nil {
		t.Fatal(err)
	}
	var got []uint64
	for _, s := range e.Stats() {
		got = append(got, s.Requests)
	}
	if diff := cmp.Diff([]uint64{0, 5, 5}, got); diff != "" {
		t.Errorf("requests kept (-want +got):\n%s", diff)
	}
	if e.Generation() == generation {
		t.Error("the generation stays: old masks would be taken for new ones")
	}
	if vs := observe(e, "192.0.2.7", 1, 1); len(vs) != 1 || vs[0].Strategy != "web" {
		t.Errorf("the new tier raises %v", vs)
	}
}

func TestRefusedConfigurations(t *testing.T) {
	good := strategyOf("web", time.Minute, tier(10, 24, 32, 0))
	tests := []struct {
		name  string
		spoil func(*detect.Strategy)
		want  string
	}{
		{"window too short", func(s *detect.Strategy) { s.Window = 0 }, `strategy "web": window 0s`},
		{"window with a fraction", func(s *detect.Strategy) { s.Window = 1500 * time.Millisecond }, "1.5s"},
		{"window too long", func(s *detect.Strategy) { s.Window = 24 * 365 * time.Hour }, "168h"},
		{"negative entries", func(s *detect.Strategy) { s.MaxEntries = -1 }, "maxEntries -1"},
		{"no tier", func(s *detect.Strategy) { s.Tiers = nil }, "no tier"},
		{"inverted depths", func(s *detect.Strategy) { s.Tiers = []cidr.Tier{tier(1, 24, 16, 0)} }, `strategy "web", tier 1: depths 24 to 16`},
		{"bad expression", func(s *detect.Strategy) { s.Filter.UserAgent = "(" }, `strategy "web": `},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := engine(t, good)
			observe(e, "192.0.2.7", 0, 5)
			bad := good
			tt.spoil(&bad)
			err := e.Reconfigure([]detect.Strategy{bad})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
			if s := e.Stats(); len(s) != 1 || s[0].Requests != 5 {
				t.Errorf("something has changed: %+v", s)
			}
		})
	}
	if _, err := detect.New(make([]detect.Strategy, 65)); err == nil {
		t.Error("65 strategies are accepted")
	}
}

func TestMatcherMasks(t *testing.T) {
	e := engine(t, strategyOf("all", time.Minute, tier(10, 24, 32, 0)),
		detect.Strategy{Name: "bots", Filter: match.Options{UserAgent: "(?i)bot"}, Window: time.Minute, Tiers: []cidr.Tier{tier(10, 24, 32, 0)}},
		detect.Strategy{Name: "ssh", Filter: match.Options{Sources: []string{"ssh"}}, Window: time.Minute, Tiers: []cidr.Tier{tier(10, 24, 32, 0)}})
	m := e.Matcher()
	ev := event("192.0.2.7", 0)
	ev.UserAgent = []byte("GoodBot/1.0")
	if got := m.Mask(ev, "web"); got != 0b011 {
		t.Errorf("mask %03b, want 011", got)
	}
	ev = event("192.0.2.7", 0)
	if got := m.Mask(ev, "ssh"); got != 0b101 {
		t.Errorf("mask %03b, want 101", got)
	}
	if m.Generation() != e.Generation() {
		t.Error("the matcher is of another generation than its engine")
	}
}

// raise may call back into the engine.
func TestRaiseMayForget(t *testing.T) {
	e := engine(t, strategyOf("all", time.Minute, tier(10, 24, 32, 0)))
	raised := 0
	for range 100 {
		e.Observe(at(0), event("192.0.2.7", 0), 1, func(v detect.Verdict) {
			raised++
			e.Forget(v.Prefix)
		})
	}
	if raised != 10 {
		t.Errorf("raised %d times, want with each tenth request", raised)
	}
	e.Observe(at(0), event("192.0.2.7", 0), 1, func(detect.Verdict) { e.Reset() })
}

func TestSamples(t *testing.T) {
	e := engine(t, strategyOf("all", time.Minute, tier(1000, 24, 32, 0)))
	long := &parse.Event{Client: netip.MustParseAddr("192.0.2.7"), Line: []byte(strings.Repeat("x", 5000)), Repeat: 1}
	e.Observe(at(0), long, 1, nil)
	for i := range 5000 { // a loud neighbour
		observe(e, "198.51.100.1", i/1000, 1)
	}
	observe(e, "192.0.2.8", 5, 1)
	got := e.Samples(netip.MustParsePrefix("192.0.2.0/24"))
	if diff := cmp.Diff([]string{"192.0.2.8", strings.Repeat("x", 1024)}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := e.Samples(netip.MustParsePrefix("203.0.113.0/24")); len(got) > 0 {
		t.Errorf("samples of a silent network: %q", got)
	}
}

func TestExplain(t *testing.T) {
	e := engine(t, strategyOf("all", time.Minute, tier(20, 24, 32, 0), tier(1000, 16, 24, 0)))
	for _, host := range []string{"192.0.2.0", "192.0.2.1", "192.0.2.2", "192.0.2.3"} {
		observe(e, host, 0, 4)
	}
	observe(e, "192.0.2.200", 0, 30)
	want := []detect.Standing{
		{Strategy: "all", Tier: "tier 1 [20,24,32,0]", Prefix: netip.MustParsePrefix("192.0.2.0/30"), Requests: 16, Needed: 20, Hosts: 4, HostsNeeded: 2},
		{Strategy: "all", Tier: "tier 2 [1000,16,24,0]", Prefix: netip.MustParsePrefix("192.0.2.0/24"), Requests: 46, Needed: 1000, Hosts: 5, HostsNeeded: 5},
	}
	samePrefix := cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
	if diff := cmp.Diff(want, e.Explain(at(1), netip.MustParseAddr("192.0.2.1")), samePrefix); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	loud := e.Explain(at(1), netip.MustParseAddr("192.0.2.200"))[0]
	if !loud.Reported || loud.Requests != 30 || loud.Prefix.String() != "192.0.2.200/32" {
		t.Errorf("the loud host: %+v", loud)
	}
}
