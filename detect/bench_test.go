package detect_test

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"cidrx/detect"
	"cidrx/detect/internal/cputime"
	"cidrx/detect/parse"
)

// benchmark feeds events at 500,000 a second with the masks of three strategies: everybody, one in 20 a bot, one in 10 a login.
func benchmark(b *testing.B, e *detect.Engine, client func(i int) netip.Addr) {
	const perSecond = 500_000
	line := make([]byte, 237)
	ev := parse.Event{Line: line, Repeat: 1}
	i := 0
	verdicts := 0
	raise := func(detect.Verdict) { verdicts++ }
	b.ReportAllocs()
	cputime.Report(b, func() {
		for b.Loop() {
			now := start.Add(time.Duration(100+i/perSecond) * time.Second)
			ev.Client, ev.Time = client(i), now
			mask := detect.Mask(1)
			if i%20 == 0 {
				mask |= 2
			}
			if i%10 == 0 {
				mask |= 4
			}
			e.Observe(now, &ev, mask, raise)
			i++
		}
	})
	b.ReportMetric(float64(verdicts)/float64(b.N), "verdicts/op")
}

// busy is the setup of the sustained benchmark: 200,000 addresses, three strategies, so many lines that entries leave all the time.
func busy(b *testing.B) (e *detect.Engine, clients []netip.Addr) {
	e = engine(b,
		strategyOf("all", 10*time.Minute, tier(20000, 16, 32, 0.1), tier(5000, 24, 32, 0.05)),
		strategyOf("bots", 10*time.Minute, tier(5000, 16, 32, 0.1)),
		strategyOf("login", 10*time.Minute, tier(5000, 16, 32, 0.1)))
	r := rand.New(rand.NewPCG(1, 2))
	clients = make([]netip.Addr, 200_000)
	for i := range clients {
		v := r.Uint32()
		clients[i] = netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
	}
	for i := range 4_000_000 {
		now := start.Add(time.Duration(i/500_000) * time.Second)
		mask := detect.Mask(1)
		if i%20 == 0 {
			mask |= 2
		}
		if i%10 == 0 {
			mask |= 4
		}
		e.Warm(now, &parse.Event{Time: now, Client: clients[r.IntN(len(clients))], Repeat: 1}, mask)
	}
	return e, clients
}

func BenchmarkObserve(b *testing.B) {
	e, clients := busy(b)
	picks := make([]uint32, 1<<20)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range picks {
		picks[i] = r.Uint32N(uint32(len(clients)))
	}
	benchmark(b, e, func(i int) netip.Addr { return clients[picks[i&(len(picks)-1)]] })
	for _, s := range e.Stats() {
		b.Logf("%s: %d requests of %d addresses in %v, %d evicted", s.Name, s.Requests, s.Addresses, s.Window, s.Evicted)
	}
}
