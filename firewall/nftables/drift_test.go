//go:build linux

package nftables_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"cidrx/firewall"
	"cidrx/firewall/netlab"
	"cidrx/firewall/nftables"

	gocmp "github.com/google/go-cmp/cmp"
)

// watched is a Firewall whose drift is collected.
func watched(t *testing.T, ns *netlab.Namespace, o nftables.Options) (*nftables.Firewall, chan firewall.Drift) {
	t.Helper()
	// Were the generations compared more often than by default, on a busy host events could be taken for lost that are only late.
	return watchedEvery(t, ns, o, time.Second)
}

// watchedEvery compares generations at other times.
func watchedEvery(t *testing.T, ns *netlab.Namespace, o nftables.Options, check time.Duration) (*nftables.Firewall, chan firewall.Drift) {
	t.Helper()
	f := open(t, ns, o)
	f.CheckEvery(check)
	ctx, cancel := context.WithCancel(context.Background())
	drifts, done := make(chan firewall.Drift, 64), make(chan error, 1)
	go func() { done <- f.Watch(ctx, func(d firewall.Drift) { drifts <- d }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Watch: %v", err)
		}
	})
	return f, drifts
}

func nextDrift(t *testing.T, drifts chan firewall.Drift) firewall.Drift {
	t.Helper()
	select {
	case d := <-drifts:
		return d
	case <-time.After(patience):
		t.Fatal("no drift reported")
	}
	return firewall.Drift{}
}

func driftWant() firewall.Want {
	w := ban("203.0.113.0/25", "203.0.113.200/32", "203.0.113.201/32", "2001:db8:bad:1::/64", "2001:db8:bad:2::5/128", "2001:db8:cafe::/48", "255.255.255.0/24")
	w.Allow = []netip.Prefix{netip.MustParsePrefix("203.0.113.3/32"), netip.MustParsePrefix("2001:db8:bad:1::3/128")}
	return w
}

func TestForeignChangesAreNoticedAndRepaired(t *testing.T) {
	n := newNetwork(t)
	in := listen(t, n.Edge, to4)
	f, drifts := watched(t, n.Edge, nftables.Options{ProtectOutbound: true, Ports: []uint16{7, 80}})
	w := driftWant()
	sync(t, f, w)
	layoutNow := func() string {
		return nft(t, n.Edge, "-s", "-t", "list", "table", "inet", "cidrx") + nft(t, n.Edge, "list", "set", "inet", "cidrx", "ports")
	}
	layout := layoutNow()
	tests := []struct {
		command, what string
		full          bool
	}{
		{"flush ruleset", "table deleted", true},
		{"delete table inet cidrx", "table deleted", true},
		{"delete element inet cidrx host4 { 203.0.113.200 }", "elements changed", false},
		{"delete element inet cidrx net4 { 203.0.113.0/25 }", "elements changed", false},
		{"delete element inet cidrx net4 { 255.255.255.0/24 }", "elements changed", false},
		{"delete element inet cidrx host6 { 2001:db8:bad:1:: }", "elements changed", false},
		{"delete element inet cidrx net6 { 2001:db8:bad:2::5 }", "elements changed", false},
		{"delete element inet cidrx allow4 { 203.0.113.3 }", "elements changed", false},
		{"add element inet cidrx host4 { 198.51.100.1 timeout 1h }", "elements changed", false},
		{"add element inet cidrx host4 { 203.0.113.200 timeout 9h }", "elements changed", false},
		{"add element inet cidrx host4 { 198.51.100.1 }", "elements changed", false}, // for ever
		{"add element inet cidrx net4 { 198.51.100.0/24 timeout 1h }", "elements changed", false},
		{"add element inet cidrx net4 { 198.51.100.1 timeout 1h }", "elements changed", true},              // in the wrong set
		{"add element inet cidrx net4 { 198.51.100.1-198.51.100.9 timeout 1h }", "elements changed", true}, // not a prefix
		{"add element inet cidrx allow4 { 198.51.100.0/24 }", "elements changed", false},
		{"delete element inet cidrx ports { 7 }", "rules changed", true},
		{"add element inet cidrx ports { 8 }", "rules changed", true},
		{"flush set inet cidrx host4", "elements changed", false},
		{"flush chain inet cidrx early", "rules changed", true},
		{"flush table inet cidrx", "rules changed", true},
		{"insert rule inet cidrx tracked accept", "rules changed", true},
		{"add chain inet cidrx tracked { policy drop; }", "rules changed", true},
		{"add chain inet cidrx other", "rules changed", true},
		{"add set inet cidrx other { type ipv4_addr; }", "sets changed", true},
		{"add table inet cidrx { flags dormant; }", "rules changed", true},
	}
	for _, tt := range tests {
		t.Run(tt.command, func(t *testing.T) {
			nft(t, n.Edge, tt.command)
			d := nextDrift(t, drifts)
			if d.What != tt.what || !strings.HasPrefix(d.By, "nft[") {
				t.Errorf("drift %+v, want %q by nft", d, tt.what)
			}
			if r := sync(t, f, w); r.Full != tt.full {
				t.Errorf("repair %+v, want full %v", r, tt.full)
			}
			holds(t, n.Edge, w)
			if diff := gocmp.Diff(layout, layoutNow()); diff != "" {
				t.Errorf("layout (-before +after)\n%s", diff)
			}
			dropped(t, n.Attackers, f, in, "203.0.113.200", to4)
			dropped(t, n.Attackers, f, in, "203.0.113.7", to4)
		})
	}
	if r := sync(t, f, w); r != (firewall.Result{}) {
		t.Errorf("a repair repeats itself: %+v", r)
	}
}

