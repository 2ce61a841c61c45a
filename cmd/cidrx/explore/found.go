package explore

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"cidrx/detect/cidr"
	"cidrx/detect/report"
)

// found is a range with the tiers of its section that found it.
type found struct {
	report.Range
	tiers []int  // indices, ascending
	mark  string // of a tier that is tried: "new", "gone"; printable
}

// collect lists what the tiers of a section found, each range once, sorted by address.
func collect(s *report.Section) []found {
	var all []found
	for i := range s.Tiers {
		for _, r := range s.Tiers[i].Detected {
			all = append(all, found{Range: r, tiers: []int{i}})
		}
	}
	slices.SortStableFunc(all, func(a, b found) int { return cidr.Compare(a.Prefix, b.Prefix) })
	list := all[:0]
	for _, f := range all {
		if n := len(list); n > 0 && list[n-1].Prefix == f.Prefix {
			list[n-1].tiers = append(list[n-1].tiers, f.tiers...)
			continue
		}
		list = append(list, f)
	}
	return list
}

// names are the numbers of the tiers, as people count.
func (f *found) names() string {
	names := make([]string, len(f.tiers))
	for i, t := range f.tiers {
		names[i] = strconv.Itoa(t + 1)
	}
	return strings.Join(names, ",")
}

// widest keeps those of a list sorted by address that lie in no other, so that their requests and hosts can be added up.
func widest(list []found) []found {
	var out []found
	for _, f := range list {
		if n := len(out); n > 0 && out[n-1].Prefix.Overlaps(f.Prefix) {
			continue
		}
		out = append(out, f)
	}
	return out
}

// sum adds up ranges that do not overlap.
func sum(list []found) (requests uint64, hosts int) {
	for i := range list {
		requests += list[i].Requests
		hosts += list[i].Hosts
	}
	return requests, hosts
}

// order is a way to sort ranges.
type order int

const (
	byRequests order = iota
	byHosts
	byLast
	byAddress
	orders
)

func (o order) String() string {
	return [...]string{"requests", "hosts", "last seen", "address"}[o]
}

// compare sorts the most important first, and equals by address.
func (o order) compare(a, b *found) int {
	first := 0
	switch o {
	case byRequests:
		first = cmp.Compare(b.Requests, a.Requests)
	case byHosts:
		first = cmp.Compare(b.Hosts, a.Hosts)
	case byLast:
		first = b.Last.Compare(a.Last)
	}
	if first != 0 {
		return first
	}
	return cidr.Compare(a.Prefix, b.Prefix)
}

// filter is what a user typed to narrow a list of ranges down.
type filter struct {
	text   string
	around netip.Prefix // ranges that overlap it pass; invalid: those whose text begins with text
}

// parseFilter takes an address, a prefix, whole octets of one ("10.1."), or the beginning of one.
func parseFilter(text string) filter {
	f := filter{text: strings.ToLower(strings.TrimSpace(text))}
	if a, err := netip.ParseAddr(f.text); err == nil {
		f.around = netip.PrefixFrom(a.Unmap().WithZone(""), a.Unmap().BitLen())
	} else if p, err := netip.ParsePrefix(f.text); err == nil {
		f.around = p.Masked()
	} else if octets := strings.Count(f.text, "."); octets > 0 && strings.HasSuffix(f.text, ".") {
		whole := f.text + strings.TrimSuffix(strings.Repeat("0.", max(0, 4-octets)), ".")
		if a, err := netip.ParseAddr(whole); err == nil {
			f.around = netip.PrefixFrom(a, 8*octets)
		}
	}
	return f
}

func (f filter) passes(p netip.Prefix) bool {
	if f.around.IsValid() {
		return f.around.Overlaps(p)
	}
	return strings.HasPrefix(p.String(), f.text)
}
