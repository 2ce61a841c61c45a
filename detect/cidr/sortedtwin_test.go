package cidr_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"

	"cidrx/detect/cidr"
)

// sortedTwin is the slow Sorted.
type sortedTwin map[netip.Prefix]cidr.HostCount

// add counts an entry.
func (tw sortedTwin) add(e cidr.HostCount) {
	h, known := tw[e.Key.Host()]
	if !known {
		tw[e.Key.Host()] = e
		return
	}
	h.Requests += e.Requests
	h.Last = max(h.Last, e.Last)
	switch {
	case h.First == 0:
		h.First = e.First
	case e.First > 0:
		h.First = min(h.First, e.First)
	}
	tw[e.Key.Host()] = h
}

func (tw sortedTwin) count(p netip.Prefix) (requests uint64, hosts int) {
	return tw.requests().count(p)
}

// requests returns the twin of the trie.
func (tw sortedTwin) requests() twin {
	t := twin{}
	for p, h := range tw {
		t[p] = h.Requests
	}
	return t
}

func (tw sortedTwin) span(p netip.Prefix) (first, last uint32) {
	for host, h := range tw {
		if !p.Overlaps(host) {
			continue
		}
		last = max(last, h.Last)
		if h.First > 0 && (first == 0 || h.First < first) {
			first = h.First
		}
	}
	return first, last
}

// walk returns the hosts inside p in their order: NAT64 comes last.
func (tw sortedTwin) walk(p netip.Prefix) []cidr.HostCount {
	space := func(h cidr.HostCount) int { return []int{32: 0, 64: 1, 128: 2}[h.Key.Host().Bits()] }
	hs := []cidr.HostCount{}
	for host, h := range tw {
		if p.Overlaps(host) {
			hs = append(hs, h)
		}
	}
	slices.SortFunc(hs, func(a, b cidr.HostCount) int {
		return cmp.Or(cmp.Compare(space(a), space(b)), cidr.Compare(a.Key.Host(), b.Key.Host()))
	})
	return hs
}

func walkSorted(s *cidr.Sorted, p netip.Prefix) []cidr.HostCount {
	hs := []cidr.HostCount{}
	s.Walk(p, func(h cidr.HostCount) bool {
		hs = append(hs, h)
		return true
	})
	return hs
}

// entries returns what adds up to the hosts of a twin: several entries for some, and some without requests, in any order.
func entries(r *rand.Rand, tw sortedTwin) (others []cidr.HostCount, four []cidr.Host4) {
	for _, h := range tw.walk(netip.MustParsePrefix("0.0.0.0/0")) {
		for h.Requests > 0 {
			piece := piece(r, &h)
			if piece.Requests > math.MaxUint32 || r.IntN(20) == 0 {
				others = append(others, piece)
				continue
			}
			four = append(four, cidr.Host4{Addr: piece.Key.Pack().High, Requests: uint32(piece.Requests), First: piece.First, Last: piece.Last})
		}
	}
	for _, h := range tw.walk(netip.MustParsePrefix("::/0")) {
		for h.Requests > 0 {
			others = append(others, piece(r, &h))
		}
	}
	for range r.IntN(5) {
		four = append(four, cidr.Host4{Addr: r.Uint32(), First: 1})
		others = append(others, cidr.HostCount{Key: cidr.Key4(r.Uint32()), Last: 1}, cidr.HostCount{Key: cidr.Key6(r.Uint64(), 0), First: 1})
	}
	r.Shuffle(len(four), func(i, j int) { four[i], four[j] = four[j], four[i] })
	r.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	return others, four
}

// piece takes an entry from what is left of h. Together all entries of h have its times.
func piece(r *rand.Rand, h *cidr.HostCount) cidr.HostCount {
	p := *h
	if r.IntN(3) == 0 {
		p.Requests = 1 + r.Uint64N(h.Requests)
	}
	h.Requests -= p.Requests
	if h.Requests == 0 {
		return p
	}
	switch r.IntN(3) { // the last piece has them all
	case 0:
		p.First, p.Last = 0, 0
	case 1:
		p.First = p.Last
	}
	return p
}

// randomHosts returns n hosts or more of all families, among them some with very many requests.
func randomHosts(r *rand.Rand, n int) sortedTwin {
	tw := sortedTwin{}
	for _, a := range (traffic{r}).hosts(n) {
		h := cidr.HostCount{Key: cidr.KeyOf(a), Requests: 1 + r.Uint64N(3)}
		switch r.IntN(40) {
		case 0:
			h.Requests = 1 + r.Uint64N(100)
		case 1:
			h.Requests = r.Uint64N(1<<40) + 1
		}
		if r.IntN(4) > 0 {
			h.First = 1 + r.Uint32N(1000)
			h.Last = h.First + r.Uint32N(100)
		}
		tw.add(h)
	}
	return tw
}

// randomPrefix returns one that holds some of the hosts, as a rule.
func randomPrefix(r *rand.Rand, tw sortedTwin) netip.Prefix {
	if r.IntN(30) == 0 {
		return []netip.Prefix{{}, netip.MustParsePrefix("::/0"), netip.MustParsePrefix(nat64)}[r.IntN(3)]
	}
	hs := slices.SortedFunc(func(yield func(netip.Prefix) bool) {
		for p := range tw {
			if !yield(p) {
				return
			}
		}
	}, cidr.Compare)
	p := hs[r.IntN(len(hs))]
	return netip.PrefixFrom(p.Addr(), r.IntN(p.Bits()+1)).Masked()
}

// sortedOf returns the hosts of a trie.
func sortedOf(r *rand.Rand, trie *cidr.Trie) *cidr.Sorted {
	tw := sortedTwin{}
	for _, all := range []string{"0.0.0.0/0", "::/0"} {
		trie.Walk(netip.MustParsePrefix(all), func(k cidr.Key, n uint64, _ *cidr.Note) bool {
			tw.add(cidr.HostCount{Key: k, Requests: n})
			return true
		})
	}
	return cidr.NewSorted(entries(r, tw))
}
