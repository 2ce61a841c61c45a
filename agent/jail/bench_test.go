package jail_test

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"cidrx/agent/jail"
	"cidrx/detect"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// host is the i-th of many scattered addresses.
func host(i int) netip.Prefix {
	var a [4]byte
	binary.BigEndian.PutUint32(a[:], 0x20000000+uint32(i)*2654435761%0x60000000)
	return netip.PrefixFrom(netip.AddrFrom4(a), 32)
}

func hostVerdict(p netip.Prefix) detect.Verdict {
	return detect.Verdict{
		Prefix: p, Jail: true, Enforceable: true, Needed: 10, Reason: `strategy "scanners", tier 1 [20,29,32,0]`,
		Evidence: detect.Evidence{Requests: 20, Hosts: 1, First: start, Last: start},
	}
}

var benchOptions = jail.Options{
	Stages:      []time.Duration{10 * time.Minute, time.Hour, 12 * time.Hour, 48 * time.Hour, 168 * time.Hour},
	ForgetAfter: 168 * time.Hour, MaxPrefix4: 16, MaxPrefix6: 32, MaxBans: 200_000,
}

// crowded is a jail with 100,000 bans, 10,000 of them on networks.
func crowded() *jail.Jail {
	j := jail.New(benchOptions)
	j.SetAllow(start, []jail.AllowEntry{{Prefix: netip.MustParsePrefix("192.0.2.0/24")}})
	for i := 0; j.Size() < 100_000; i++ {
		p := host(i)
		if i%10 == 0 {
			p = netip.PrefixFrom(p.Addr(), 24).Masked()
		}
		j.Judge(start.Add(time.Duration(i)*time.Millisecond), hostVerdict(p))
	}
	j.Holds()
	j.Unsaved()
	return j
}

func BenchmarkJudgeNew(b *testing.B) {
	j, now := crowded(), start.Add(5*time.Minute)
	i := 1_000_000
	for b.Loop() {
		j.Judge(now, hostVerdict(host(i)))
		if i++; i%10_000 == 0 {
			b.StopTimer()
			j = crowded()
			b.StartTimer()
		}
	}
}

func BenchmarkJudgeBanned(b *testing.B) {
	j, now := crowded(), start.Add(5*time.Minute)
	v := hostVerdict(host(1))
	b.ReportAllocs()
	for b.Loop() {
		j.Judge(now, v)
	}
}

func BenchmarkJudgeFull(b *testing.B) {
	o := benchOptions
	o.MaxBans = 100_000
	j, now := crowded(), start.Add(5*time.Minute)
	j.SetOptions(now, o)
	i := 1_000_000
	for b.Loop() {
		j.Judge(now, hostVerdict(host(i)))
		i++
	}
}

// BenchmarkBanToHolds is what stands between a verdict and the firewall's goroutine.
func BenchmarkBanToHolds(b *testing.B) {
	j, now := crowded(), start.Add(5*time.Minute)
	i := 1_000_000
	b.ReportAllocs()
	for b.Loop() {
		j.Judge(now, hostVerdict(host(i)))
		j.Holds()
		j.Unsaved()
		i++
	}
}

func BenchmarkHoldsAnew(b *testing.B) {
	j, now := crowded(), start.Add(5*time.Minute)
	o := benchOptions
	for b.Loop() {
		o.MaxBans++
		j.SetOptions(now, o)
		j.Holds()
	}
}

func BenchmarkExempt(b *testing.B) {
	j := crowded()
	addr := netip.MustParseAddr("203.0.113.7")
	for b.Loop() {
		j.Exempt(addr)
	}
}

func BenchmarkStops(b *testing.B) {
	j := crowded()
	addr := netip.MustParseAddr("203.0.113.7")
	for b.Loop() {
		j.Stops(addr)
	}
}

func BenchmarkForgotten(b *testing.B) {
	j := crowded()
	j.UnblockAll(start.Add(5*time.Minute), 0, "root")
	addr := host(1).Addr()
	for b.Loop() {
		j.Forgotten(addr, start)
	}
}

// BenchmarkExpire is the end of one ban of many.
func BenchmarkExpire(b *testing.B) {
	j := crowded()
	for b.Loop() {
		next, ok := j.Next()
		if !ok {
			b.StopTimer()
			j = crowded()
			b.StartTimer()
		}
		j.Advance(next)
	}
}

func BenchmarkRestore(b *testing.B) {
	s := crowded().Snapshot()
	for b.Loop() {
		j := jail.New(benchOptions)
		j.Restore(start, s)
		j.Holds()
	}
}

// BenchmarkCarveAllowlist cuts 1,000 allowed hosts out of a banned /16.
func BenchmarkCarveAllowlist(b *testing.B) {
	var list []jail.AllowEntry
	for i := range 1000 {
		list = append(list, jail.AllowEntry{Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, byte(i * 7), byte(i * 31)}), 32)})
	}
	j := jail.New(benchOptions)
	j.SetAllow(start, list)
	j.Ban(start, jail.Order{Prefix: netip.MustParsePrefix("198.51.0.0/16")})
	for i := 0; b.Loop(); i++ {
		j.Ban(start, jail.Order{Prefix: netip.MustParsePrefix("198.51.0.0/16"), For: time.Hour + time.Duration(i)})
		j.Holds()
	}
}

// BenchmarkMemory reports what 100,000 bans take.
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		j := crowded()
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "MB")
		runtime.KeepAlive(j)
	}
}
