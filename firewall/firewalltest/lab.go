//go:build linux

package firewalltest

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"cidrx/firewall"
	"cidrx/firewall/netlab"
)

// Patience is how long a condition may take to become true before a test fails.
const Patience = time.Minute

// Check ends the test at an error.
func Check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Eventually waits for a condition.
func Eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(Patience); !condition(); {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", Patience, what)
		}
		time.Sleep(time.Millisecond)
	}
}

// Network is attackers, who own 203.0.113.0/24, 198.51.100.0/24, 2001:db8:bad::/48 and 2001:db8:cafe::/48, in front of the edge host.
type Network struct {
	Attackers, Edge *netlab.Namespace
}

// The addresses of the edge host, and of a port of it.
const (
	Edge4 = "192.0.2.2"
	Edge6 = "2001:db8::2"
	To4   = Edge4 + ":7"
	To6   = "[" + Edge6 + "]:7"
)

// NewNetwork makes one that goes away with the test.
func NewNetwork(t testing.TB) Network {
	t.Helper()
	lab := netlab.New()
	t.Cleanup(func() { Check(t, lab.Close()) })
	n := Network{Attackers: Host(t, lab, "attackers"), Edge: Host(t, lab, "edge")}
	Check(t, lab.Link(n.Attackers, n.Edge, "192.0.2.1/24", Edge4+"/24", "2001:db8::1/64", Edge6+"/64"))
	for prefix, via := range map[string]string{
		"203.0.113.0/24": "192.0.2.1", "198.51.100.0/24": "192.0.2.1", "2001:db8:bad::/48": "2001:db8::1", "2001:db8:cafe::/48": "2001:db8::1",
	} {
		Check(t, n.Attackers.Own(prefix))
		Check(t, n.Edge.AddRoute(prefix, via))
	}
	return n
}

// Host adds a host to a network.
func Host(t testing.TB, lab *netlab.Lab, name string) *netlab.Namespace {
	t.Helper()
	ns, err := lab.Namespace(name)
	Check(t, err)
	return ns
}

// Ban makes a Want of prefixes that end in an hour.
func Ban(prefixes ...string) firewall.Want {
	return BanFor(time.Hour, prefixes...)
}

// BanFor makes a Want of prefixes that end after d.
func BanFor(d time.Duration, prefixes ...string) firewall.Want {
	var w firewall.Want
	until := time.Now().Add(d)
	for _, p := range prefixes {
		w.Elements = append(w.Elements, firewall.Element{Prefix: netip.MustParsePrefix(p), Until: until})
	}
	slices.SortFunc(w.Elements, func(a, b firewall.Element) int { return a.Prefix.Compare(b.Prefix) })
	return w
}

// Sync is f.Sync that works.
func Sync(t testing.TB, f firewall.Firewall, w firewall.Want) firewall.Result {
	t.Helper()
	r, err := f.Sync(t.Context(), w)
	Check(t, err)
	return r
}

// packet is one that arrived.
type packet struct {
	from netip.Addr
	id   string
}

// Receiver takes the UDP packets that arrive.
type Receiver struct {
	conn    net.PacketConn
	arrived chan packet
}

// Listen takes the UDP packets that arrive at an address, until the test ends.
func Listen(t testing.TB, ns *netlab.Namespace, address string) *Receiver {
	t.Helper()
	conn, err := ns.ListenPacket("udp", address)
	Check(t, err)
	r := &Receiver{conn: conn, arrived: make(chan packet, 1024)}
	t.Cleanup(func() { conn.Close() })
	go r.run()
	return r
}

func (r *Receiver) run() {
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
func (r *Receiver) waitFor(t testing.TB, from netip.Addr, send func() string) (others []packet) {
	t.Helper()
	ids := []string{send()}
	deadline := time.After(Patience)
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
			t.Fatalf("nothing from %v within %v", from, Patience)
		}
	}
}

// packetID numbers the packets sent.
var packetID atomic.Int64

// Send sends one UDP packet from a source address and returns what is in it.
func Send(t testing.TB, ns *netlab.Namespace, from, to string) string {
	t.Helper()
	conn, err := ns.Dial(t.Context(), "udp", netip.MustParseAddr(from), to)
	Check(t, err)
	defer conn.Close()
	id := fmt.Sprint(packetID.Add(1))
	_, err = conn.Write([]byte(id))
	Check(t, err)
	return id
}

// Passes checks that a packet from an address arrives.
func Passes(t testing.TB, ns *netlab.Namespace, r *Receiver, from, to string) {
	t.Helper()
	r.waitFor(t, netip.MustParseAddr(from), func() string { return Send(t, ns, from, to) })
}

// Dropped checks that a packet from an address does not arrive: the kernel counts it at the element that bans it.
func Dropped(t testing.TB, ns *netlab.Namespace, f firewall.Firewall, r *Receiver, from, to string) {
	t.Helper()
	before := Drops(t, f, from)
	id := Send(t, ns, from, to)
	Eventually(t, "a packet from "+from+" is dropped", func() bool {
		select {
		case got := <-r.arrived:
			if got.id == id {
				t.Fatalf("a packet from %s arrived", from)
			}
		default:
		}
		return Drops(t, f, from) > before
	})
}

// Drops is the sum of the counters of all elements that an address is in.
func Drops(t testing.TB, f firewall.Firewall, addr string) (n uint64) {
	t.Helper()
	c, err := f.Counters(t.Context())
	Check(t, err)
	for p, packets := range c.Elements {
		if p.Contains(netip.MustParseAddr(addr)) {
			n += packets
		}
	}
	return n
}
