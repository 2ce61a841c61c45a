package report

import (
	"math"
	"math/bits"
	"net/netip"

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
	IPv6 uint64 // /64s; all of them count as one less than there are
}

// Compared is a range, or a part of one, that has the same finders everywhere outside of the ranges that one of them found inside it.
type Compared struct {
	Prefix   netip.Prefix
	Known    bool   // the counts of this very prefix are known, because a tier reported it
	Requests uint64 // in the section that has the most of them
	Hosts    int
	A, B     []Finder // by section, tier and prefix
}

// Finder is a tier and the range that it found, where that overlaps with the range in question.
type Finder struct {
	Section string
	Tier    int // from 1
	Prefix  netip.Prefix
}

// Compare compares what two analyses, of the same log in earnest, found.
func Compare(a, b *Report, nameA, nameB string) *Comparison {
	inA, inB := foundBy(a), foundBy(b)
	onlyA, onlyB := cidr.Exclude(inA, inB), cidr.Exclude(inB, inA)
	finders := [2][]finding{findings(a), findings(b)}
	known := countsOf(a, b)
	list := func(ps []netip.Prefix) []Compared {
		out := make([]Compared, 0, len(ps))
		for _, p := range ps {
			out = append(out, compared(p, known, finders))
		}
		return out
	}
	return &Comparison{
		A: side(a, nameA, inA), B: side(b, nameB, inB),
		OnlyA: list(onlyA), OnlyB: list(onlyB), Both: list(cidr.Exclude(inA, onlyA)),
	}
}

// foundBy merges the ranges of all tiers of r.
func foundBy(r *Report) []netip.Prefix {
	var all []netip.Prefix
	for _, f := range findings(r) {
		all = append(all, f.Prefix)
	}
	return cidr.Merge(all)
}

// finding is a Finder with its range.
type finding struct {
	Finder
	found *Range
}

// findings lists all detected ranges of r, by section, tier and prefix.
func findings(r *Report) []finding {
	var out []finding
	for i := range r.Sections {
		s := &r.Sections[i]
		for j := range s.Tiers {
			for k := range s.Tiers[j].Detected {
				found := &s.Tiers[j].Detected[k]
				out = append(out, finding{Finder{s.Name, j + 1, found.Prefix}, found})
			}
		}
	}
	return out
}

// countsOf finds the range with the most requests for each prefix that either report counted.
func countsOf(reports ...*Report) map[netip.Prefix]*Range {
	known := map[netip.Prefix]*Range{}
	note := func(list []Range) {
		for i := range list {
			if was := known[list[i].Prefix]; was == nil || was.Requests < list[i].Requests {
				known[list[i].Prefix] = &list[i]
			}
		}
	}
	for _, r := range reports {
		for i := range r.Sections {
			note(r.Sections[i].Asked)
			for j := range r.Sections[i].Tiers {
				note(r.Sections[i].Tiers[j].Detected)
				note(r.Sections[i].Tiers[j].Merged)
			}
		}
	}
	return known
}

// compared tells what is known of p.
func compared(p netip.Prefix, known map[netip.Prefix]*Range, by [2][]finding) Compared {
	c := Compared{Prefix: p, A: around(p, by[0]), B: around(p, by[1])}
	if found := known[p]; found != nil {
		c.Known, c.Requests, c.Hosts = true, found.Requests, found.Hosts
	}
	return c
}

// around returns those who found something that overlaps with p.
func around(p netip.Prefix, all []finding) []Finder {
	out := []Finder{}
	for i := range all {
		if all[i].Prefix.Overlaps(p) {
			out = append(out, all[i].Finder)
		}
	}
	return out
}

func side(r *Report, name string, found []netip.Prefix) Side {
	return Side{Name: name, Requests: r.Requests, Ranges: len(found), Addresses: covered(found)}
}

// covered adds up disjoint prefixes. What is narrower than a host counts as one.
func covered(ps []netip.Prefix) Addresses {
	var sum Addresses
	for _, p := range ps {
		if p.Addr().Is4() {
			sum.IPv4 += 1 << (32 - p.Bits())
			continue
		}
		more, over := bits.Add64(sum.IPv6, 1<<(64-min(p.Bits(), 64)), 0)
		if over > 0 || p.Bits() == 0 {
			more = math.MaxUint64
		}
		sum.IPv6 = more
	}
	return sum
}
