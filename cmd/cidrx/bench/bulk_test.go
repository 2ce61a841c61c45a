package bench

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"os/exec"
	"testing"
	"time"

	"cidrx/agent/jail"
	"cidrx/agent/state"
	"cidrx/detect"
)

const bulkRuns = 5

// BenchmarkRestore measures from the start of the process until the kernel holds all bans of the state.
func BenchmarkRestore(b *testing.B) {
	var fresh, again spread
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
	b.ReportMetric(float64(fresh.median()), "ns/restore")
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
	var noticed, ended spread
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
	results.add("bulk: 10,000 bans back after nft flush ruleset", "≤ 200 ms", "%s after the kernel's notice, %s after the end of nft", noticed, short(ended.median()))
	b.ReportMetric(float64(noticed.median()), "ns/repair")
}

// flush has nft flush the ruleset, and says when the kernel had done it and when nft had ended.
func flush(h *host, m *monitor) (flushed, done time.Time) {
	h.b.Helper()
	nft := exec.Command("nft", "flush", "ruleset")
	must(h.b, h.ns.Start(nft))
	for {
		e, ok := m.next(time.Now().Add(10 * time.Second))
		if !ok {
			h.b.Fatal("nft did not flush the ruleset")
		}
		if e.deleted {
			flushed = e.at
			break
		}
	}
	must(h.b, nft.Wait())
	return flushed, time.Now()
}

// arrived waits until so many elements have been added, and says when the commit of the last one ended.
func (h *host) arrived(m *monitor, elements int) time.Time {
	h.b.Helper()
	for n := 0; ; {
		e, ok := m.next(time.Now().Add(30 * time.Second))
		if !ok {
			h.b.Fatalf("%d of %d elements arrived in the kernel; the agent said:\n%s", n, elements, h.said())
		}
		n += len(e.added)
		if n >= elements && e.committed {
			return e.at
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

// store makes a state with so many bans, one in ten IPv6, each with evidence as usual. It returns how many elements they are to the
// kernel: a network is two, its first address and the one after its last.
func (h *host) store(hosts, networks int) (elements int) {
	h.b.Helper()
	store, _, err := state.Open(h.path("state/state.db"), state.Options{})
	must(h.b, err)
	var snap jail.Snapshot
	now := time.Now()
	for _, p := range prefixes(hosts, networks) {
		snap.Bans = append(snap.Bans, usualBan(p, now))
	}
	ctx, cancel := context.WithCancel(context.Background())
	store.Save(state.Full(snap), func(err error) { must(h.b, err); cancel() })
	must(h.b, store.Run(ctx))
	must(h.b, store.Close())
	return hosts + 2*networks
}

func usualBan(p netip.Prefix, now time.Time) jail.Ban {
	return jail.Ban{
		Prefix: p, Start: now.Add(-time.Minute), Until: now.Add(time.Duration(p.Addr().AsSlice()[3])*time.Minute + time.Hour), Stage: 1,
		Reasons: []string{"scanners: 50 of 12,345 requests within 10m, tier [50, 32, 32, 0]"},
		Evidence: detect.Evidence{
			Requests: 50, Hosts: 1, Share: 0.004, First: now.Add(-2 * time.Minute), Last: now.Add(-time.Minute),
			Samples: []string{string(attack(nil, p.Addr(), now))},
		},
	}
}

// prefixes are hosts and networks that do not overlap, in random order: hosts in one part of the address space, networks in another, and
// nothing that is never banned, such as private networks.
func prefixes(hosts, networks int) []netip.Prefix {
	r := rand.New(rand.NewPCG(4, 2))
	seen := map[netip.Prefix]bool{}
	var out []netip.Prefix
	add := func(n, at, bits4, bits6 int) {
		for i := 0; i < n; {
			p := randomPrefix(r, i%10 == 0, byte(at+r.IntN(16)), bits4, bits6)
			if !seen[p] {
				seen[p] = true
				out = append(out, p)
				i++
			}
		}
	}
	add(hosts, 32, 32, 64)
	add(networks, 176, 24, 48)
	return out
}

func randomPrefix(r *rand.Rand, six bool, first byte, bits4, bits6 int) netip.Prefix {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], r.Uint64())
	if !six {
		b[0] = first
		return netip.PrefixFrom(netip.AddrFrom4([4]byte(b[:4])), bits4).Masked()
	}
	b[0], b[1], b[2] = 0x20, 0x01, first
	return netip.PrefixFrom(netip.AddrFrom16(b), bits6).Masked()
}
