//go:build linux

package firewalltest

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"

	"cidrx/firewall"
	"cidrx/firewall/netlab"
)

// flood sends UDP packets from addresses as fast as it can until it is stopped.
type flood struct {
	sent atomic.Int64
	stop context.CancelFunc
	done chan struct{}
}

func startFlood(t testing.TB, ns *netlab.Namespace, to string, from ...string) *flood {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	f := &flood{stop: cancel, done: make(chan struct{})}
	var conns []net.Conn
	for _, a := range from {
		conn, err := ns.Dial(t.Context(), "udp", netip.MustParseAddr(a), to)
		Check(t, err)
		conns = append(conns, conn)
	}
	go func() {
		defer close(f.done)
		for ctx.Err() == nil {
			for _, c := range conns {
				if _, err := c.Write([]byte("flood")); err == nil { // refused where nobody listens: an ICMP answer to an earlier one
					f.sent.Add(1)
				}
			}
		}
		for _, c := range conns {
			c.Close()
		}
	}()
	t.Cleanup(f.end)
	return f
}

func (f *flood) end() { f.stop(); <-f.done }

// arrived takes what has arrived so far: nothing may have.
func arrived(t *testing.T, r *Receiver) {
	t.Helper()
	select {
	case got := <-r.arrived:
		t.Fatalf("a packet from %v arrived", got.from)
	default:
	}
}

// underFire bans addresses, and sends from them as fast as it goes while f runs. Nothing may arrive, before, during and after it.
func underFire(t *testing.T, n Network, first firewall.Firewall, w firewall.Want, from []string, f func(check func())) {
	t.Helper()
	r := Listen(t, n.Edge, To4)
	Sync(t, first, w)
	fl := startFlood(t, n.Attackers, To4, from...)
	Eventually(t, "packets fly", func() bool { return fl.sent.Load() > 1000 })
	f(func() { t.Helper(); arrived(t, r) })
	before := fl.sent.Load()
	Eventually(t, "packets still fly", func() bool { return fl.sent.Load() > before+1000 })
	fl.end()
	// The last packets are on their way while a fence is: it comes from an address that is not banned, by the same way.
	const fence = "198.51.100.200"
	others := r.waitFor(t, netip.MustParseAddr(fence), func() string { return Send(t, n.Attackers, fence, To4) })
	if len(others) > 0 {
		t.Errorf("%d packets of banned addresses arrived, the first from %v", len(others), others[0].from)
	}
	t.Logf("%d packets sent", fl.sent.Load())
}

// ReplacingBansLetsNobodyIn replaces a network by what lies in it, and the other way round, some thousand times.
func (b Backend) ReplacingBansLetsNobodyIn(t *testing.T) {
	n := NewNetwork(t)
	parent := "203.0.113.0/24"
	shapes := map[string][]string{
		"hosts":              {"203.0.113.7/32", "203.0.113.8/32", "203.0.113.9/32"},
		"networks":           {"203.0.113.0/29", "203.0.113.8/29", "203.0.113.128/25"},
		"hosts and networks": {"203.0.113.0/29", "203.0.113.8/32", "203.0.113.9/32", "203.0.113.16/28"},
	}
	for _, protect := range []bool{true, false} {
		for name, children := range shapes {
			t.Run(name, func(t *testing.T) {
				f := b.Open(t, n.Edge, Options{ProtectOutbound: protect})
				underFire(t, n, f, Ban(parent), []string{"203.0.113.7", "203.0.113.8", "203.0.113.9"}, func(check func()) {
					for range b.rounds(1000) {
						Sync(t, f, Ban(children...))
						Sync(t, f, Ban(parent))
						check()
					}
				})
			})
		}
	}
}

// RestartLeavesNoGap sends throughout stops and starts, with the options changing now and then.
func (b Backend) RestartLeavesNoGap(t *testing.T) {
	n := NewNetwork(t)
	f := b.Open(t, n.Edge, Options{ProtectOutbound: true})
	w := Ban("203.0.113.0/25", "203.0.113.200/32")
	moved := Ban("203.0.113.7/32", "203.0.113.200/30")
	underFire(t, n, f, w, []string{"203.0.113.7", "203.0.113.200"}, func(check func()) {
		for i := range b.rounds(60) {
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			check()
			f = b.Open(t, n.Edge, Options{ProtectOutbound: i%4 < 2, Ports: [][]uint16{nil, {7}, {7, 80}}[i%3]})
			check()
			if r := Sync(t, f, []firewall.Want{w, moved}[i%2]); !r.Full {
				t.Fatalf("first Sync after a start: %+v", r)
			}
			check()
		}
	})
}

// FullRewriteLeavesNoGap loses trust in what the kernel has again and again, as after an error.
func (b Backend) FullRewriteLeavesNoGap(t *testing.T) {
	n := NewNetwork(t)
	f := b.Open(t, n.Edge, Options{ProtectOutbound: true})
	underFire(t, n, f, Ban("203.0.113.0/24"), []string{"203.0.113.7"}, func(check func()) {
		for i := range b.rounds(300) {
			f.Distrust()
			if r := Sync(t, f, Ban([]string{"203.0.113.7/32", "203.0.113.0/24"}[i%2])); !r.Full {
				t.Fatalf("%+v, want a full write", r)
			}
			check()
		}
	})
}

// LargeRestoreLeavesNoGap writes 11,000 bans anew while packets come from two of them.
func (b Backend) LargeRestoreLeavesNoGap(t *testing.T) {
	n := NewNetwork(t)
	f := b.Open(t, n.Edge, Options{ProtectOutbound: true})
	w := Ban("203.0.113.0/25", "203.0.113.200/32")
	for _, e := range Many(10_000, 1_000).Elements {
		if !e.Prefix.Overlaps(netip.MustParsePrefix("203.0.113.0/24")) && !e.Prefix.Overlaps(netip.MustParsePrefix("198.51.100.0/24")) {
			w.Elements = append(w.Elements, e)
		}
	}
	slices.SortFunc(w.Elements, func(a, b firewall.Element) int { return a.Prefix.Compare(b.Prefix) })
	underFire(t, n, f, w, []string{"203.0.113.7", "203.0.113.200"}, func(check func()) {
		for range 3 {
			f.Distrust()
			if r := Sync(t, f, w); r != (firewall.Result{Added: len(w.Elements), Full: true}) {
				t.Fatalf("%+v, want a full write of %d", r, len(w.Elements))
			}
			check()
		}
	})
	b.Holds(t, n.Edge, w)
}
