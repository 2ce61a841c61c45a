package static

import (
	"net/netip"

	"cidrx/detect/cidr"
	"cidrx/detect/report"
)

// population of hosts by what they look like. A host belongs where most of its requests do.
type kindsOf struct {
	all                *cidr.Sorted
	ordinary, crawlers *cidr.Sorted // hosts with those of their requests that look so
	people, bots       *cidr.Sorted // hosts that look so, with all their requests
}

// kindsOf sorts the hosts of a population by what they look like.
func (a *Analysis) kindsOf(who int, seen kindPiece) *kindsOf {
	k := &kindsOf{all: a.counts.populations[who].hosts}
	var ordinary, crawlers, people, bots []cidr.HostCount
	for _, p := range bothSpaces {
		k.all.Walk(p, func(h cidr.HostCount) bool {
			c := seen.counts[hostIn{who, h.Key}]
			if !seen.agents {
				c.ordinary += c.mute
			}
			c.ordinary = min(c.ordinary, h.Requests) // estimates may be too high
			c.crawler = min(c.crawler, h.Requests-c.ordinary)
			ordinary, crawlers = with(ordinary, h, c.ordinary), with(crawlers, h, c.crawler)
			switch half := h.Requests - h.Requests/2; {
			case c.ordinary >= half:
				people = append(people, h)
			case c.crawler >= half || c.ordinary+c.crawler >= half:
				bots = append(bots, h)
			}
			return true
		})
	}
	k.ordinary, k.crawlers = cidr.NewSorted(ordinary), cidr.NewSorted(crawlers)
	k.people, k.bots = cidr.NewSorted(people), cidr.NewSorted(bots)
	return k
}

// with appends h with n requests, if there are any.
func with(list []cidr.HostCount, h cidr.HostCount, n uint64) []cidr.HostCount {
	if n == 0 {
		return list
	}
	h.Requests = n
	return append(list, h)
}

// in says what the traffic of a prefix is made of.
func (k *kindsOf) in(p netip.Prefix) report.CaughtRange {
	r := report.CaughtRange{Prefix: p}
	r.Requests, r.Hosts = k.all.Count(p)
	of := &r.Of
	of.Ordinary.Requests, _ = k.ordinary.Count(p)
	_, of.Ordinary.Hosts = k.people.Count(p)
	of.Crawlers.Requests, _ = k.crawlers.Count(p)
	_, of.Crawlers.Hosts = k.bots.Count(p)
	of.Others.Requests = r.Requests - of.Ordinary.Requests - of.Crawlers.Requests
	of.Others.Hosts = r.Hosts - of.Ordinary.Hosts - of.Crawlers.Hosts
	return r
}

// plus adds up what two lots of traffic are made of.
func plus(a, b report.Caught) report.Caught {
	add := func(a, b report.Traffic) report.Traffic {
		return report.Traffic{Requests: a.Requests + b.Requests, Hosts: a.Hosts + b.Hosts}
	}
	return report.Caught{Ordinary: add(a.Ordinary, b.Ordinary), Crawlers: add(a.Crawlers, b.Crawlers), Others: add(a.Others, b.Others)}
}

// everything says what all traffic is made of.
func (k *kindsOf) everything() report.Caught {
	return plus(k.in(bothSpaces[0]).Of, k.in(bothSpaces[1]).Of)
}

// busiest finds the prefix of a length with the most requests of those hosts, the first of equals. bits is an IPv4 length.
func (k *kindsOf) busiest(hosts *cidr.Sorted, bits int) report.CaughtRange {
	var best, now uint64
	var at, bestAt netip.Prefix
	for family, p := range bothSpaces {
		length := bits << family // an IPv4 length stands for twice as many bits of IPv6
		hosts.Walk(p, func(h cidr.HostCount) bool {
			host := h.Key.Host()
			if !at.IsValid() || !at.Overlaps(host) {
				at, now = netip.PrefixFrom(host.Addr(), length).Masked(), 0
			}
			if now += h.Requests; now > best {
				best, bestAt = now, at
			}
			return true
		})
	}
	if !bestAt.IsValid() {
		return report.CaughtRange{}
	}
	return k.in(bestAt)
}
