//go:build linux

package nftables_test

import (
	"log/slog"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"cidrx/firewall"
	"cidrx/firewall/netlab"
	"cidrx/firewall/nftables"
)

// cpu reports the processor time of the loop, of this process and of the kernel for it, beside the time that passes: on a machine that others use too
// it says more.
func cpu(b *testing.B) {
	b.Helper()
	used := func() time.Duration {
		var u syscall.Rusage
		check(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	b.Cleanup(func() { b.ReportMetric(float64(used()-before)/float64(b.N)/1e6, "cpu-ms/op") })
}

func benchFirewall(b *testing.B) (*nftables.Firewall, *netlab.Namespace) {
	b.Helper()
	lab := netlab.New()
	b.Cleanup(func() { check(b, lab.Close()) })
	ns := host(b, lab, "edge")
	return open(b, ns, nftables.Options{ProtectOutbound: true, Logger: slog.New(slog.DiscardHandler)}), ns
}

// benchmarkOne bans one more address and confirms it, with so many held already.
func benchmarkOne(b *testing.B, held firewall.Want, add string) {
	f, _ := benchFirewall(b)
	sync(b, f, held)
	e := firewall.Element{Prefix: netip.MustParsePrefix(add), Until: time.Now().Add(time.Hour)}
	at, _ := slices.BinarySearchFunc(held.Elements, e, func(x, y firewall.Element) int { return x.Prefix.Compare(y.Prefix) })
	with := firewall.Want{Elements: slices.Insert(slices.Clone(held.Elements), at, e)}
	b.ReportAllocs()
	cpu(b)
	for b.Loop() {
		if r := sync(b, f, with); r.Added != 1 {
			b.Fatalf("%+v", r)
		}
		b.StopTimer()
		sync(b, f, held)
		b.StartTimer()
	}
}

func BenchmarkBanOne(b *testing.B) {
	b.Run("host", func(b *testing.B) { benchmarkOne(b, firewall.Want{}, "198.51.100.1/32") })
	b.Run("network", func(b *testing.B) { benchmarkOne(b, firewall.Want{}, "198.51.100.0/24") })
	b.Run("host,held=100000", func(b *testing.B) { benchmarkOne(b, many(90_000, 10_000), "0.1.2.3/32") })
	b.Run("network,held=100000", func(b *testing.B) { benchmarkOne(b, many(90_000, 10_000), "0.1.2.0/24") })
}

// BenchmarkRestore writes 90,000 hosts and 10,000 networks to a kernel that has none.
func BenchmarkRestore(b *testing.B) {
	w := many(90_000, 10_000)
	f, _ := benchFirewall(b)
	b.ReportAllocs()
	cpu(b)
	for b.Loop() {
		sync(b, f, w)
		b.StopTimer()
		check(b, f.Remove(b.Context()))
		b.StartTimer()
	}
}

// BenchmarkRewrite writes them anew where they are in the kernel already, as after a restart.
func BenchmarkRewrite(b *testing.B) {
	w := many(90_000, 10_000)
	f, _ := benchFirewall(b)
	sync(b, f, w)
	b.ReportAllocs()
	cpu(b)
	for b.Loop() {
		f.Distrust()
		sync(b, f, w)
	}
}

// BenchmarkRepair brings 10,000 bans back after "nft flush ruleset".
func BenchmarkRepair(b *testing.B) {
	w := many(9_000, 1_000)
	f, ns := benchFirewall(b)
	sync(b, f, w)
	cpu(b)
	for b.Loop() {
		b.StopTimer()
		nft(b, ns, "flush ruleset")
		f.Distrust()
		b.StartTimer()
		sync(b, f, w)
	}
}

// BenchmarkReadBack finds one element that somebody deleted among 100,000 hosts, or 10,000 networks.
func BenchmarkReadBack(b *testing.B) {
	for name, w := range map[string]firewall.Want{"hosts=100000": many(100_000, 0), "networks=10000": many(0, 10_000)} {
		b.Run(name, func(b *testing.B) {
			f, _ := benchFirewall(b)
			sync(b, f, w)
			cpu(b)
			for b.Loop() {
				f.Suspect()
				sync(b, f, w)
			}
		})
	}
}

func BenchmarkCounters(b *testing.B) {
	for name, w := range map[string]firewall.Want{"hosts=100000": many(100_000, 0), "networks=10000": many(0, 10_000)} {
		b.Run(name, func(b *testing.B) {
			f, _ := benchFirewall(b)
			sync(b, f, w)
			complete := func() bool {
				c, err := f.Counters(b.Context())
				check(b, err)
				return len(c.Elements) == len(w.Elements)
			}
			eventually(b, "the hash has grown to its size", complete)
			cpu(b)
			for b.Loop() {
				if !complete() {
					b.Fatal("counters are missing")
				}
			}
		})
	}
}
