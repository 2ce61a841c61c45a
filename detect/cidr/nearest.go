package cidr

import (
	"cmp"
	"slices"
)

// Nearest returns the prefixes that came closest to fulfil q: nearest first, at most most of them, none inside another. It is for a
// query that reports nothing, and returns nothing for one that reports something.
//
// Those that have T requests and were refused by another condition come first, by how much of what that asks for they have; of more
// than 256 of them it looks at the nearest 256. Then come those of the tier's shortest length that have the most requests, as narrow
// as still holds these. It takes as long as Heavy and one look at each prefix of that length: at most a few milliseconds a million hosts.
func (s *Sorted) Nearest(q Query, most int) []Miss {
	q.Need = max(1, q.Need)
	w := walker{sorted: s, q: q, missed: new(misses)}
	if len(w.everywhere()) > 0 {
		return nil
	}
	found := w.missed.nearest(most)
	short := shortest{q: q, most: most - len(found)} // none touches what is found: that has T requests
	for fam := range families {
		if lo, hi, ok := q.Tier.depths(fam); ok {
			short.look(s, fam, lo, hi)
		}
	}
	return append(found, short.misses()...)
}

// misses collects prefixes with T requests that are not reported. A nil one collects nothing.
type misses struct{ near []nearMiss }

// nearMiss is a Miss and the part of what its condition asks for that it has, below 1.
type nearMiss struct {
	Miss
	has float64
}

// missesKept is how many misses are remembered, and how many more it takes until the others are dropped.
const missesKept = 256

// refused notes n, which holds p and which minHosts or maxCollateral has refused.
func (m *misses) refused(w *walker, n Net, p part) {
	if m == nil {
		return
	}
	miss := nearMiss{Miss: w.q.miss(n, p), has: 1}
	if w.q.limited() {
		// One more of each: none allowed does not make all equally far.
		allowed := float64(miss.Hosts+miss.Bystanders) * float64(w.q.Tier.MaxCollateral) / million
		miss.Reason, miss.has = Bystanders, min(1, (allowed+1)/float64(miss.Bystanders+1))
	}
	if miss.Hosts < miss.HostsNeeded {
		miss.Reason, miss.has = TooFewHosts, min(miss.has, float64(miss.Hosts)/float64(miss.HostsNeeded))
	}
	m.add(miss)
}

// uneven notes n, which holds p and whose halves the balance mode finds too different.
func (m *misses) uneven(w *walker, n Net, p part, low, high uint64) {
	if m == nil {
		return
	}
	miss := nearMiss{Miss: w.q.miss(n, p)}
	miss.Reason, miss.Halves = Uneven, [2]uint64{low, high}
	allowed := float64(w.q.Tier.Threshold/(million/1000)) * float64(p.count)
	miss.has = (allowed + 1) / (2000*float64(max(low, high)-min(low, high)) + 1)
	m.add(miss)
}

func (m *misses) add(miss nearMiss) {
	m.near = append(m.near, miss)
	if len(m.near) == 2*missesKept {
		m.sort()
		m.near = m.near[:missesKept]
	}
}

func (m *misses) sort() {
	slices.SortFunc(m.near, func(a, b nearMiss) int {
		return cmp.Or(cmp.Compare(b.has, a.has), cmp.Compare(b.Requests, a.Requests), Compare(a.Prefix(), b.Prefix()))
	})
}

// nearest returns at most most misses that do not touch each other, nearest first.
func (m *misses) nearest(most int) []Miss {
	m.sort()
	found := []Miss{}
	for _, miss := range m.near {
		if len(found) < most && !touches(found, miss.Net) {
			found = append(found, miss.Miss)
		}
	}
	return found
}

// touches tells whether n overlaps one of the misses.
func touches(found []Miss, n Net) bool {
	return slices.ContainsFunc(found, func(m Miss) bool { return m.Net.overlaps(n) })
}

// overlaps tells whether n and other have a host in common.
func (n Net) overlaps(other Net) bool {
	return n.fam == other.fam && (n.bits^other.bits)&mask(int(min(n.plen, other.plen))) == 0
}

// shortest finds the prefixes of the tier's shortest length with the most requests, but fewer than T.
type shortest struct {
	q     Query
	most  int
	found []heavyPart
}

// heavyPart is what one prefix holds, and that prefix.
type heavyPart struct {
	n Net
	p part
}

// look adds the prefixes of one family.
func (f *shortest) look(s *Sorted, fam family, lo, hi int) {
	from, to := s.family(fam)
	for from < to {
		end := s.endOf(from, to, lo)
		p := s.part(fam, from, end)
		if p.count < f.q.Need {
			plen := min(hi, common(s.bits(from), s.bits(end-1), fam))
			f.add(heavyPart{Net{bits: s.bits(from) & mask(plen), fam: fam, plen: uint8(plen)}, p})
		}
		from = end
	}
}

// endOf returns the number behind the last of the hosts from..to that share the first bits of host number from. It looks at twice as
// many hosts each time: most prefixes have few.
func (s *Sorted) endOf(from, to, plen int) int {
	first, step := s.bits(from), 1
	for from+step < to && (s.bits(from+step)^first)&mask(plen) == 0 {
		step *= 2
	}
	last := first | ^mask(plen)
	if last == ^uint64(0) {
		return to
	}
	return s.search(from+step/2, min(from+step, to), last+1)
}

// common returns how many bits the hosts with the addresses a and b have in common.
func common(a, b uint64, fam family) int {
	plen := fam.width()
	for plen > 0 && (a^b)&mask(plen) != 0 {
		plen--
	}
	return plen
}

// add keeps the prefix if it is one of those with the most requests; of those with equally many the first.
func (f *shortest) add(h heavyPart) {
	at := len(f.found)
	for at > 0 && f.found[at-1].p.count < h.p.count {
		at--
	}
	if at >= f.most {
		return
	}
	f.found = slices.Insert(f.found, at, h)
	f.found = f.found[:min(len(f.found), f.most)]
}

func (f *shortest) misses() []Miss {
	var found []Miss
	for _, h := range f.found {
		found = append(found, f.q.miss(h.n, h.p))
	}
	return found
}
