//go:build linux

package ipset_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"cidrx/firewall"
	"cidrx/firewall/firewalltest"
	"cidrx/firewall/ipset"
	"cidrx/firewall/netlab"
)

// watched is a Firewall whose drift is collected.
func watched(t *testing.T, ns *netlab.Namespace, o ipset.Options) (*ipset.Firewall, chan firewall.Drift) {
	t.Helper()
	f := open(t, ns, o)
	f.LookEvery(20*time.Millisecond, 100*time.Millisecond, 100*time.Millisecond)
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
	case <-time.After(firewalltest.Patience):
		t.Fatal("no drift reported")
	}
	return firewall.Drift{}
}

func driftWant() firewall.Want {
	w := firewalltest.Ban("203.0.113.0/25", "203.0.113.200/32", "203.0.113.201/32", "2001:db8:bad:1::/64", "2001:db8:bad:2::5/128", "2001:db8:cafe::/48", "255.255.255.0/24")
	w.Allow = []netip.Prefix{netip.MustParsePrefix("203.0.113.3/32"), netip.MustParsePrefix("2001:db8:bad:1::3/128")}
	return w
}

func TestForeignChangesAreNoticedAndRepaired(t *testing.T) {
	both(t, func(t *testing.T, v ipset.Variant) {
		n := firewalltest.NewNetwork(t)
		in := firewalltest.Listen(t, n.Edge, firewalltest.To4)
		f, drifts := watched(t, n.Edge, ipset.Options{ProtectOutbound: true, Ports: []uint16{7, 80}, Variant: v})
		w := driftWant()
		firewalltest.Sync(t, f, w)
		iptables := "iptables-" + string(v)
		tests := []struct{ command, what string }{
			{iptables + " -t raw -F", "rules changed"},
			{iptables + " -t mangle -F", "rules changed"},
			{"ip6" + strings.TrimPrefix(iptables, "ip") + " -t raw -F PREROUTING", "rules changed"},
			{iptables + " -t raw -D PREROUTING 1", "rules changed"},
			{iptables + " -t mangle -D PREROUTING -p tcp -m multiport --dports 7,80 -j CHAIN", "rules changed"},
			{iptables + " -t raw -I CHAIN 1 -j ACCEPT", "rules changed"},
			{iptables + " -t mangle -A CHAIN -j DROP", "rules changed"},
			{"ipset flush cidrx4", "elements changed"},
			{"ipset flush cidrx6", "elements changed"},
			{"ipset flush", "elements changed"},
			{"ipset flush cidrx4-allow", "elements changed"},
			{"ipset del cidrx4 203.0.113.200", "elements changed"},
			{"ipset del cidrx4 203.0.113.0/25", "elements changed"},
			{"ipset del cidrx6 2001:db8:bad:1::/64", "elements changed"},
			{"ipset del cidrx4 239.255.255.128/25", "elements changed"}, // an anchor
			{"ipset add cidrx4 198.51.100.1", "elements changed"},
			{"ipset add cidrx4 198.51.100.0/24 timeout 0 nomatch", "elements changed"}, // for ever
			{"ipset add cidrx4 203.0.113.7 timeout 60", "elements changed"},            // inside a network of ours
			{"ipset -exist add cidrx4 203.0.113.200 timeout 9000", "elements changed"},
			{"ipset -exist add cidrx4 203.0.113.200 timeout 3600 nomatch", "elements changed"}, // as if it were a network
			{"ipset add cidrx6-allow 2001:db8:bad::/48", "elements changed"},
		}
		if v == ipset.Nft {
			tests = append(tests, struct{ command, what string }{"nft flush ruleset", "rules changed"})
		}
		for _, tt := range tests {
			t.Run(tt.command, func(t *testing.T) {
				run(t, n.Edge, strings.Fields(strings.ReplaceAll(tt.command, "CHAIN", current(t, n.Edge, iptables, strings.Fields(tt.command))))...)
				if d := nextDrift(t, drifts); d.What != tt.what {
					t.Errorf("drift %+v, want %q", d, tt.what)
				}
				firewalltest.Sync(t, f, w)
				backend(v).Holds(t, n.Edge, w)
				if saved := run(t, n.Edge, "ipset", "save", "cidrx4"); !strings.Contains(saved, "239.255.255.128/25 ") {
					t.Errorf("an anchor is missing:\n%s", saved)
				}
				firewalltest.Dropped(t, n.Attackers, f, in, "203.0.113.200", firewalltest.To4)
				firewalltest.Dropped(t, n.Attackers, f, in, "203.0.113.7", firewalltest.To4)
			})
		}
		if r := firewalltest.Sync(t, f, w); r != (firewall.Result{}) {
			t.Errorf("a repair repeats itself: %+v", r)
		}
		select {
		case d := <-drifts:
			t.Errorf("another drift %+v", d)
		default:
		}
	})
}

