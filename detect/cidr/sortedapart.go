package cidr

// apart looks for heavy prefixes among the hosts of in, of one family, in each prefix of the tier's shortest length that has T requests:
// in the order of their addresses. Nothing wider is reported, so the halves of what is wider need not be told apart: hosts are halved
// by their number, which takes one look where halving by address takes a search. A piece with fewer than T requests holds no such prefix.
func (w *walker) apart(fam family, in stretch) {
	s := w.sorted
	for s.before(in.to)-s.before(in.from) >= w.q.Need {
		n := s.around(in, in.from+(in.to-in.from)/2, w.lo)
		w.apart(fam, stretch{in.from, n.from})
		if p := s.part(fam, n.from, n.to); p.count >= w.q.Need {
			w.run(p, w.lo)
		}
		in.from = n.to
	}
}

// around returns those hosts of in that share the first plen bits of host number i. It looks at its neighbours, and at ever farther
// ones: most hosts have none so close.
func (s *Sorted) around(in stretch, i, plen int) stretch {
	first := s.bits(i) & mask(plen)
	last := first | ^mask(plen)
	low, high := i, i+1 // what lies between is inside
	step := 1
	for ; low-step >= in.from && s.bits(low-step) >= first; step *= 2 {
		low -= step
	}
	out := stretch{s.search(max(in.from, low-step), low, first), in.to}
	if last == ^uint64(0) {
		return out
	}
	for step = 1; high+step <= in.to && s.bits(high+step-1) <= last; step *= 2 {
		high += step
	}
	out.to = s.search(high, min(in.to, high+step), last+1)
	return out
}
