//go:build linux

package firewalltest

import (
	"net/netip"
	"testing"

	"cidrx/firewall"
	"cidrx/firewall/netlab"

	nf "github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// routed is attackers in front of a router, and a container behind it that the router publishes at 192.0.2.254:8080.
type routed struct {
	attackers, router, container *netlab.Namespace
}

func newRouted(t *testing.T) routed {
	t.Helper()
	lab := netlab.New()
	t.Cleanup(func() { Check(t, lab.Close()) })
	n := routed{Host(t, lab, "attackers"), Host(t, lab, "router"), Host(t, lab, "container")}
	Check(t, lab.Link(n.attackers, n.router, "192.0.2.1/24", "192.0.2.254/24", "2001:db8:1::1/64", "2001:db8:1::fe/64"))
	Check(t, lab.Link(n.container, n.router, "172.17.0.2/16", "172.17.0.1/16", "2001:db8:2::2/64", "2001:db8:2::1/64"))
	Check(t, n.attackers.Own("203.0.113.0/24"))
	Check(t, n.attackers.Own("2001:db8:bad::/48"))
	Check(t, n.router.AddRoute("203.0.113.0/24", "192.0.2.1"))
	Check(t, n.router.AddRoute("2001:db8:bad::/48", "2001:db8:1::1"))
	Check(t, n.attackers.AddRoute("172.17.0.0/16", "192.0.2.254"))
	Check(t, n.attackers.AddRoute("2001:db8:2::/64", "2001:db8:1::fe"))
	Check(t, n.container.AddRoute("0.0.0.0/0", "172.17.0.1"))
	Check(t, n.container.AddRoute("::/0", "2001:db8:2::1"))
	Check(t, n.router.Forward(true))
	publish(t, n.router)
	return n
}

// publish makes the rule that a container engine makes for a published port: destination NAT of 192.0.2.254:8080 to 172.17.0.2:7, for UDP.
func publish(t *testing.T, ns *netlab.Namespace) {
	t.Helper()
	c, err := nf.New(nf.WithNetNSFd(ns.FD()))
	Check(t, err)
	table := c.AddTable(&nf.Table{Name: "nat", Family: nf.TableFamilyIPv4})
	chain := c.AddChain(&nf.Chain{Name: "prerouting", Table: table, Type: nf.ChainTypeNAT, Hooknum: nf.ChainHookPrerouting, Priority: nf.ChainPriorityNATDest})
	address, port := netip.MustParseAddr("172.17.0.2").As4(), binaryutil.BigEndian.PutUint16(7)
	c.AddRule(&nf.Rule{Table: table, Chain: chain, Exprs: []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1}, &expr.Cmp{Register: 1, Data: []byte{unix.IPPROTO_UDP}},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
		&expr.Cmp{Register: 1, Data: binaryutil.BigEndian.PutUint16(8080)},
		&expr.Immediate{Register: 1, Data: address[:]}, &expr.Immediate{Register: 2, Data: port},
		&expr.NAT{Type: expr.NATTypeDestNAT, Family: unix.NFPROTO_IPV4, RegAddrMin: 1, RegProtoMin: 2, Specified: true},
	}})
	Check(t, c.Flush())
}

// ForwardedAndPublishedTrafficIsCovered bans on a router from what is behind it.
func (b Backend) ForwardedAndPublishedTrafficIsCovered(t *testing.T) {
	n := newRouted(t)
	in4, in6 := Listen(t, n.container, "172.17.0.2:7"), Listen(t, n.container, "[2001:db8:2::2]:7")
	f := b.Open(t, n.router, Options{ProtectOutbound: true})
	tests := []struct {
		name, ban, inside, outside, to string
		in                             *Receiver
	}{
		{"forwarded, host", "203.0.113.7/32", "203.0.113.7", "203.0.113.8", "172.17.0.2:7", in4},
		{"forwarded, network", "203.0.113.0/25", "203.0.113.7", "203.0.113.200", "172.17.0.2:7", in4},
		{"forwarded, IPv6 host", "2001:db8:bad:1::/64", "2001:db8:bad:1::7", "2001:db8:bad:2::7", "[2001:db8:2::2]:7", in6},
		{"forwarded, IPv6 network", "2001:db8:bad::/56", "2001:db8:bad:1::7", "2001:db8:bad:100::7", "[2001:db8:2::2]:7", in6},
		{"published, host", "203.0.113.7/32", "203.0.113.7", "203.0.113.8", "192.0.2.254:8080", in4},
		{"published, network", "203.0.113.0/25", "203.0.113.7", "203.0.113.200", "192.0.2.254:8080", in4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			Sync(t, f, firewall.Want{})
			Passes(t, n.attackers, tt.in, tt.inside, tt.to) // the way is there, also for a flow that conntrack knows
			Sync(t, f, Ban(tt.ban))
			Dropped(t, n.attackers, f, tt.in, tt.inside, tt.to)
			Passes(t, n.attackers, tt.in, tt.outside, tt.to)
		})
	}
}

// HookInputLeavesForwardedTrafficAlone bans from the router itself only.
func (b Backend) HookInputLeavesForwardedTrafficAlone(t *testing.T) {
	n := newRouted(t)
	container, router := Listen(t, n.container, "172.17.0.2:7"), Listen(t, n.router, "192.0.2.254:7")
	f := b.Open(t, n.router, Options{ProtectOutbound: true, Hook: "input"})
	for _, p := range []string{"203.0.113.7/32", "203.0.113.0/24"} {
		Sync(t, f, Ban(p))
		Dropped(t, n.attackers, f, router, "203.0.113.7", "192.0.2.254:7")
		Passes(t, n.attackers, container, "203.0.113.7", "172.17.0.2:7")
		Passes(t, n.attackers, container, "203.0.113.7", "192.0.2.254:8080")
	}
}
