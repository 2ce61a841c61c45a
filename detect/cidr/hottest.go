package cidr

import (
	"cmp"
	"net/netip"
	"slices"
)

// Hot is a prefix that a tier looks at, and how far it has come.
type Hot struct {
	Net         Net
	Requests    uint64
	Hosts       int
	HostsNeeded int
	Closeness   float64 // of what the tier asks for in requests and hosts, the part that is there: 1 and more fulfils both
}

// Prefix of h.
func (h Hot) Prefix() netip.Prefix { return h.Net.Prefix() }

// Hottest returns the prefixes that came closest to fulfil q by requests and hosts: nearest first, at most most of them, none inside
// another. It looks at the most*4 widest prefixes of the tier with the most requests, and on the way from each to the half with more
// requests, and so on to the narrowest, picks the prefix that came closest. It opens at most budget nodes on the way to those: where
// the traffic is so even that they do not suffice, it goes on to the half with more requests there too, and what it returns may not be
// the very nearest. Unlike Heavy it does not take off what narrower prefixes are reported for, and it looks neither at bystanders nor
// at halves.
func (t *Trie) Hottest(q Query, most, budget int) []Hot {
	q.Need = max(1, q.Need)
	s := heat{w: walker{trie: t, q: q}, budget: budget, parts: make(byCount, 0, min(budget, 1024))}
	for fam := range families {
		if lo, hi, ok := q.Tier.depths(fam); ok {
			s.depths[fam] = [2]int{lo, hi}
			s.push(s.w.inCrown(fam, 1))
		}
	}
	var found []Hot
	for len(found) < candidates*most && len(s.parts) > 0 {
		if h, ok := s.next(); ok {
			found = append(found, h)
		}
	}
	slices.SortFunc(found, func(a, b Hot) int {
		return cmp.Or(cmp.Compare(b.Closeness, a.Closeness), cmp.Compare(b.Requests, a.Requests))
	})
	return found[:min(len(found), most)]
}

// candidates is how many places are looked at for each that is wanted: that with the most requests need not have the hosts.
const candidates = 4

// heat looks for the parts with the most requests, best first: no half has more requests than the whole.
type heat struct {
	w      walker
	depths [families][2]int
	parts  byCount
	budget int
}

// push adds a part that is not empty. Hosts of a bucket are copied: the walker has room for one bucket only.
func (s *heat) push(p part) {
	if p.count == 0 {
		return
	}
	p.few = slices.Clone(p.few)
	s.parts.push(p)
}

// next takes the part with the most requests. If that is one the tier looks at, next returns the closest on its way down; else its
// halves take its place, or, when the budget is used up, the half with more requests is followed.
func (s *heat) next() (Hot, bool) {
	p := s.parts.pop()
	lo := s.depths[p.fam][0]
	for {
		n, low, high := s.w.open(p)
		if int(n.plen) >= lo {
			return s.descend(n, p, low, high), true
		}
		if s.budget > 0 {
			s.budget--
			s.push(low)
			s.push(high)
			return Hot{}, false
		}
		p = larger(low, high)
	}
}

// descend follows the larger halves of n, which holds p, and returns the prefix that came closest.
func (s *heat) descend(n Net, p, low, high part) Hot {
	hi := s.depths[p.fam][1]
	best := s.hot(n, p)
	for int(n.plen) < hi {
		p = larger(low, high)
		n, low, high = s.w.open(p)
		if h := s.hot(n, p); h.Closeness > best.Closeness {
			best = h
		}
	}
	return best
}

// hot is the narrowest prefix that the tier looks at and that holds p, all of which lies in n. No wider one needs fewer hosts.
func (s *heat) hot(n Net, p part) Hot {
	n = Key{n.bits, n.fam}.Net(min(int(n.plen), s.depths[n.fam][1]))
	h := Hot{Net: n, Requests: p.count, Hosts: p.hosts, HostsNeeded: s.w.q.Tier.hostsNeeded(n)}
	h.Closeness = float64(p.count) / float64(s.w.q.Need)
	if h.HostsNeeded > 0 {
		h.Closeness = min(h.Closeness, float64(p.hosts)/float64(h.HostsNeeded))
	}
	return h
}

func larger(a, b part) part {
	if b.count > a.count {
		return b
	}
	return a
}

// byCount is a heap of parts, the one with the most requests on top. (container/heap would allocate each part on its own.)
type byCount []part

func (h *byCount) push(p part) {
	*h = append(*h, p)
	for i := len(*h) - 1; i > 0 && (*h)[(i-1)/2].count < (*h)[i].count; i = (i - 1) / 2 {
		(*h)[i], (*h)[(i-1)/2] = (*h)[(i-1)/2], (*h)[i]
	}
}

// pop takes the top; the last part sinks from there to its place.
func (h *byCount) pop() part {
	parts := *h
	top, last := parts[0], len(parts)-1
	parts[0] = parts[last]
	parts[last] = part{}
	parts = parts[:last]
	*h = parts
	for i := 0; ; {
		child := 2*i + 1
		if child+1 < last && parts[child+1].count > parts[child].count {
			child++
		}
		if child >= last || parts[i].count >= parts[child].count {
			return top
		}
		parts[i], parts[child] = parts[child], parts[i]
		i = child
	}
}
