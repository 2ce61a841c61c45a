package detect_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cidrx/detect"
)

// The nearest come first, each with the tier that it is nearest to, and no attack twice.
func TestHottest(t *testing.T) {
	wide := tier(100, 16, 24, 0)
	wide.MinHosts = 20
	e := engine(t, strategyOf("all", time.Minute, wide, tier(50, 32, 32, 0)))
	observe(e, "192.0.2.7", 0, 30)
	observe(e, "198.51.100.7", 0, 10)
	for i := range 15 {
		observe(e, fmt.Sprintf("203.0.113.%d", i), 0, 6)
	}
	got := e.Hottest(at(1), "all", 3)
	want := []detect.Standing{
		{Strategy: "all", Tier: "tier 1 [100,16,24,0]", Prefix: netip.MustParsePrefix("203.0.113.0/24"), Requests: 90, Needed: 100, Hosts: 15, HostsNeeded: 20},
		{Strategy: "all", Tier: "tier 2 [50,32,32,0]", Prefix: netip.MustParsePrefix("192.0.2.7/32"), Requests: 30, Needed: 50, Hosts: 1, HostsNeeded: 1},
		{Strategy: "all", Tier: "tier 2 [50,32,32,0]", Prefix: netip.MustParsePrefix("198.51.100.7/32"), Requests: 10, Needed: 50, Hosts: 1, HostsNeeded: 1},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := e.Hottest(at(1), "none", 3); got != nil {
		t.Errorf("no strategy has %v", got)
	}
	if got := e.Hottest(at(100), "all", 3); len(got) != 0 {
		t.Errorf("after the window there is %v", got)
	}
}

// BenchmarkHottest is how long a view holds up the counting for one strategy of three tiers, with 200,000 hosts in its window.
func BenchmarkHottest(b *testing.B) {
	e, err := detect.New([]detect.Strategy{strategyOf("all", 10*time.Minute, tier(600, 16, 24, 0.06), tier(100, 24, 28, 0), tier(20, 32, 32, 0))})
	if err != nil {
		b.Fatal(err)
	}
	for i := range 200_000 {
		n := uint32(i) * 2_654_435_761 // Knuth's multiplicative hash: hosts all over the address space
		ev := event(netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}).String(), 0)
		e.Observe(at(0), ev, 1, func(detect.Verdict) {})
	}
	for b.Loop() {
		e.Hottest(at(0), "all", 10)
	}
}
