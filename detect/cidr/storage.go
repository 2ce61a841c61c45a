package cidr

func (t *Trie) newNode(nd node) uint32 {
	i := t.freeNode
	if i == 0 {
		if len(t.nodes) == 0 {
			t.nodes = make([]node, 1, 64)
		}
		t.nodes = append(t.nodes, nd)
		return uint32(len(t.nodes) - 1)
	}
	t.freeNode = uint32(t.nodes[i].child[0])
	t.nodes[i] = nd
	return i
}

func (t *Trie) dropNode(i uint32) {
	t.nodes[i] = node{child: [2]ref{ref(t.freeNode), 0}}
	t.freeNode = i
}

func (t *Trie) bucket(r ref) *bucket { return t.buckets.At(uint32(r &^ inBucket)) }

func (t *Trie) newBucket(fam family) ref {
	t.held++
	i := t.freeBkt
	if i == 0 {
		i = t.buckets.New()
	} else {
		t.freeBkt = t.buckets.At(i).next
	}
	*t.buckets.At(i) = bucket{fam: fam}
	return ref(i) | inBucket
}

func (t *Trie) dropBucket(r ref) {
	t.held--
	i := uint32(r &^ inBucket)
	*t.buckets.At(i) = bucket{next: t.freeBkt}
	t.freeBkt = i
}

// Reset makes the trie empty and gives its memory back.
func (t *Trie) Reset() { *t = Trie{} }

// Buckets returns how many pieces of memory of 256 bytes the hosts take up. That is most of what a trie needs: ordinary sets of hosts
// fill five places of seven, hand-made ones as few as one.
func (t *Trie) Buckets() int { return t.held }
