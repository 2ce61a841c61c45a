package bench

import (
	"os/exec"
	"testing"
	"time"

	"cidrx/cmd/internal/rig"
)

const bulkRuns = 5

// BenchmarkRestore measures from the start of the process until the kernel holds all bans of the state.
func BenchmarkRestore(b *testing.B) {
	var fresh, again rig.Spread
	for b.Loop() {
		fresh, again = nil, nil
		h := newHost(b, configuration)
		elements := h.store(90_000, 10_000)
		for range bulkRuns {
			h.reboot()
			fresh = append(fresh, restore(h, elements))
		}
		for range bulkRuns {
			again = append(again, restore(h, elements))
		}
	}
	results.add("bulk: 90,000 hosts, 10,000 networks restored", "≤ 1 s after start", "%s", fresh)
	results.add("bulk: the same over a table left in place", "", "%s", again)
	b.ReportMetric(float64(fresh.Median()), "ns/restore")
}

func restore(h *host, elements int) time.Duration {
	h.b.Helper()
	m := h.listen()
	start := time.Now()
	h.launch()
	end := h.arrived(m, elements)
	h.enforces()
	h.stop()
	return end.Sub(start)
}

// BenchmarkRepair measures from the kernel's notice of somebody's "nft flush ruleset" until all bans are back.
func BenchmarkRepair(b *testing.B) {
	var noticed, ended rig.Spread
	for b.Loop() {
		noticed, ended = nil, nil
		h := newHost(b, configuration)
		elements := h.store(9_000, 1_000)
		h.start()
		h.enforces()
		for range bulkRuns {
			m := h.listen()
			flushed, done := flush(h, m)
			back := h.arrived(m, elements)
			noticed = append(noticed, back.Sub(flushed))
			ended = append(ended, back.Sub(done))
			h.enforces()
		}
	}
	results.add("bulk: 10,000 bans back after nft flush ruleset", "≤ 200 ms", "%s after the kernel's notice, %s after the end of nft", noticed, rig.Short(ended.Median()))
	b.ReportMetric(float64(noticed.Median()), "ns/repair")
}

// flush has nft flush the ruleset, and says when the kernel had done it and when nft had ended.
func flush(h *host, m *rig.Monitor) (flushed, done time.Time) {
	h.b.Helper()
	nft := exec.Command("nft", "flush", "ruleset")
	must(h.b, h.NS.Start(nft))
	for {
		e, ok := m.Next(time.Now().Add(10 * time.Second))
		if !ok {
			h.b.Fatal("nft did not flush the ruleset")
		}
		if e.Deleted {
			flushed = e.At
			break
		}
	}
	must(h.b, nft.Wait())
	return flushed, time.Now()
}

// arrived waits until so many elements have been added, and says when the commit of the last one ended.
func (h *host) arrived(m *rig.Monitor, elements int) time.Time {
	h.b.Helper()
	for n := 0; ; {
		e, ok := m.Next(time.Now().Add(30 * time.Second))
		if !ok {
			h.b.Fatalf("%d of %d elements arrived in the kernel; the agent said:\n%s", n, elements, h.Said())
		}
		n += len(e.Added)
		if n >= elements && e.Committed {
			return e.At
		}
	}
}

// enforces makes sure that what was measured did happen.
func (h *host) enforces() {
	h.b.Helper()
	h.await(30*time.Second, "the agent enforces all", func() bool {
		s := h.status()
		return s.State == "enforcing" && s.Kernel.Drift == 0 && s.Kernel.Elements == s.Bans.IPv4+s.Bans.IPv6
	})
}

// store makes a state with so many bans. It returns how many elements they are to the kernel: a network is two, its first address and the one
// after its last.
func (h *host) store(hosts, networks int) (elements int) {
	h.b.Helper()
	must(h.b, h.Store(rig.Prefixes(hosts, networks), time.Hour))
	return hosts + 2*networks
}