// TestWhoSharesTheHostIsNoDrift changes other tables, and our own by ourselves.
func TestWhoSharesTheHostIsNoDrift(t *testing.T) {
	n := newNetwork(t)
	f, drifts := watched(t, n.Edge, nftables.Options{ProtectOutbound: true})
	sync(t, f, driftWant())
	for _, command := range []string{"add table inet docker", "add table ip cidrx", "add chain ip cidrx early", "add set inet docker host4 { type ipv4_addr; }",
		"add element inet docker host4 { 192.0.2.1 }", "delete table inet docker"} {
		nft(t, n.Edge, command)
		sync(t, f, ban("203.0.113.0/25"))
		sync(t, f, driftWant())
	}
	f.Distrust()
	sync(t, f, driftWant())
	nft(t, n.Edge, "delete element inet cidrx host4 { 203.0.113.200 }") // what comes next is the first that is reported
	if d := nextDrift(t, drifts); d.What != "elements changed" {
		t.Errorf("drift %+v", d)
	}
	select {
	case d := <-drifts:
		t.Errorf("another drift %+v", d)
	default:
	}
}

func TestDriftBeforeWatchIsReported(t *testing.T) {
	n := newNetwork(t)
	f := open(t, n.Edge, nftables.Options{})
	sync(t, f, driftWant())
	nft(t, n.Edge, "flush ruleset")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := f.Watch(ctx, func(d firewall.Drift) {
		if d.What != "table deleted" {
			t.Errorf("drift %+v", d)
		}
		cancel()
	})
	check(t, err)
}

// TestSyncHealsWhatWatchHasNotHeardOf runs without Watch: the kernel refuses the change.
func TestSyncHealsWhatWatchHasNotHeardOf(t *testing.T) {
	n := newNetwork(t)
	for _, command := range []string{"flush ruleset", "add element inet cidrx net4 { 198.0.0.0/8 timeout 1h }"} {
		f := open(t, n.Edge, nftables.Options{})
		sync(t, f, driftWant())
		nft(t, n.Edge, command)
		w := ban("198.51.100.0/24", "203.0.113.0/24")
		if r := sync(t, f, w); !r.Full {
			t.Errorf("after %s: %+v, want a full write", command, r)
		}
		holds(t, n.Edge, w)
	}
}

// TestLostEventsLeadToAComparison makes the monitor deaf and blind while things change.
func TestLostEventsLeadToAComparison(t *testing.T) {
	n := newNetwork(t)
	for command, what := range map[string]string{
		"flush ruleset": "table deleted", "flush chain inet cidrx early": "rules changed",
		"delete element inet cidrx host4 { 203.0.113.200 }": "elements changed", "delete element inet cidrx allow4 { 203.0.113.3 }": "elements changed",
		"delete element inet cidrx ports { 80 }": "rules changed", "add element inet cidrx net6 { 2001:db8:1::/48 timeout 1h }": "elements changed",
	} {
		t.Run(command, func(t *testing.T) {
			f, drifts := watchedEvery(t, n.Edge, nftables.Options{ProtectOutbound: true, Ports: []uint16{7, 80}}, 100*time.Millisecond)
			sync(t, f, driftWant())
			f.Deafen()
			nft(t, n.Edge, command)
			if d := nextDrift(t, drifts); d.What != what {
				t.Errorf("drift %+v, want %q", d, what)
			}
			sync(t, f, driftWant())
			holds(t, n.Edge, driftWant())
		})
	}
}

func TestRemoveTakesEverythingAway(t *testing.T) {
	n := newNetwork(t)
	in := listen(t, n.Edge, to4)
	f, drifts := watched(t, n.Edge, nftables.Options{ProtectOutbound: true})
	check(t, f.Remove(t.Context())) // of nothing
	sync(t, f, driftWant())
	nft(t, n.Edge, "add table inet other")
	check(t, f.Remove(t.Context()))
	if out := nft(t, n.Edge, "list tables"); strings.TrimSpace(out) != "table inet other" {
		t.Errorf("left: %s", out)
	}
	passes(t, n.Attackers, in, "203.0.113.7", to4)
	nft(t, n.Edge, "add table inet cidrx") // not ours any more
	nft(t, n.Edge, "delete table inet cidrx")
	eventually(t, "the events are read", f.Caught)
	if r := sync(t, f, driftWant()); !r.Full {
		t.Errorf("after Remove: %+v, want a full write", r)
	}
	dropped(t, n.Attackers, f, in, "203.0.113.7", to4)
	select {
	case d := <-drifts:
		t.Errorf("drift %+v", d)
	default:
	}
}
