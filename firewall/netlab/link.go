//go:build linux

package netlab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// addrGenNone is IN6_ADDR_GEN_MODE_NONE of linux/if_link.h: no automatic link-local address, whose duplicate address detection would take a second.
const addrGenNone = 1

// A router cannot ask for its neighbours (RFC 4861) without link-local addresses, so the two ends of a link get fixed ones.
const linkLocalA, linkLocalB = "fe80::a/64", "fe80::b/64"

// Link joins two hosts by a veth pair, brings both ends up and gives them addresses: pairs of prefixes such as "192.0.2.1/24", a's then b's.
// Inside a the device is named as b is, and the other way round, so two hosts have at most one link.
func (l *Lab) Link(a, b *Namespace, addresses ...string) error {
	if err := l.link(a, b, addresses); err != nil {
		return fmt.Errorf("netlab: link %s to %s: %w", a.name, b.name, err)
	}
	return nil
}

func (l *Lab) link(a, b *Namespace, addresses []string) error {
	if len(addresses)%2 != 0 {
		return errors.New("addresses come in pairs, one for each end")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	veth := netlink.NewVeth(netlink.LinkAttrs{Name: b.name})
	veth.PeerName, veth.PeerNamespace = a.name, netlink.NsFd(b.FD())
	if err := a.handle.LinkAdd(veth); err != nil {
		return err
	}
	a.devices = append(a.devices, b.name)
	if err := errors.Join(a.prepare(b.name, linkLocalA), b.prepare(a.name, linkLocalB)); err != nil {
		return err
	}
	for i := 0; i < len(addresses); i += 2 {
		if err := errors.Join(a.AddAddr(b.name, addresses[i]), b.AddAddr(a.name, addresses[i+1])); err != nil {
			return err
		}
	}
	return nil
}

func (n *Namespace) prepare(device, linkLocal string) error {
	link, err := n.handle.LinkByName(device)
	if err != nil {
		return err
	}
	if err := n.handle.LinkSetIP6AddrGenMode(link, addrGenNone); err != nil {
		return fmt.Errorf("device %s: %w (does the kernel have IPv6?)", device, err)
	}
	if err := n.handle.LinkSetUp(link); err != nil {
		return fmt.Errorf("device %s up: %w", device, err)
	}
	return n.AddAddr(device, linkLocal)
}

func (n *Namespace) up(device string) error {
	link, err := n.handle.LinkByName(device)
	if err != nil {
		return fmt.Errorf("device %s: %w", device, err)
	}
	return n.handle.LinkSetUp(link)
}

// AddAddr adds an address with its prefix length, such as "2001:db8::1/64", to a device: "lo", or the name of the host it leads to. It is usable
// at once: duplicate address detection is off.
func (n *Namespace) AddAddr(device, address string) error {
	prefix, err := netip.ParsePrefix(address)
	if err != nil {
		return fmt.Errorf("netlab: %s: address %q: %w", n.name, address, err)
	}
	link, err := n.handle.LinkByName(device)
	if err != nil {
		return fmt.Errorf("netlab: %s: device %s: %w", n.name, device, err)
	}
	addr := &netlink.Addr{IPNet: ipNet(prefix)}
	if prefix.Addr().Is6() {
		addr.Flags = unix.IFA_F_NODAD
	}
	if err := n.handle.AddrAdd(link, addr); err != nil {
		return fmt.Errorf("netlab: %s: add %s to %s: %w", n.name, prefix, device, err)
	}
	return nil
}

// AddRoute sends what goes to a destination ("198.51.100.0/24", "0.0.0.0/0", "::/0") by a neighbour's address.
func (n *Namespace) AddRoute(destination, via string) error {
	dst, err := netip.ParsePrefix(destination)
	if err != nil {
		return fmt.Errorf("netlab: %s: route to %q: %w", n.name, destination, err)
	}
	gateway, err := netip.ParseAddr(via)
	if err != nil {
		return fmt.Errorf("netlab: %s: route via %q: %w", n.name, via, err)
	}
	if err := n.handle.RouteAdd(&netlink.Route{Dst: ipNet(dst), Gw: gateway.AsSlice()}); err != nil {
		return fmt.Errorf("netlab: %s: route to %s via %s: %w", n.name, dst, gateway, err)
	}
	return nil
}

// Own makes every address of a prefix the host's own, at the price of one route: Dial can use any of them as its source, and packets to them are
// delivered here. The neighbours need a route to the prefix.
func (n *Namespace) Own(prefix string) error {
	dst, err := netip.ParsePrefix(prefix)
	if err != nil {
		return fmt.Errorf("netlab: %s: own %q: %w", n.name, prefix, err)
	}
	lo, err := n.handle.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("netlab: %s: %w", n.name, err)
	}
	route := &netlink.Route{Dst: ipNet(dst), LinkIndex: lo.Attrs().Index, Type: unix.RTN_LOCAL, Table: unix.RT_TABLE_LOCAL, Scope: netlink.SCOPE_HOST}
	if err := n.handle.RouteAdd(route); err != nil {
		return fmt.Errorf("netlab: %s: own %s: %w", n.name, dst, err)
	}
	return nil
}

// Forward makes the host a router, or a host again. It writes to /proc/sys/net, which some containers mount read-only.
func (n *Namespace) Forward(on bool) error {
	value := []byte("0")
	if on {
		value = []byte("1")
	}
	return n.Do(func() error {
		err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", value, 0o644)
		err6 := os.WriteFile("/proc/sys/net/ipv6/conf/all/forwarding", value, 0o644)
		if errors.Is(err6, os.ErrNotExist) { // a kernel without IPv6
			err6 = nil
		}
		return errors.Join(err, err6)
	})
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
