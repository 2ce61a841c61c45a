package cidr

// Lanes is how many hosts one Touch takes.
const Lanes = 16

// Touch reads what Add, or Lookup, of the hosts will read, at most Lanes of them, and changes nothing. One walk has to wait for memory
// at every step, which takes most of its time; here all walks take a step together, and wait together. The result means nothing: it is
// there so that the compiler leaves the reading in.
func (t *Trie) Touch(hosts []Key) (sum uint64) {
	hosts = hosts[:min(len(hosts), Lanes)]
	var at [Lanes]ref
	for i, k := range hosts {
		if c := t.crowns[k.fam]; c != nil {
			at[i] = c[crownAt(k.bits, crownBits)].root
		}
	}
	for busy := true; busy; {
		busy = false
		for i, k := range hosts {
			if r := at[i]; r != 0 && r&inBucket == 0 {
				nd := &t.nodes[r]
				at[i] = nd.child[nd.bit(k.bits)] // even if nd does not hold k: the walk ends somewhere
				busy = true
			}
		}
	}
	for i := range hosts {
		if r := at[i]; r != 0 {
			b := t.bucket(r)
			sum += b.keys[0] + b.hosts[1].count + b.hosts[4].count + uint64(b.n) // one in each cache line
		}
	}
	return sum
}
