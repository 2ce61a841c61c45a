//go:build linux

package ipset_test

import (
	"log/slog"
	"net/netip"
	"slices"
	"testing"
	"time"

	"cidrx/firewall"
	"cidrx/firewall/firewalltest"
	"cidrx/firewall/ipset"
	"cidrx/firewall/netlab"
)

func benchFirewall(b *testing.B) (*ipset.Firewall, *netlab.Namespace) {
	b.Helper()
	ns := firewalltest.LoneHost(b)
	return open(b, ns, ipset.Options{ProtectOutbound: true, Logger: slog.New(slog.DiscardHandler)}), ns
}

// benchmarkOne bans one more address and confirms it, with so many held already.
func benchmarkOne(b *testing.B, held firewall.Want, add string) {
	f, _ := benchFirewall(b)
	firewalltest.Sync(b, f, held)
	e := firewall.Element{Prefix: netip.MustParsePrefix(add), Until: time.Now().Add(time.Hour)}
	at, _ := slices.BinarySearchFunc(held.Elements, e, func(x, y firewall.Element) int { return x.Prefix.Compare(y.Prefix) })
	with := firewall.Want{Elements: slices.Insert(slices.Clone(held.Elements), at, e)}
	b.ReportAllocs()
	for b.Loop() {
		if r := firewalltest.Sync(b, f, with); r.Added != 1 {
			b.Fatalf("%+v", r)
		}
		b.StopTimer()
		firewalltest.Sync(b, f, held)
		b.StartTimer()
	}
}

func BenchmarkBanOne(b *testing.B) {
	b.Run("host", func(b *testing.B) { benchmarkOne(b, firewall.Want{}, "198.51.100.1/32") })
	b.Run("host,held=100000", func(b *testing.B) { benchmarkOne(b, firewalltest.Many(90_000, 10_000), "0.1.2.3/32") })
	b.Run("network,held=100000", func(b *testing.B) { benchmarkOne(b, firewalltest.Many(90_000, 10_000), "0.1.2.0/24") })
}

// BenchmarkRestore writes 90,000 hosts and 10,000 networks, and the rules, to a kernel that has none.
func BenchmarkRestore(b *testing.B) {
	w := firewalltest.Many(90_000, 10_000)
	f, _ := benchFirewall(b)
	b.ReportAllocs()
	for b.Loop() {
		firewalltest.Sync(b, f, w)
		b.StopTimer()
		firewalltest.Check(b, f.Remove(b.Context()))
		b.StartTimer()
	}
}

// BenchmarkRewrite writes them anew where they are in the kernel already, as after a restart.
func BenchmarkRewrite(b *testing.B) {
	w := firewalltest.Many(90_000, 10_000)
	f, _ := benchFirewall(b)
	firewalltest.Sync(b, f, w)
	for b.Loop() {
		f.Distrust()
		firewalltest.Sync(b, f, w)
	}
}

// BenchmarkReadBack finds one element that somebody deleted among 100,000.
func BenchmarkReadBack(b *testing.B) {
	w := firewalltest.Many(90_000, 10_000)
	f, _ := benchFirewall(b)
	firewalltest.Sync(b, f, w)
	for b.Loop() {
		f.Suspect()
		firewalltest.Sync(b, f, w)
	}
}

func BenchmarkCounters(b *testing.B) {
	w := firewalltest.Many(90_000, 10_000)
	f, _ := benchFirewall(b)
	firewalltest.Sync(b, f, w)
	for b.Loop() {
		c, err := f.Counters(b.Context())
		firewalltest.Check(b, err)
		if len(c.Elements) != len(w.Elements) {
			b.Fatal("counters are missing")
		}
	}
}

// BenchmarkOpen finds the programs, tries them, and writes the rules: what a start takes.
func BenchmarkOpen(b *testing.B) {
	ns := firewalltest.LoneHost(b)
	for b.Loop() {
		f, err := ipset.New(ipset.Options{ProtectOutbound: true, Netns: ns.FD()})
		firewalltest.Check(b, err)
		firewalltest.Sync(b, f, firewall.Want{})
		firewalltest.Check(b, f.Close())
	}
}