// current is the chain that is jumped to in the table that a command names.
func current(t *testing.T, ns *netlab.Namespace, iptables string, command []string) string {
	t.Helper()
	if len(command) < 3 || command[1] != "-t" {
		return ""
	}
	rules := run(t, ns, iptables, "-t", command[2], "-S", "PREROUTING")
	for _, name := range []string{"cidrx-a", "cidrx-b"} {
		if strings.Contains(rules, "-j "+name+"\n") {
			return name
		}
	}
	t.Fatalf("no jump:\n%s", rules)
	return ""
}

// TestWhoSharesTheHostIsNoDrift changes other sets and rules, and our own by ourselves.
func TestWhoSharesTheHostIsNoDrift(t *testing.T) {
	both(t, func(t *testing.T, v ipset.Variant) {
		n := firewalltest.NewNetwork(t)
		f, drifts := watched(t, n.Edge, ipset.Options{ProtectOutbound: true, Variant: v})
		firewalltest.Sync(t, f, driftWant())
		iptables := "iptables-" + string(v)
		for _, command := range []string{"ipset create other hash:ip", "ipset add other 192.0.2.1", iptables + " -t raw -N other", iptables + " -t raw -A PREROUTING -j other",
			iptables + " -t raw -A other -m set --match-set cidrx4 src -j RETURN", "ipset save", iptables + " -A INPUT -j ACCEPT"} {
			run(t, n.Edge, strings.Fields(command)...)
			firewalltest.Sync(t, f, firewalltest.Ban("203.0.113.0/25"))
			firewalltest.Sync(t, f, driftWant())
		}
		f.Distrust()
		firewalltest.Sync(t, f, driftWant())
		run(t, n.Edge, "ipset", "del", "cidrx4", "203.0.113.200") // what comes next is the first that is reported
		if d := nextDrift(t, drifts); d.What != "elements changed" {
			t.Errorf("drift %+v", d)
		}
	})
}

// TestSyncHealsWhatWatchHasNotSeen runs without Watch.
func TestSyncHealsWhatWatchHasNotSeen(t *testing.T) {
	both(t, func(t *testing.T, v ipset.Variant) {
		n := firewalltest.NewNetwork(t)
		in := firewalltest.Listen(t, n.Edge, firewalltest.To4)
		f := open(t, n.Edge, ipset.Options{ProtectOutbound: true, Variant: v})
		w := firewalltest.Ban("203.0.113.0/24")
		firewalltest.Sync(t, f, driftWant())
		for _, table := range []string{"raw", "mangle"} {
			run(t, n.Edge, "iptables-"+string(v), "-t", table, "-F")
			run(t, n.Edge, "ip6tables-"+string(v), "-t", table, "-F")
		}
		firewalltest.Eventually(t, "the kernel has let go of the sets", func() bool { return strings.Contains(run(t, n.Edge, "ipset", "list", "cidrx4", "-t"), "References: 0") })
		for _, set := range []string{"cidrx4", "cidrx6", "cidrx4-allow", "cidrx6-allow"} {
			run(t, n.Edge, "ipset", "destroy", set)
		}
		if r := firewalltest.Sync(t, f, w); !r.Full {
			t.Errorf("%+v, want a full write", r)
		}
		backend(v).Holds(t, n.Edge, w)
		firewalltest.Dropped(t, n.Attackers, f, in, "203.0.113.7", firewalltest.To4)
	})
}

