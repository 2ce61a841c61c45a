//go:build linux

package nftables_test

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"cidrx/firewall"
	"cidrx/firewall/netlab"
	"cidrx/firewall/nftables"
)

// patience is how long a condition may take to become true before a test fails.
const patience = 30 * time.Second

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
		time.Sleep(time.Millisecond)
	}
}

// network is attackers, who own 203.0.113.0/24, 198.51.100.0/24, 2001:db8:bad::/48 and 2001:db8:cafe::/48, in front of the edge host.
type network struct {
	attackers, edge *netlab.Namespace
}

const (
	edge4 = "192.0.2.2"
	edge6 = "2001:db8::2"
)

func newNetwork(t testing.TB) network {
	t.Helper()
	lab := netlab.New()
	t.Cleanup(func() { check(t, lab.Close()) })
	n := network{attackers: host(t, lab, "attackers"), edge: host(t, lab, "edge")}
	check(t, lab.Link(n.attackers, n.edge, "192.0.2.1/24", edge4+"/24", "2001:db8::1/64", edge6+"/64"))
	for prefix, via := range map[string]string{
		"203.0.113.0/24": "192.0.2.1", "198.51.100.0/24": "192.0.2.1", "2001:db8:bad::/48": "2001:db8::1", "2001:db8:cafe::/48": "2001:db8::1",
	} {
		check(t, n.attackers.Own(prefix))
		check(t, n.edge.AddRoute(prefix, via))
	}
	return n
}

func host(t testing.TB, lab *netlab.Lab, name string) *netlab.Namespace {
	t.Helper()
	ns, err := lab.Namespace(name)
	check(t, err)
	return ns
}

// open makes a Firewall in a namespace; it is closed with the test.
func open(t testing.TB, ns *netlab.Namespace, o nftables.Options) *nftables.Firewall {
	t.Helper()
	o.Netns = ns.FD()
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	f, err := nftables.New(o)
	check(t, err)
	t.Cleanup(func() { check(t, f.Close()) })
	return f
}

// ban makes a Want of prefixes that end in an hour.
func ban(prefixes ...string) firewall.Want {
	return banFor(time.Hour, prefixes...)
}

func banFor(d time.Duration, prefixes ...string) firewall.Want {
	var w firewall.Want
	until := time.Now().Add(d)
	for _, p := range prefixes {
		w.Elements = append(w.Elements, firewall.Element{Prefix: netip.MustParsePrefix(p), Until: until})
	}
	slices.SortFunc(w.Elements, func(a, b firewall.Element) int { return a.Prefix.Compare(b.Prefix) })
	return w
}

func sync(t testing.TB, f firewall.Firewall, w firewall.Want) firewall.Result {
	t.Helper()
	r, err := f.Sync(t.Context(), w)
	check(t, err)
	return r
}

// packet is one that arrived.
type packet struct {
	from netip.Addr
	id   string
}

// receiver takes the UDP packets that arrive.
type receiver struct {
	conn    net.PacketConn
	arrived chan packet
}

func listen(t testing.TB, ns *netlab.Namespace, address string) *receiver {
	t.Helper()
	conn, err := ns.ListenPacket("udp", address)
	check(t, err)
	r := &receiver{conn: conn, arrived: make(chan packet, 1024)}
	t.Cleanup(func() { conn.Close() })
	go r.run()
	return r
}

func (r *receiver) run() {
	defer close(r.arrived)
	buf := make([]byte, 64)
	for {
		n, addr, err := r.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		r.arrived <- packet{addr.(*net.UDPAddr).AddrPort().Addr().Unmap(), string(buf[:n])}
	}
}

// waitFor takes arrivals until there is one that was sent with one of the ids, and returns those of other addresses before it. It sends again now
// and then: the first packets of a flow may be lost to neighbour discovery.
func (r *receiver) waitFor(t testing.TB, from netip.Addr, send func() string) (others []packet) {
	t.Helper()
	ids := []string{send()}
	deadline := time.After(patience)
	for {
		select {
		case got := <-r.arrived:
			if slices.Contains(ids, got.id) {
				return others
			}
			if got.from != from {
				others = append(others, got)
			}
		case <-time.After(200 * time.Millisecond):
			ids = append(ids, send())
		case <-deadline:
			t.Fatalf("nothing from %v within %v", from, patience)
		}
	}
}

// packetID numbers the packets sent.
var packetID atomic.Int64

// send sends one UDP packet from a source address and returns what is in it.
func send(t testing.TB, ns *netlab.Namespace, from, to string) string {
	t.Helper()
	conn, err := ns.Dial(t.Context(), "udp", netip.MustParseAddr(from), to)
	check(t, err)
	defer conn.Close()
	id := fmt.Sprint(packetID.Add(1))
	_, err = conn.Write([]byte(id))
	check(t, err)
	return id
}

// passes checks that a packet from an address arrives.
func passes(t testing.TB, ns *netlab.Namespace, r *receiver, from, to string) {
	t.Helper()
	r.waitFor(t, netip.MustParseAddr(from), func() string { return send(t, ns, from, to) })
}

// dropped checks that a packet from an address does not arrive: the kernel counts it at the element that bans it.
func dropped(t testing.TB, ns *netlab.Namespace, f *nftables.Firewall, r *receiver, from, to string) {
	t.Helper()
	before := drops(t, f, from)
	id := send(t, ns, from, to)
	eventually(t, "a packet from "+from+" is dropped", func() bool {
		select {
		case got := <-r.arrived:
			if got.id == id {
				t.Fatalf("a packet from %s arrived", from)
			}
		default:
		}
		return drops(t, f, from) > before
	})
}

// drops is the sum of the counters of all elements that an address is in.
func drops(t testing.TB, f *nftables.Firewall, addr string) (n uint64) {
	t.Helper()
	c, err := f.Counters(t.Context())
	check(t, err)
	for p, packets := range c.Elements {
		if p.Contains(netip.MustParseAddr(addr)) {
			n += packets
		}
	}
	return n
}
