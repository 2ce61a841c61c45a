package host

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// dumpTries is how often a list that changed while the kernel sent it is asked for.
const dumpTries = 5

// readAddresses reads the addresses of all interfaces.
func (r *Reader) readAddresses(p *parts) error {
	facts, err := ownAddresses()
	if err != nil {
		return fmt.Errorf("own addresses: %w", err)
	}
	p.addresses = facts
	return nil
}

// readGateways reads the default routes.
func (r *Reader) readGateways(p *parts) error {
	facts, err := defaultGateways()
	if err != nil {
		return fmt.Errorf("default gateways: %w", err)
	}
	p.gateways = facts
	return nil
}

func ownAddresses() (facts Facts, err error) {
	var list []netlink.Addr
	err = whole(func() error {
		list, err = netlink.AddrList(nil, netlink.FAMILY_ALL)
		return err
	})
	if err != nil {
		return nil, err
	}
	names := map[int]string{}
	for _, a := range list {
		if addr, ok := netip.AddrFromSlice(a.IP); ok {
			facts.add(addr, Own, "own address ("+interfaceName(names, a.LinkIndex)+")")
		}
	}
	return facts, nil
}

// interfaceName remembers names in names. An interface that has gone in the meantime goes by its number.
func interfaceName(names map[int]string, index int) string {
	if name, ok := names[index]; ok {
		return name
	}
	name := fmt.Sprint("interface ", index)
	if link, err := netlink.LinkByIndex(index); err == nil {
		name = link.Attrs().Name
	}
	names[index] = name
	return name
}

// defaultGateways reads the default routes of all tables: with policy routing, each uplink has one of its own.
func defaultGateways() (facts Facts, err error) {
	err = whole(func() error {
		facts = nil
		return netlink.RouteListFilteredIter(netlink.FAMILY_ALL, &netlink.Route{Table: unix.RT_TABLE_UNSPEC}, netlink.RT_FILTER_TABLE, func(route netlink.Route) bool {
			if isDefault(route.Dst) {
				addGateways(&facts, route)
			}
			return true
		})
	})
	return facts, err
}

func isDefault(dst *net.IPNet) bool {
	if dst == nil {
		return true
	}
	ones, _ := dst.Mask.Size()
	return ones == 0
}

// addGateways adds the next hops of a route: one, several, or one of the other family (RTA_VIA).
func addGateways(facts *Facts, route netlink.Route) {
	hops := []net.IP{route.Gw, viaIP(route.Via)}
	for _, hop := range route.MultiPath {
		hops = append(hops, hop.Gw, viaIP(hop.Via))
	}
	for _, hop := range hops {
		if addr, ok := netip.AddrFromSlice(hop); ok {
			facts.add(addr, Gateway, "default gateway")
		}
	}
}

func viaIP(d netlink.Destination) net.IP {
	if via, ok := d.(*netlink.Via); ok && via != nil {
		return via.Addr
	}
	return nil
}

// whole repeats a dump that the kernel says has changed under it (NLM_F_DUMP_INTR), because then parts of it may be missing.
func whole(dump func() error) (err error) {
	for range dumpTries {
		if err = dump(); !errors.Is(err, netlink.ErrDumpInterrupted) {
			return err
		}
	}
	return err
}