func TestRemoveTakesEverythingAway(t *testing.T) {
	both(t, func(t *testing.T, v ipset.Variant) {
		n := firewalltest.NewNetwork(t)
		in := firewalltest.Listen(t, n.Edge, firewalltest.To4)
		f, drifts := watched(t, n.Edge, ipset.Options{ProtectOutbound: true, Variant: v})
		firewalltest.Check(t, f.Remove(t.Context())) // of nothing
		firewalltest.Sync(t, f, driftWant())
		firewalltest.Check(t, f.Remove(t.Context()))
		nothingLeft(t, n.Edge, v)
		firewalltest.Passes(t, n.Attackers, in, "203.0.113.7", firewalltest.To4)
		if r := firewalltest.Sync(t, f, driftWant()); !r.Full {
			t.Errorf("after Remove: %+v, want a full write", r)
		}
		firewalltest.Dropped(t, n.Attackers, f, in, "203.0.113.7", firewalltest.To4)
		select {
		case d := <-drifts:
			t.Errorf("drift %+v", d)
		default:
		}
	})
}

func nothingLeft(t *testing.T, ns *netlab.Namespace, v ipset.Variant) {
	t.Helper()
	left := run(t, ns, "ipset", "save")
	for _, program := range []string{"iptables-", "ip6tables-"} {
		left += run(t, ns, program+string(v)+"-save")
	}
	if strings.Contains(left, "cidrx") {
		t.Errorf("left: %s", left)
	}
}

// TestCleanTakesAwayWhatAnEarlierProcessLeft has another backend clean up.
func TestCleanTakesAwayWhatAnEarlierProcessLeft(t *testing.T) {
	both(t, func(t *testing.T, v ipset.Variant) {
		ns := firewalltest.LoneHost(t)
		o := ipset.Options{Netns: ns.FD(), ProtectOutbound: true}
		clean(t, o, false)
		before := open(t, ns, ipset.Options{ProtectOutbound: true, Variant: v})
		firewalltest.Sync(t, before, driftWant())
		firewalltest.Check(t, before.Close())
		clean(t, o, true) // with the host's variant, whichever wrote it
		nothingLeft(t, ns, v)
	})
}

func clean(t *testing.T, o ipset.Options, want bool) {
	t.Helper()
	found, err := ipset.Clean(t.Context(), o)
	if err != nil || found != want {
		t.Errorf("Clean: found %v, want %v; %v", found, want, err)
	}
}

// TestOtherVariantIsTakenOver starts with another variant than the process before.
func TestOtherVariantIsTakenOver(t *testing.T) {
	for i, v := range variants {
		t.Run(string(v), func(t *testing.T) {
			n := firewalltest.NewNetwork(t)
			in := firewalltest.Listen(t, n.Edge, firewalltest.To4)
			before := open(t, n.Edge, ipset.Options{ProtectOutbound: true, Variant: v})
			firewalltest.Sync(t, before, driftWant())
			firewalltest.Check(t, before.Close())
			f, _ := watched(t, n.Edge, ipset.Options{ProtectOutbound: true, Variant: variants[1-i]})
			firewalltest.Sync(t, f, driftWant())
			firewalltest.Eventually(t, "the rules of the other variant are gone", func() bool {
				return !strings.Contains(run(t, n.Edge, "iptables-"+string(v)+"-save")+run(t, n.Edge, "ip6tables-"+string(v)+"-save"), "cidrx")
			})
			firewalltest.Dropped(t, n.Attackers, f, in, "203.0.113.7", firewalltest.To4)
		})
	}
}
