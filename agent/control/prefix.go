package control

import (
	"fmt"
	"net/netip"
	"strings"
)

// nat64 holds IPv4 hosts behind a translator (RFC 6052): there an address is a host of its own, and its /64 is everybody.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// ParseNetwork reads a network as people write it: a CIDR, or an address, which stands for its host: the /32 of IPv4, the /64 of IPv6
// (the /128 of NAT64). IPv4-mapped forms are unmapped. Zones, octal-looking forms and host bits that are set are errors (wrapping
// ErrInvalid) that name the right form.
func ParseNetwork(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		addr, err := ParseAddress(text)
		if err != nil {
			return netip.Prefix{}, err
		}
		return hostOf(addr), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, Invalid(fmt.Sprintf("%q is neither an address nor a network", text), "write it like 192.0.2.7, 192.0.2.0/24 or 2001:db8::/48")
	}
	return checkPrefix(p)
}

// ParseAddress reads one address. IPv4-mapped forms are unmapped; zones are errors (wrapping ErrInvalid).
func ParseAddress(text string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}, Invalid(fmt.Sprintf("%q is not an address", text), "write it like 192.0.2.7 or 2001:db8::7")
	}
	if addr.Zone() != "" {
		return netip.Addr{}, Invalid(fmt.Sprintf("%q has a zone", text), "write it without the part from % on")
	}
	return addr.Unmap(), nil
}

// hostOf is what counts as one host: the unit in which the agent counts and bans.
func hostOf(addr netip.Addr) netip.Prefix {
	bits := addr.BitLen()
	if addr.Is6() && !nat64.Contains(addr) {
		bits = 64
	}
	p, _ := addr.Prefix(bits) // fails only for a length that the family does not have
	return p
}

// checkPrefix unmaps p and refuses it unless it is a network: host bits that are set are more often a slip than a wish.
func checkPrefix(p netip.Prefix) (netip.Prefix, error) {
	if !p.IsValid() {
		return netip.Prefix{}, Invalid("no prefix is given", `name one, like "192.0.2.0/24"`)
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}, Invalid(fmt.Sprintf("%s reaches beyond the IPv4-mapped addresses", p), "write IPv4 networks as IPv4")
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	masked, host := p.Masked(), hostOf(p.Addr())
	if masked == p {
		return p, nil
	}
	if masked == host { // an IPv6 /64
		host = netip.PrefixFrom(p.Addr(), p.Addr().BitLen())
	}
	return netip.Prefix{}, Invalid(fmt.Sprintf("%s has host bits set", p), fmt.Sprintf("did you mean %s or %s?", masked, host))
}
