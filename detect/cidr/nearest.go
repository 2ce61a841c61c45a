package cidr

import (
	"cmp"
	"container/heap"
	"slices"
)

// Nearest returns the prefixes that came closest to fulfil q: nearest first, at most most of them, none inside another. It is for a
// query that reports nothing, and returns nothing for one that reports something.
//
// Those that have T requests and were refused by another condition come first, by how much of what that asks for they have; of more
// than 256 of them it looks at the nearest 256. Then come those of the tier's shortest length that have the most requests, as narrow
// as still holds these. It takes as long as Heavy and one look at each prefix that has more requests than what it returns.
func (s *Sorted) Nearest(q Query, most int) []Miss {
	q.Need = max(1, q.Need)
	w := walker{sorted: s, q: q, missed: new(misses)}
	if len(w.everywhere()) > 0 {
		return nil
	}
	found := w.missed.nearest(most)
	return s.shortest(&q, most, found) // none touches what is found: that has T requests
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

// shortest appends to found the prefixes of the tier's shortest length with the most requests, but fewer than T; of those with equally
// many the first. As no prefix has more requests than one that holds it, the fullest one that is known is always looked at next.
func (s *Sorted) shortest(q *Query, most int, found []Miss) []Miss {
	var known fullest
	for fam := range families {
		if p := s.all(fam); p.hosts > 0 {
			if _, _, looked := q.Tier.depths(fam); looked {
				heap.Push(&known, p)
			}
		}
	}
	for len(known) > 0 && len(found) < most {
		p := known[0]
		lo, hi, _ := q.Tier.depths(p.fam)
		n, low, high := s.open(p)
		if int(n.plen) < lo {
			known[0] = low
			heap.Fix(&known, 0)
			heap.Push(&known, high)
			continue
		}
		if p.count < q.Need {
			m := q.miss(Key{n.bits, n.fam}.Net(min(hi, int(n.plen))), p)
			if q.Tier.Balance && int(n.plen) < hi && !q.Tier.even(low.count, high.count) {
				m.Halves = [2]uint64{low.count, high.count}
			}
			found = append(found, m)
		}
		heap.Pop(&known)
	}
	return found
}

// fullest is a heap of parts whose first has the most requests; of those with equally many it is the first by address.
type fullest []part

func (f fullest) Len() int { return len(f) }
func (f fullest) Less(i, j int) bool {
	return f[i].count > f[j].count || f[i].count == f[j].count && f[i].at < f[j].at
}
func (f fullest) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *fullest) Push(p any)   { *f = append(*f, p.(part)) }
func (f *fullest) Pop() any {
	last := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return last
}
