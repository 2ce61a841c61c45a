//go:build linux

package ipset

import (
	"net/netip"
	"slices"
	"time"

	"cidrx/firewall"
)

// An anchor is an element that keeps a prefix length in use. A look-up in a hash of networks tries the lengths that are in use, from a list; when the
// last prefix of a length goes, the kernel moves the rest of the list up under look-ups that are on their way through it, and those miss the next
// length (hash_net's mtype_del_cidr, seen with kernel 6.18: a packet of a banned network came through). So each length that a ban has needs gets an anchor beside
// it, which stays until the next full write. Its addresses are multicast, which no packet comes from (RFC 1112, RFC 4291).
//
// Lengths that are too short for that have none.
func anchor(f family, bits int) (netip.Prefix, bool) {
	addr, least := [...]netip.Addr{anchor4, anchor6}[f], [...]int{4, 8}[f]
	p := netip.PrefixFrom(addr, bits).Masked()
	return p, bits >= least
}

var (
	anchor4 = netip.MustParseAddr("239.255.255.255")
	anchor6 = netip.MustParseAddr("ffee::ffee")
)

// isAnchor says whether p is one, or would be.
func isAnchor(p netip.Prefix) bool {
	a, ok := anchor(familyOf(p), p.Bits())
	return ok && a == p
}

// writeAnchor appends the anchor of a length if there is one.
func (f *Firewall) writeAnchor(s *script, set string, fam family, bits int, now time.Time) {
	p, ok := anchor(fam, bits)
	if !ok {
		return
	}
	f.anchored[fam][bits] = true
	f.noteLong(maxTimeout, now)
	s.add(set, p, maxTimeout, isNetwork(p))
}

// anchor appends the anchor that a ban needs, unless it is there.
func (f *Firewall) anchor(s *script, set string, p netip.Prefix, now time.Time) {
	if fam, bits := familyOf(p), p.Bits(); !f.anchored[fam][bits] {
		f.writeAnchor(s, set, fam, bits, now)
	}
}

// writeAnchors appends all of them again.
func (f *Firewall) writeAnchors(s *script, now time.Time) {
	for _, fam := range f.families {
		for bits, there := range f.anchored[fam] {
			if there {
				f.writeAnchor(s, f.o.banSet(fam), fam, bits, now)
			}
		}
	}
}

// anchored says for each family and length whether there is an anchor.
type anchored [2][129]bool

// withoutAnchors takes the anchors from elements read from the kernel, and says which there are. One that is held as a ban is a ban.
func (f *Firewall) withoutAnchors(have []firewall.Element) ([]firewall.Element, anchored) {
	var there anchored
	have = slices.DeleteFunc(have, func(e firewall.Element) bool {
		if !isAnchor(e.Prefix) {
			return false
		}
		there[familyOf(e.Prefix)][e.Prefix.Bits()] = true
		_, held := search(f.held, e.Prefix)
		return !held
	})
	return have, there
}

// anchors is how many elements of a family are anchors only.
func (f *Firewall) anchors(fam family) (n int) {
	for bits, there := range f.anchored[fam] {
		if p, _ := anchor(fam, bits); there {
			if _, held := search(f.held, p); !held {
				n++
			}
		}
	}
	return n
}
