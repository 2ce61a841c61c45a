package logtest

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
)

// botnets come in the shapes that tiers must tell apart. Their sizes grow with the log's number of addresses.
func botnets(addresses int) []Botnet {
	many := func(perThousand int) int { return addresses * perThousand / 1000 }
	return []Botnet{
		{Prefix: netip.MustParsePrefix("45.155.205.23/32"), Hosts: 1, Share: 0.006, agents: scanners},
		{Prefix: netip.MustParsePrefix("193.32.162.144/28"), Hosts: 14, Share: 0.004, agents: scanners},
		{Prefix: netip.MustParsePrefix("91.240.118.0/24"), Hosts: min(250, many(10)), Share: 0.02, agents: scripts},
		{Prefix: netip.MustParsePrefix("103.149.208.0/20"), Hosts: min(3000, many(10)), Share: 0.03, agents: browsers},
		{Prefix: netip.MustParsePrefix("141.98.0.0/16"), Hosts: min(20_000, many(30)), Share: 0.05, agents: browsers},
		{Prefix: netip.MustParsePrefix("2a0e:97c0:3e0::/44"), Hosts: many(8), Share: 0.02, agents: scripts},
		{Prefix: netip.MustParsePrefix("0.0.0.0/0"), Hosts: many(60), Share: 0.05, agents: browsers}, // rented homes: no network to find
	}
}

// settle chooses the hosts of b.
func (b *Botnet) settle(r *rand.Rand, seen map[netip.Addr]bool) {
	for len(b.hosts) < b.Hosts {
		if a := inside(r, b.Prefix); !seen[a] {
			seen[a] = true
			b.hosts = append(b.hosts, a)
		}
	}
}

// visitors are as many ordinary hosts: most in the networks of some thousand providers, the rest anywhere.
func visitors(r *rand.Rand, n int, seen map[netip.Addr]bool) []netip.Addr {
	providers := make([]netip.Prefix, 3000)
	for i := range providers {
		providers[i] = netip.PrefixFrom(public(r), 18).Masked()
	}
	out := make([]netip.Addr, 0, n)
	for len(out) < n {
		var a netip.Addr
		switch k := r.IntN(40); {
		case k == 0: // together with the botnet, one host in 30
			a = inside(r, netip.MustParsePrefix("2a00::/14"))
		case k < 28:
			a = inside(r, providers[int(float64(len(providers))*r.Float64()*r.Float64())])
		default:
			a = public(r)
		}
		if !seen[a] {
			seen[a] = true
			out = append(out, a)
		}
	}
	return out
}

// inside is some host of p; of IPv6, one whose /64 it has for itself.
func inside(r *rand.Rand, p netip.Prefix) netip.Addr {
	switch {
	case p.Bits() == 0:
		return public(r)
	case p.Addr().Is4():
		b := p.Addr().As4()
		binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(b[:])|uint32(uint64(r.Uint32())>>p.Bits()))
		return netip.AddrFrom4(b)
	}
	b := p.Addr().As16()
	binary.BigEndian.PutUint64(b[:8], binary.BigEndian.Uint64(b[:8])|r.Uint64()>>p.Bits())
	binary.BigEndian.PutUint64(b[8:], binary.BigEndian.Uint64(b[:8])*0x9e3779b97f4a7c15|1) // a host of it, always the same
	return netip.AddrFrom16(b)
}

// public is some IPv4 address that can come from the Internet.
func public(r *rand.Rand) netip.Addr {
	for {
		v := r.Uint32()
		a := netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
		if first := byte(v >> 24); a.IsGlobalUnicast() && !a.IsPrivate() && first != 0 && first != 100 && first < 224 {
			return a
		}
	}
}
