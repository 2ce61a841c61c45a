package cidr

import (
	"fmt"
	"net/netip"
)

// Reason is the condition of a tier that a prefix fell short of.
type Reason uint8

// The conditions, in the order in which they are looked at.
const (
	TooFewForSize  Reason = iota // fewer requests than minSize
	TooFewForShare               // fewer requests than the share of the total
	TooFewAlone                  // fewer requests than sizeAlone, which is less than minSize and the share ask for
	Uneven                       // balance mode: its halves differ too much
	TooFewHosts                  // fewer hosts than minHosts
	Bystanders                   // more hosts without a matching request than maxCollateral allows
)

// String returns the name of the option that r is about, as configurations write it.
func (r Reason) String() string {
	return [...]string{"minSize", "threshold", "sizeAlone", "threshold", "minHosts", "maxCollateral"}[r]
}

// Miss is a prefix that a tier looks at and does not report, and by how much it fell short.
type Miss struct {
	Net         Net
	Requests    uint64
	Hosts       int
	Need        uint64    // T
	HostsNeeded int       // 0: none
	Bystanders  int       // further hosts of all traffic, without a matching request; 0 where the tier has no limit
	Halves      [2]uint64 // balance mode: requests of the lower and the upper half if they differ too much, whatever else it fell short of
	Reason      Reason    // the first condition that failed
}

// Prefix of m.
func (m Miss) Prefix() netip.Prefix { return m.Net.Prefix() }

// Why says in a few words what m fell short of, by how much, and the option that asks for it: "412 of 500 requests (minSize)".
func (m Miss) Why() string {
	var what string
	switch m.Reason {
	case Uneven:
		what = fmt.Sprintf("halves of %d and %d requests are too uneven", m.Halves[0], m.Halves[1])
	case TooFewHosts:
		what = fmt.Sprintf("%d of %d hosts", m.Hosts, m.HostsNeeded)
	case Bystanders:
		what = fmt.Sprintf("%d of %d hosts are bystanders", m.Bystanders, m.Hosts+m.Bystanders)
	default:
		what = fmt.Sprintf("%d of %d requests", m.Requests, m.Need)
	}
	return what + " (" + m.Reason.String() + ")"
}

// shortOf returns the condition that T comes from: what a prefix with fewer requests fell short of.
func (q *Query) shortOf() Reason {
	size := max(1, q.Tier.MinSize)
	switch {
	case q.Tier.Balance || q.Need == size:
		return TooFewForSize
	case q.Need < size || q.Need == q.Tier.SizeAlone:
		return TooFewAlone
	}
	return TooFewForShare
}

// miss returns n, which holds p, as a prefix without enough requests.
func (q *Query) miss(n Net, p part) Miss {
	m := Miss{Net: n, Requests: p.count, Hosts: p.hosts, Need: q.Need, HostsNeeded: q.Tier.hostsNeeded(n), Reason: q.shortOf()}
	if q.limited() {
		m.Bystanders, _ = q.bystanders(n, p.hosts)
	}
	return m
}
