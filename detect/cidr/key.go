package cidr

import (
	"encoding/binary"
	"net/netip"
)

// family is one of the three address spaces of a Trie. They never share a prefix.
type family uint8

const (
	ipv4  family = iota
	ipv6         // hosts are /64s
	nat64        // 64:ff9b::/96 (RFC 6052): hosts are the embedded IPv4 addresses, reported as /128 and never aggregated
	families
)

// width of a host in bits, counted from the top of Key.bits.
func (f family) width() int {
	if f == ipv6 {
		return 64
	}
	return 32
}

// nat64Net is the well-known prefix of RFC 6052, section 2.1.
var nat64Net = netip.MustParsePrefix("64:ff9b::/96")

// nat64Top holds the first 64 bits of nat64Net.
const nat64Top = 0x0064_ff9b_0000_0000

// Key is a host as a Trie counts it: an IPv4 address, an IPv6 /64, or a NAT64 address. It is comparable and has no pointers.
type Key struct {
	bits uint64 // left-aligned
	fam  family
}

// KeyOf returns the host of a, which must be valid. IPv4-mapped addresses count as IPv4.
func KeyOf(a netip.Addr) Key {
	if a.Is4() {
		raw := a.As4()
		return Key{bits: uint64(binary.BigEndian.Uint32(raw[:])) << 32, fam: ipv4}
	}
	raw := a.As16()
	return Key6(binary.BigEndian.Uint64(raw[:8]), binary.BigEndian.Uint64(raw[8:]))
}

// Key6 returns the host of the IPv6 address whose halves are top and low.
func Key6(top, low uint64) Key {
	switch {
	case top == 0 && low>>32 == 0xffff:
		return Key{bits: low << 32, fam: ipv4}
	case top == nat64Top && low>>32 == 0:
		return Key{bits: low << 32, fam: nat64}
	}
	return Key{bits: top, fam: ipv6}
}

// Net returns the prefix of k that is bits long, counted as its family counts (a NAT64 host is 32 long).
func (k Key) Net(bits int) Net {
	return Net{bits: k.bits & mask(bits), fam: k.fam, plen: uint8(bits)}
}

// mask has the top n bits set, 0 to 64. (Go defines shifts by 64 as 0.)
func mask(n int) uint64 { return ^uint64(0) << (64 - n) }

// Net is a prefix of the space that a Trie counts in: comparable, 16 bytes and without pointers, so that large maps of them cost the
// garbage collector nothing. Its zero value is 0.0.0.0/0.
type Net struct {
	bits uint64
	fam  family
	plen uint8
}

// Prefix returns n as the rest of the world writes it.
func (n Net) Prefix() netip.Prefix {
	switch n.fam {
	case ipv4:
		var raw [4]byte
		binary.BigEndian.PutUint32(raw[:], uint32(n.bits>>32))
		return netip.PrefixFrom(netip.AddrFrom4(raw), int(n.plen))
	case nat64:
		raw := nat64Net.Addr().As16()
		binary.BigEndian.PutUint32(raw[12:], uint32(n.bits>>32))
		return netip.PrefixFrom(netip.AddrFrom16(raw), 96+int(n.plen))
	}
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], n.bits)
	return netip.PrefixFrom(netip.AddrFrom16(raw), int(n.plen))
}

// Contains tells whether the host k lies in n.
func (n Net) Contains(k Key) bool {
	return n.fam == k.fam && (n.bits^k.bits)&mask(int(n.plen)) == 0
}

// Host returns the prefix that stands for the host of a: its /32, its /64, or the /128 of a NAT64 address.
func Host(a netip.Addr) netip.Prefix {
	return KeyOf(a).Host()
}

// Host returns the prefix that stands for k.
func (k Key) Host() netip.Prefix { return k.Net(k.fam.width()).Prefix() }

// Nets returns the parts of p in the spaces that a Trie counts in: one, or two where an IPv6 prefix contains NAT64's. A prefix longer
// than a host means the host. The bits of the address outside p do not matter; an invalid p has no parts.
func Nets(p netip.Prefix) []Net {
	if !p.IsValid() {
		return nil
	}
	p = p.Masked()
	k := KeyOf(p.Addr())
	switch {
	case p.Addr().Is4():
		return []Net{k.Net(p.Bits())}
	case p.Addr().Is4In6() && p.Bits() >= 96: // an IPv4 prefix in disguise
		return []Net{k.Net(p.Bits() - 96)}
	case p.Bits() >= 96 && nat64Net.Contains(p.Addr()):
		return []Net{k.Net(p.Bits() - 96)}
	}
	raw := p.Addr().As16()
	k = Key{bits: binary.BigEndian.Uint64(raw[:8]), fam: ipv6}
	nets := []Net{k.Net(min(p.Bits(), 64))}
	if p.Contains(nat64Net.Addr()) {
		nets = append(nets, Net{fam: nat64})
	}
	return nets
}

// IsHost tells whether n is a single host.
func (n Net) IsHost() bool { return int(n.plen) == n.fam.width() }
