package host_test

import (
	"errors"
	"net"
	"net/netip"
	"testing"

	"cidrx/agent/host"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
)

var everywhere = &net.IPNet{IP: net.IPv4zero, Mask: net.CIDRMask(0, 32)}

// replaceDefault changes the default route of the namespace of this thread.
func replaceDefault(via string) error {
	return netlink.RouteReplace(&netlink.Route{Dst: everywhere, Gw: net.ParseIP(via)})
}

// Gateways of every kind of route: several at once, in another table, of the other family.
func TestGateways(t *testing.T) {
	edge := lab(t)
	var got []netip.Addr
	do(t, edge.Do(func() error {
		up1, err := netlink.LinkByName("up1")
		if err != nil {
			return err
		}
		up2, err := netlink.LinkByName("up2")
		if err != nil {
			return err
		}
		hop := func(link netlink.Link, gw string) *netlink.NexthopInfo {
			return &netlink.NexthopInfo{LinkIndex: link.Attrs().Index, Gw: net.ParseIP(gw)}
		}
		err = errors.Join(
			netlink.RouteReplace(&netlink.Route{Dst: everywhere, MultiPath: []*netlink.NexthopInfo{hop(up1, "198.51.100.3"), hop(up2, "203.0.113.3")}}),
			netlink.RouteAdd(&netlink.Route{Dst: everywhere, Table: 1000, Gw: net.ParseIP("203.0.113.4")}),
			netlink.RouteAdd(&netlink.Route{Dst: everywhere, Table: 100, LinkIndex: up1.Attrs().Index, Via: &netlink.Via{AddrFamily: netlink.FAMILY_V6, Addr: net.ParseIP("2001:db8:1::5")}}),
			netlink.RouteAdd(&netlink.Route{Dst: everywhere, Table: 101, LinkIndex: up2.Attrs().Index}), // no gateway
		)
		if err != nil {
			return err
		}
		facts, err := host.New(host.Options{Root: t.TempDir()}).Facts(t.Context())
		for _, f := range facts {
			if f.Kind == host.Gateway {
				got = append(got, f.Addr)
			}
		}
		return err
	}))
	var want []netip.Addr
	for _, s := range []string{"198.51.100.3", "203.0.113.3", "203.0.113.4", "2001:db8:1::1", "2001:db8:1::5"} {
		want = append(want, netip.MustParseAddr(s))
	}
	if diff := cmp.Diff(want, got, same); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
