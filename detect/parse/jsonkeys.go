package parse

// keyTable finds which of a few keys a key is. Lines have many keys that are good for nothing, which it finds out at little cost.
type keyTable struct {
	keys  []string
	slots [256]uint8 // 1 + the place in keys, 0 for none; where its slot is taken a key has the next free one
}

func newKeyTable(keys ...string) *keyTable {
	k := &keyTable{keys: keys}
	for i, key := range keys {
		at := hashKey(key)
		for k.slots[at] != 0 {
			at++
		}
		k.slots[at] = uint8(i + 1)
	}
	return k
}

// find returns 1 + the place of key among the keys, 0 if it is none of them.
func (k *keyTable) find(key []byte) uint8 { return k.probe(key, hashKey(key)) }

// probe looks for key from slot at on. It is not inlined, nor is escaped: seek has more variables than there are registers already.
//
//go:noinline
func (k *keyTable) probe(key []byte, at uint8) uint8 {
	for ; k.slots[at] != 0; at++ {
		if n := k.slots[at]; k.keys[n-1] == string(key) {
			return n
		}
	}
	return 0
}

// hashKey spreads keys by what they begin and end with and their length. An empty one has the quotes around it for ends.
func hashKey[S string | []byte](key S) uint8 {
	if len(key) == 0 {
		return hashEnds('"', '"', 0)
	}
	return hashEnds(key[0], key[len(key)-1], len(key))
}

func hashEnds(first, last byte, n int) uint8 { return uint8(n)*37 + first*5 ^ last }
