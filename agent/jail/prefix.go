package jail

import (
	"net/netip"
	"slices"

	"go4.org/netipx"
)

// nat64 holds IPv4 hosts behind a translator (RFC 6052): each /128 is a host of its own, and none is aggregated.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// normal masks p and writes IPv4-mapped networks as IPv4. False: it is no network.
func normal(p netip.Prefix) (netip.Prefix, bool) {
	if !p.IsValid() {
		return p, false
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return p, false
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}

// hostwise widens what is narrower than a host to the host that it is part of: nobody counts, or can be unblocked, below the /64.
func hostwise(p netip.Prefix) (netip.Prefix, bool) {
	p, ok := normal(p)
	if ok && p.Addr().Is6() && p.Bits() > 64 && !nat64.Contains(p.Addr()) {
		p = netip.PrefixFrom(p.Addr(), 64).Masked()
	}
	return p, ok
}

// single is the prefix that holds addr alone.
func single(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap()
	return netip.PrefixFrom(addr, addr.BitLen())
}

// covers says whether all of inner lies in outer.
func covers(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// coveredBy says whether one of the prefixes covers p.
func coveredBy(prefixes []netip.Prefix, p netip.Prefix) bool {
	return slices.ContainsFunc(prefixes, func(outer netip.Prefix) bool { return covers(outer, p) })
}

// neighbourhood is the network in which ended bans add up: the /24 of IPv4, the /48 of IPv6. False: p is wider itself.
func neighbourhood(p netip.Prefix) (netip.Prefix, bool) {
	bits := 24
	switch {
	case p.Addr().Is6() && nat64.Contains(p.Addr()):
		bits = 96 + 24
	case p.Addr().Is6():
		bits = 48
	}
	if p.Bits() < bits {
		return p, false
	}
	return netip.PrefixFrom(p.Addr(), bits).Masked(), true
}

// merged is the smallest sorted set of prefixes that covers the same addresses.
func merged(prefixes []netip.Prefix) []netip.Prefix {
	var b netipx.IPSetBuilder
	for _, p := range prefixes {
		b.AddPrefix(p)
	}
	set, err := b.IPSet()
	if err != nil { // only for invalid prefixes, and all of ours went through normal
		return nil
	}
	return set.Prefixes()
}

// halves are the two halves of p, which must not be a single address.
func halves(p netip.Prefix) (low, high netip.Prefix) {
	bits := p.Bits()
	low = netip.PrefixFrom(p.Addr(), bits+1)
	if p.Addr().Is4() {
		a := p.Addr().As4()
		a[bits/8] |= 0x80 >> (bits % 8)
		return low, netip.PrefixFrom(netip.AddrFrom4(a), bits+1)
	}
	a := p.Addr().As16()
	a[bits/8] |= 0x80 >> (bits % 8)
	return low, netip.PrefixFrom(netip.AddrFrom16(a), bits+1)
}
