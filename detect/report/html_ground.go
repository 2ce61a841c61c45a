package report

import (
	"cmp"
	"net/netip"
	"slices"

	"cidrx/detect/cidr"
)

// plot is a piece of the address space that detected ranges cover together: pieces are disjoint, so their figures may be added up.
// Ranges of different tiers lie inside each other, and a request that passes the filters of several sections is counted in each: of a
// section only its widest ranges count, and of several sections the one with the most requests. The figures are therefore the least
// that can be true; with one section they are exact.
type plot struct {
	Prefix   netip.Prefix
	Requests uint64
	Hosts    int
	Looked   uint64   // requests that a second look saw, those of Ordinary
	Ordinary uint64   // of Looked: look like those of people
	Times    []uint64 // requests a bucket; nil without a second look
}

// plotsOf returns the plots of r, sorted by address. With a second look they are as in detail, which holds the ranges by section and
// prefix.
func plotsOf(r *Report, detail map[place]*RangeDetail) []plot {
	var all []netip.Prefix
	for i := range r.Sections {
		for _, g := range widest(&r.Sections[i]) {
			all = append(all, g.Prefix)
		}
	}
	plots := make([]plot, 0, len(all))
	for _, p := range cidr.Merge(all) {
		plots = append(plots, plot{Prefix: p})
	}
	for i := range r.Sections {
		sow(plots, i, widest(&r.Sections[i]), detail)
	}
	return plots
}

// place names a detailed range.
type place struct {
	section int
	prefix  netip.Prefix
}

// widest returns the detected ranges of a section that lie in no other of it, sorted.
func widest(s *Section) []Range {
	var all []Range
	for i := range s.Tiers {
		all = append(all, s.Tiers[i].Detected...)
	}
	slices.SortStableFunc(all, func(a, b Range) int { return cidr.Compare(a.Prefix, b.Prefix) })
	kept := all[:0]
	for _, g := range all {
		if n := len(kept); n == 0 || !kept[n-1].Prefix.Overlaps(g.Prefix) {
			kept = append(kept, g)
		}
	}
	return kept
}

// sow adds up what a section found in each of plots, and keeps it where it is more than that of the sections before.
func sow(plots []plot, section int, ranges []Range, detail map[place]*RangeDetail) {
	for i := range plots {
		mine := plot{Prefix: plots[i].Prefix}
		for len(ranges) > 0 && mine.Prefix.Overlaps(ranges[0].Prefix) {
			mine.add(ranges[0], detail[place{section, ranges[0].Prefix}])
			ranges = ranges[1:]
		}
		plots[i].atLeast(&mine)
	}
}

// add counts a range inside p; d may be nil.
func (p *plot) add(g Range, d *RangeDetail) {
	p.Requests += g.Requests
	p.Hosts += g.Hosts
	if d == nil {
		return
	}
	p.Looked += d.Requests
	p.Ordinary += d.Ordinary
	p.Times = summed(p.Times, d.Times)
}

// atLeast takes over the figures of q, another count of the same plot, where they are more.
func (p *plot) atLeast(q *plot) {
	if q.Requests > p.Requests {
		p.Requests, p.Looked, p.Ordinary = q.Requests, q.Looked, q.Ordinary
	}
	p.Hosts = max(p.Hosts, q.Hosts)
	if len(q.Times) > len(p.Times) {
		p.Times = append(p.Times, make([]uint64, len(q.Times)-len(p.Times))...)
	}
	for i, n := range q.Times {
		p.Times[i] = max(p.Times[i], n)
	}
}

// summed adds b to a, bucket by bucket. a may be nil and is written to.
func summed(a, b []uint64) []uint64 {
	if len(a) < len(b) {
		a = append(a, make([]uint64, len(b)-len(a))...)
	}
	for i, n := range b {
		a[i] += n
	}
	return a
}

// byRequests orders plots, the most requests first.
func byRequests(a, b plot) int {
	return cmp.Or(cmp.Compare(b.Requests, a.Requests), cidr.Compare(a.Prefix, b.Prefix))
}
