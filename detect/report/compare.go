package report

import (
	"math"
	"math/bits"
	"net/netip"
	"slices"

	"cidrx/detect/cidr"
)

// Comparison says what two analyses found, by address: the merged ranges of all their tiers, joined.
type Comparison struct {
	A, B  Side
	OnlyA []Compared // found by A and not by B; sorted by address, IPv4 first, as the others
	OnlyB []Compared
	Both  []Compared
}

// Side is one of the analyses.
type Side struct {
	Name      string
	Requests  uint64 // of the log
	Ranges    int    // that all tiers together found, merged
	Addresses        // in them
}

// Addresses is how much of the address space a list of ranges covers.
type Addresses struct {
	IPv4 uint64
	IPv6 uint64 // /64s; at most 2^64-1
}

// Compared is a range, or a part of one.
type Compared struct {
	Prefix   netip.Prefix
	Requests uint64   // in the section that has the most of them, of those that found it
	Hosts    int      // in that section
	A, B     []Finder // by section, tier and prefix
}

// Finder is a tier that found a range, in one piece or in several, or a wider one around it.
type Finder struct {
	Section string
	Tier    int          // from 1
	Prefix  netip.Prefix // as it found it: the first piece
	Pieces  int
}

// Found is what an analysis found, and what it counted.
type Found struct {
	Name   string // for people, such as that of the configuration's file
	Report *Report
	Count  func(section int, p netip.Prefix) (requests uint64, hosts int) // of a section of Report, inside p
}

// Compare compares what two analyses, of the same log in earnest, found.
func Compare(a, b Found) *Comparison {
	inA, inB := foundBy(a.Report), foundBy(b.Report)
	onlyA, onlyB := cidr.Exclude(inA, inB), cidr.Exclude(inB, inA)
	list := func(ps []netip.Prefix) []Compared {
		out := make([]Compared, 0, len(ps))
		for _, p := range ps {
			c := Compared{Prefix: p, A: finders(a.Report, p), B: finders(b.Report, p)}
			c.count(a)
			c.count(b)
			out = append(out, c)
		}
		return out
	}
	return &Comparison{
		A: side(a, inA), B: side(b, inB),
		OnlyA: list(onlyA), OnlyB: list(onlyB), Both: list(cidr.Exclude(inA, onlyA)),
	}
}

// count takes the counts of a section of f that found c, or more than c around it, if they are higher. What only others found is no
// reason to count what they count: their filters are other ones.
func (c *Compared) count(f Found) {
	for i := range f.Report.Sections {
		if !f.Report.Sections[i].found(c.Prefix) {
			continue
		}
		if requests, hosts := f.Count(i, c.Prefix); requests > c.Requests {
			c.Requests, c.Hosts = requests, hosts
		}
	}
}

// found tells whether a tier of s found something that overlaps with p.
func (s *Section) found(p netip.Prefix) bool {
	return slices.ContainsFunc(s.Tiers, func(t Tier) bool { return len(overlapping(t.Detected, p)) > 0 })
}

// foundBy merges the ranges of all tiers of r.
func foundBy(r *Report) []netip.Prefix {
	var all []netip.Prefix
	for i := range r.Sections {
		for j := range r.Sections[i].Tiers {
			for _, found := range r.Sections[i].Tiers[j].Detected {
				all = append(all, found.Prefix)
			}
		}
	}
	return cidr.Merge(all)
}

// finders lists the tiers of r that found something that overlaps with p, by section and tier.
func finders(r *Report, p netip.Prefix) []Finder {
	out := []Finder{}
	for i := range r.Sections {
		for j := range r.Sections[i].Tiers {
			if touching := overlapping(r.Sections[i].Tiers[j].Detected, p); len(touching) > 0 {
				out = append(out, Finder{r.Sections[i].Name, j + 1, touching[0].Prefix, len(touching)})
			}
		}
	}
	return out
}

// overlapping returns those of the disjoint and sorted ranges that overlap with p: one around it, or those inside it.
func overlapping(ranges []Range, p netip.Prefix) []Range {
	from, _ := slices.BinarySearchFunc(ranges, p, func(r Range, p netip.Prefix) int { return cidr.Compare(r.Prefix, p) })
	if from > 0 && ranges[from-1].Prefix.Overlaps(p) {
		return ranges[from-1 : from]
	}
	to := from
	for to < len(ranges) && ranges[to].Prefix.Overlaps(p) {
		to++
	}
	return ranges[from:to]
}

func side(f Found, found []netip.Prefix) Side {
	return Side{Name: f.Name, Requests: f.Report.Requests, Ranges: len(found), Addresses: covered(found)}
}

// covered adds up disjoint prefixes.
func covered(ps []netip.Prefix) Addresses {
	var sum Addresses
	for _, p := range ps {
		sum.add(p)
	}
	return sum
}

// add adds the addresses of p. What is narrower than a host counts as one.
func (a *Addresses) add(p netip.Prefix) {
	if p.Addr().Is4() {
		a.IPv4 += 1 << (32 - p.Bits())
		return
	}
	sum, over := bits.Add64(a.IPv6, 1<<(64-min(p.Bits(), 64)), 0)
	if over > 0 || p.Bits() == 0 { // 2^64, which Go shifts out
		sum = math.MaxUint64
	}
	a.IPv6 = sum
}
