package firewall

import "net/netip"

// Set is the name of a kernel set that holds elements of one kind.
type Set string

// The sets of the table. A single IPv4 address, and an IPv6 /64 (the IPv6 host), are looked up in hashes; everything else in interval sets.
const (
	Allow4 Set = "allow4"
	Allow6 Set = "allow6"
	Host4  Set = "host4"
	Host6  Set = "host6" // keys are /64 network addresses
	Net4   Set = "net4"
	Net6   Set = "net6" // a /128 is here too
)

// SetOf says which set a banned prefix belongs to.
func SetOf(p netip.Prefix) Set {
	switch {
	case p.Addr().Is4() && p.Bits() == 32:
		return Host4
	case p.Addr().Is4():
		return Net4
	case p.Bits() == 64:
		return Host6
	default:
		return Net6
	}
}

// AllowSetOf says which set an allowed prefix belongs to.
func AllowSetOf(p netip.Prefix) Set {
	if p.Addr().Is4() {
		return Allow4
	}
	return Allow6
}
