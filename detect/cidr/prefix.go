package cidr

import (
	"cmp"
	"net/netip"
	"slices"
)

// Compare orders prefixes by address, IPv4 first, and the wider before the narrower of the same address.
func Compare(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

// Merge returns the smallest set of prefixes that covers exactly the same addresses as ps, sorted as Compare does. Bits of an address
// outside its prefix are cleared; invalid prefixes are dropped. ps is not changed.
func Merge(ps []netip.Prefix) []netip.Prefix {
	sorted := make([]netip.Prefix, 0, len(ps))
	for _, p := range ps {
		if p.IsValid() {
			sorted = append(sorted, p.Masked())
		}
	}
	slices.SortFunc(sorted, Compare)
	// The sorted list is its own stack: what is merged so far never outgrows what has been read.
	merged := sorted[:0]
	for _, p := range sorted {
		merged = join(merged, p)
	}
	return merged
}

// join pushes p, which sorts behind all of merged, and melts siblings into their parents for as long as there are any.
func join(merged []netip.Prefix, p netip.Prefix) []netip.Prefix {
	for n := len(merged); n > 0; n = len(merged) {
		last := merged[n-1]
		if last.Overlaps(p) { // sorted: then last contains p
			return merged
		}
		if !siblings(last, p) {
			break
		}
		merged, p = merged[:n-1], parent(p)
	}
	return append(merged, p)
}

// siblings tells whether the different prefixes a and b are the halves of one prefix.
func siblings(a, b netip.Prefix) bool {
	return a.Bits() == b.Bits() && a.Bits() > 0 && parent(a) == parent(b)
}

// parent of a prefix that is not a whole family.
func parent(p netip.Prefix) netip.Prefix {
	return netip.PrefixFrom(p.Addr(), p.Bits()-1).Masked()
}

// Subtract returns the smallest set of prefixes that covers what is in p and in none of holes, sorted as Compare does: nothing if the
// holes cover p, p itself if they do not touch it.
func Subtract(p netip.Prefix, holes []netip.Prefix) []netip.Prefix {
	return Exclude([]netip.Prefix{p}, holes)
}

// Exclude returns the smallest set of prefixes that covers what is in any of ps and in none of holes, sorted as Compare does. It takes
// O((n+m) log m) for n prefixes and m holes, and a prefix length for each piece that comes out.
func Exclude(ps, holes []netip.Prefix) []netip.Prefix {
	holes = Merge(holes)
	out := []netip.Prefix{}
	for _, p := range Merge(ps) {
		out = carve(out, p, touching(p, holes))
	}
	return out
}

// touching returns those of the merged holes that overlap p. They lie side by side: either one that contains p or all that p contains.
func touching(p netip.Prefix, holes []netip.Prefix) []netip.Prefix {
	from, _ := slices.BinarySearchFunc(holes, p, Compare)
	if from > 0 && holes[from-1].Overlaps(p) {
		return holes[from-1 : from]
	}
	to := from
	for to < len(holes) && p.Overlaps(holes[to]) {
		to++
	}
	return holes[from:to]
}

// carve appends what the holes, all of which touch p, leave of it. It halves p until a half is whole or gone: at most 128 deep.
func carve(out []netip.Prefix, p netip.Prefix, holes []netip.Prefix) []netip.Prefix {
	if len(holes) == 0 {
		return append(out, p)
	}
	if holes[0].Bits() <= p.Bits() {
		return out
	}
	low, high := halves(p)
	at, _ := slices.BinarySearchFunc(holes, high, Compare)
	out = carve(out, low, holes[:at])
	return carve(out, high, holes[at:])
}

// halves of a prefix that is not a single address.
func halves(p netip.Prefix) (low, high netip.Prefix) {
	low = netip.PrefixFrom(p.Addr(), p.Bits()+1)
	raw := p.Addr().AsSlice()
	raw[p.Bits()/8] |= 0x80 >> (p.Bits() % 8)
	addr, _ := netip.AddrFromSlice(raw)
	return low, netip.PrefixFrom(addr, p.Bits()+1)
}
