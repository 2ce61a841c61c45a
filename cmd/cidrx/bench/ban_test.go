package bench

import (
	"math/rand/v2"
	"net/netip"
	"os"
	"testing"
	"time"

	"cidrx/cmd/internal/rig"
)

const (
	bans         = 300                    // repetitions
	busyLines    = 100_000                // a second, of others, in the same log
	betweenBans  = 20 * time.Millisecond  // at most; at random, so that nothing falls in step with the writer or a timer
	busyInterval = time.Millisecond       // of the writes of others
	warmBusy     = 500 * time.Millisecond // of others before the first ban
)

// BenchmarkTimeToBan measures from the write(2) of the line that crosses the threshold to the kernel's notification of the element.
func BenchmarkTimeToBan(b *testing.B) {
	b.Run("quiet", func(b *testing.B) {
		s, _ := timeToBan(b, false)
		results.add("time to ban", "median ≤ 2 ms, p99 ≤ 10 ms", "%s", s.Tail())
	})
	b.Run("busy", func(b *testing.B) {
		s, rate := timeToBan(b, true)
		results.add("time to ban, busy log", "p99 ≤ 25 ms at 100,000 other lines/s", "%s, at %.0f lines/s", s.Tail(), rate)
	})
}

// timeToBan bans every attacker once, while others write so many lines a second if the log is busy.
func timeToBan(b *testing.B, busy bool) (s rig.Spread, rate float64) {
	h := newHost(b, configuration)
	m := h.listen()
	h.start()
	log := h.openLog()
	attackers := rig.NewTraffic(2, bans).Hosts
	approach(h, log, attackers)
	stop := func() float64 { return 0 }
	if busy {
		stop = others(h, log)
	}
	for b.Loop() {
		s = nil
		for _, a := range attackers {
			s = append(s, cross(h, m, log, a))
			time.Sleep(rand.N(betweenBans))
		}
	}
	b.ReportMetric(float64(s.Median()), "ns/ban")
	return s, stop()
}

// approach brings all attackers to one line below the threshold.
func approach(h *host, log *os.File, attackers []netip.Addr) {
	h.b.Helper()
	var text []byte
	for _, a := range attackers {
		for range linesToBan - 1 {
			text = rig.Attack(text, a, time.Now().UTC())
		}
	}
	_, err := log.Write(text)
	must(h.b, err)
	want := uint64(len(attackers) * (linesToBan - 1))
	h.await(time.Minute, "the lines before the last are counted", func() bool { return h.status().Sources[0].Lines >= want })
}

// cross writes the line that bans the attacker.
func cross(h *host, m *rig.Monitor, log *os.File, attacker netip.Addr) time.Duration {
	h.b.Helper()
	line := rig.Attack(nil, attacker, time.Now().UTC())
	start := time.Now()
	_, err := log.Write(line)
	must(h.b, err)
	for {
		e, ok := m.Next(start.Add(10 * time.Second))
		if !ok {
			h.b.Fatalf("%v was not banned; the agent said:\n%s", attacker, h.Said())
		}
		for _, a := range e.Added {
			if a == attacker {
				return e.At.Sub(start)
			}
		}
	}
}

// others writes ordinary lines to the log until the returned function is called, which says how many they were a second.
func others(h *host, log *os.File) (stop func() float64) {
	const lines = busyLines / int(time.Second/busyInterval)
	w := &rig.Writer{File: log, Blocks: rig.NewTraffic(1, addresses).Blocks(lines), Every: busyInterval}
	done, ended := make(chan struct{}), make(chan error)
	start := time.Now()
	go func() { ended <- w.Run(done) }()
	time.Sleep(warmBusy)
	return func() float64 {
		rate := float64(w.Lines.Load()) / time.Since(start).Seconds()
		close(done)
		must(h.b, <-ended)
		return rate
	}
}
