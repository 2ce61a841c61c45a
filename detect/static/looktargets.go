package static

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/gaissmai/bart"

	"cidrx/detect/cidr"
	"cidrx/detect/parse"
	"cidrx/detect/report"
)

// target is a detected range that is looked at.
type target struct {
	section  int
	prefix   netip.Prefix
	requests uint64
}

// targets are the detected ranges of all sections, and the way from an address to those around it.
type targets struct {
	list    []target // by section, then by prefix
	omitted int
	around  bart.Table[[]int] // all that contain the prefix, as indices into list
	some    [1 << 16 / 64]uint64
}

// targetsOf finds what is looked at: each prefix that a tier detected, once a section; of more than report.MaxDetailed those with the most
// requests.
func targetsOf(sections []report.Section) *targets {
	t := &targets{}
	for i := range sections {
		t.add(i, &sections[i])
	}
	if t.omitted = max(0, len(t.list)-report.MaxDetailed); t.omitted > 0 {
		slices.SortFunc(t.list, func(a, b target) int { return cmp.Or(cmp.Compare(b.requests, a.requests), inOrder(a, b)) })
		t.list = t.list[:report.MaxDetailed]
	}
	slices.SortFunc(t.list, inOrder)
	for _, of := range t.list {
		t.index(of.prefix)
	}
	return t
}

// add adds the ranges of a section.
func (t *targets) add(section int, s *report.Section) {
	seen := map[netip.Prefix]bool{}
	for i := range s.Tiers {
		for _, r := range s.Tiers[i].Detected {
			if !seen[r.Prefix] {
				seen[r.Prefix] = true
				t.list = append(t.list, target{section, r.Prefix, r.Requests})
			}
		}
	}
}

func inOrder(a, b target) int {
	return cmp.Or(cmp.Compare(a.section, b.section), cidr.Compare(a.prefix, b.prefix))
}

// index makes the addresses of p find what is around it.
func (t *targets) index(p netip.Prefix) {
	var around []int
	for i, of := range t.list {
		if of.prefix.Bits() <= p.Bits() && of.prefix.Overlaps(p) {
			around = append(around, i)
		}
	}
	t.around.Insert(p, around)
	if p.Addr().Is4() {
		first := number4(p.Addr()) >> 16
		for n := range uint32(1) << max(16-p.Bits(), 0) {
			t.some[(first+n)/64] |= 1 << ((first + n) % 64)
		}
	}
}

// holds tells whether a client lies in any target.
func (t *targets) holds(b *parse.Brief) bool {
	if b.Is6 {
		return t.around.Contains(address6(b.Hi, b.Lo))
	}
	top := b.V4 >> 16
	return t.some[top/64]>>(top%64)&1 != 0 && t.around.Contains(address4(b.V4))
}

// of returns the targets around a client.
func (t *targets) of(client netip.Addr) []int {
	around, _ := t.around.Lookup(client)
	return around
}

func number4(a netip.Addr) uint32 {
	raw := a.As4()
	return uint32(raw[0])<<24 | uint32(raw[1])<<16 | uint32(raw[2])<<8 | uint32(raw[3])
}

func address4(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

func address6(hi, lo uint64) netip.Addr {
	var raw [16]byte
	for i := range 8 {
		raw[i], raw[8+i] = byte(hi>>(56-8*i)), byte(lo>>(56-8*i))
	}
	return netip.AddrFrom16(raw)
}
