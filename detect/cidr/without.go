package cidr

import (
	"cmp"
	"net/netip"
	"slices"
)

// Without returns the hosts that are in none of the prefixes: s itself if no host is in any. A prefix longer than a host means the
// host; invalid prefixes mean nothing. The result is a copy.
func (s *Sorted) Without(prefixes []netip.Prefix) *Sorted {
	gaps := s.stretches(prefixes)
	if len(gaps) == 0 {
		return s
	}
	kept, from := s.blank(), 0
	for _, gap := range gaps {
		kept.copy(s, from, gap.from)
		from = max(from, gap.to)
	}
	kept.copy(s, from, s.Hosts())
	kept.finish()
	return kept
}

// stretches returns where hosts are in the prefixes, sorted.
func (s *Sorted) stretches(prefixes []netip.Prefix) []stretch {
	var all []stretch
	for _, p := range prefixes {
		for _, n := range Nets(p) {
			if in := s.inside(n); in.from < in.to {
				all = append(all, in)
			}
		}
	}
	slices.SortFunc(all, func(a, b stretch) int { return cmp.Compare(a.from, b.from) })
	return all
}

// Minus returns s without requests that are counted in spent: each host has as many fewer, and is dropped when none is left. As it is
// the oldest requests that are spent, those that are left began no earlier than the last of spent. The result is a copy; s itself if
// spent has no hosts.
func (s *Sorted) Minus(spent *Sorted) *Sorted {
	if spent.Hosts() == 0 {
		return s
	}
	left, at := s.blank(), 0
	for i := range s.Hosts() {
		h := s.host(i)
		for at < spent.Hosts() && spent.host(at).Key.less(h.Key) {
			at++
		}
		if at < spent.Hosts() && spent.host(at).Key == h.Key {
			h.spend(spent.host(at))
		}
		left.push(h)
	}
	left.finish()
	return left
}

// spend takes away requests that are older than the others.
func (h *HostCount) spend(old HostCount) {
	h.Requests -= min(h.Requests, old.Requests)
	if h.First > 0 {
		h.First = min(max(h.First, old.Last), h.Last)
	}
}

// less tells whether k has a smaller number than other in a Sorted.
func (k Key) less(other Key) bool {
	return k.fam < other.fam || k.fam == other.fam && k.bits < other.bits
}

// blank returns an empty set with room for the hosts of s.
func (s *Sorted) blank() *Sorted {
	return &Sorted{four: make([]Host4, 0, len(s.four)), wide: make([]HostCount, 0, len(s.wide)), lost: s.lost}
}

// copy adds the hosts from..to of another set, which sort behind all that are there.
func (s *Sorted) copy(other *Sorted, from, to int) {
	for i := from; i < to; i++ {
		s.push(other.host(i))
	}
}
