package firewall_test

import (
	"context"
	"errors"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"cidrx/firewall"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// clock is a hand-set clock.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newFake() (*firewall.Fake, *clock) {
	c := &clock{at: t0}
	return firewall.NewFake(c.now), c
}

func sync(t *testing.T, f firewall.Firewall, want firewall.Want) firewall.Result {
	t.Helper()
	result, err := f.Sync(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestFakeHoldsWhatIsWanted(t *testing.T) {
	f, c := newFake()
	if got, want := sync(t, f, firewall.Want{Elements: elements("10.0.0.0/30")}), (firewall.Result{Added: 1, Full: true}); got != want {
		t.Errorf("first: %+v, want %+v", got, want)
	}
	pieces := []firewall.Element{element("10.0.0.0/32", time.Minute), element("10.0.0.2/31", 2*time.Hour)}
	if got, want := sync(t, f, firewall.Want{Elements: pieces}), (firewall.Result{Added: 2, Removed: 1}); got != want {
		t.Errorf("carved: %+v, want %+v", got, want)
	}
	pieces[0].Until = t0.Add(time.Hour)
	if got, want := sync(t, f, firewall.Want{Elements: pieces}), (firewall.Result{Refreshed: 1}); got != want {
		t.Errorf("refreshed: %+v, want %+v", got, want)
	}
	c.at = t0.Add(90 * time.Minute)
	if diff := cmp.Diff(pieces[1:], f.Elements(), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("when one is over (-want +got):\n%s", diff)
	}
	if got, want := sync(t, f, firewall.Want{Elements: pieces[1:]}), (firewall.Result{Removed: 1}); got != want { // told again, in case the clock was set
		t.Errorf("removed after its end: %+v, want %+v", got, want)
	}
}

func TestFakePackets(t *testing.T) {
	f, _ := newFake()
	if !f.Packet(netip.MustParseAddr("10.0.0.1")) {
		t.Error("dropped without a table")
	}
	sync(t, f, firewall.Want{
		Elements: elements("10.0.0.0/24", "192.0.2.1/32", "2001:db8:0:1::/64", "2001:db8:0:2::1/128"),
		Allow:    []netip.Prefix{netip.MustParsePrefix("10.0.0.128/25")},
	})
	passes := map[string]bool{
		"10.0.0.1": false, "10.0.0.128": true, "10.0.1.0": true, "192.0.2.1": false, "192.0.2.2": true,
		"2001:db8:0:1::5": false, "2001:db8:0:2::1": false, "2001:db8:0:2::2": true,
	}
	for addr, want := range passes {
		if got := f.Packet(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s passes: %v, want %v", addr, got, want)
		}
	}
	counters, err := f.Counters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]uint64{"host4": 1, "host6": 1, "net4": 1, "net6": 1}, counters.Sets); diff != "" {
		t.Errorf("counters of sets (-want +got):\n%s", diff)
	}
	if got := counters.Elements[netip.MustParsePrefix("2001:db8:0:1::/64")]; got != 1 {
		t.Errorf("counter of the /64 is %d, want 1", got)
	}
}

func TestFakeIsAsStrictAsTheKernel(t *testing.T) {
	f, _ := newFake()
	sync(t, f, firewall.Want{Elements: elements("10.0.0.0/24", "10.0.1.1/32")})
	before := f.String()
	if err := f.AddElement(element("10.0.0.0/16", time.Hour), "nft[1]"); !errors.Is(err, syscall.EEXIST) {
		t.Errorf("a superset: %v, want EEXIST", err)
	}
	if err := f.AddElement(element("10.0.0.64/26", time.Hour), "nft[1]"); !errors.Is(err, syscall.EEXIST) {
		t.Errorf("a subset: %v, want EEXIST", err)
	}
	if err := f.DeleteElement(netip.MustParsePrefix("10.0.0.0/25"), "nft[1]"); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("a part: %v, want ENOENT", err)
	}
	if diff := cmp.Diff(before, f.String()); diff != "" {
		t.Errorf("a refused batch changed something (-before +after):\n%s", diff)
	}
	if err := f.AddElement(element("10.0.0.7/32", time.Hour), "nft[1]"); err != nil {
		t.Errorf("the same address in another set: %v", err)
	}
}

func TestFakeWritesAnewAfterAnError(t *testing.T) {
	f, _ := newFake()
	want := firewall.Want{Elements: elements("10.0.0.1/32")}
	sync(t, f, want)
	broken := errors.New("broken")
	f.BeforeCommit(func() error { return broken })
	want.Elements = elements("10.0.0.1/32", "10.0.0.2/32")
	if _, err := f.Sync(t.Context(), want); !errors.Is(err, broken) {
		t.Fatalf("error %v, want %v", err, broken)
	}
	f.BeforeCommit(nil)
	if got, want := sync(t, f, want), (firewall.Result{Added: 2, Full: true}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestFakeDriftIsReportedAndRepaired(t *testing.T) {
	f, _ := newFake()
	want := firewall.Want{Elements: elements("10.0.0.1/32", "10.0.0.2/32")}
	sync(t, f, want)
	ctx, cancel := context.WithCancel(t.Context())
	seen := make(chan firewall.Drift, 8)
	done := make(chan error)
	go func() { done <- f.Watch(ctx, func(d firewall.Drift) { seen <- d }) }()

	if err := f.DeleteElement(netip.MustParsePrefix("10.0.0.2/32"), "nft[7]"); err != nil {
		t.Fatal(err)
	}
	if got, want := <-seen, (firewall.Drift{What: "elements changed", By: "nft[7]"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got, want := sync(t, f, want), (firewall.Result{Added: 1}); got != want {
		t.Errorf("repair of an element: %+v, want %+v", got, want)
	}
	f.Flush("nft[8]")
	if got, want := <-seen, (firewall.Drift{What: "table deleted", By: "nft[8]"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if f.String() != "" {
		t.Errorf("a table after a flush: %s", f)
	}
	if got, want := sync(t, f, want), (firewall.Result{Added: 2, Full: true}); got != want {
		t.Errorf("repair of the table: %+v, want %+v", got, want)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Watch: %v", err)
	}
}

func TestFakePrintsItself(t *testing.T) {
	f, c := newFake()
	sync(t, f, firewall.Want{
		Elements: []firewall.Element{element("192.0.2.0/24", 26*time.Hour), element("198.51.100.1/32", 90*time.Second), element("2001:db8::/64", time.Hour)},
		Allow:    []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")},
	})
	f.Packet(netip.MustParseAddr("192.0.2.77"))
	c.at = t0.Add(1500 * time.Millisecond)
	want := `table inet cidrx {
	set allow4 {
		type ipv4_addr
		flags interval
		elements = { 203.0.113.0/24 }
	}
	set allow6 {
		type ipv6_addr
		flags interval
	}
	set host4 {
		type ipv4_addr
		flags timeout
		counter
		elements = { 198.51.100.1 counter packets 0 timeout 1m30s expires 1m28s500ms }
	}
	set host6 {
		type ipv6_addr
		flags timeout
		counter
		elements = { 2001:db8:: counter packets 0 timeout 1h expires 59m58s500ms }
	}
	set net4 {
		type ipv4_addr
		flags interval,timeout
		counter
		elements = { 192.0.2.0/24 counter packets 1 timeout 1d2h expires 1d1h59m58s500ms }
	}
	set net6 {
		type ipv6_addr
		flags interval,timeout
		counter
	}
}
`
	if diff := cmp.Diff(want, f.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
