package static

import (
	"net/netip"

	"cidrx/detect/cidr"
)

// settle ends the counting: allowed clients leave every population but the first.
func (c *counts) settle(allow []netip.Prefix) {
	for _, p := range c.populations {
		p.hosts, p.unspent = sorted(p.tallies), nil
		spent := sorted(p.spent)
		p.tallies, p.spent = nil, nil
		if !p.anyone {
			before := p.hosts.Requests()
			p.hosts = p.hosts.Without(allow)
			p.allowed += before - p.hosts.Requests()
		}
		p.unspent = p.hosts.Minus(spent)
	}
}

func sorted(tallies map[cidr.Key]tally) *cidr.Sorted {
	var all []cidr.HostCount
	for k, t := range tallies {
		all = append(all, cidr.HostCount{Key: k, Requests: t.requests, First: t.first, Last: t.last})
	}
	return cidr.NewSorted(nil, all)
}
