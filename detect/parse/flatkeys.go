package parse

// flatKeys finds what keys are good for. Lines have many keys that are good for nothing, which it finds out at little cost.
type flatKeys struct {
	uses  []flatUse
	slots [256]uint8 // 1 + the place in uses, 0 for none; where its slot is taken a key has the next free one
}

func newFlatKeys(uses map[string]flatUse) (k flatKeys) {
	for _, use := range uses {
		at := flatHash([]byte(use.key))
		for k.slots[at] != 0 {
			at++
		}
		k.uses = append(k.uses, use)
		k.slots[at] = uint8(len(k.uses))
	}
	return k
}

// find looks key up.
func (k *flatKeys) find(key []byte) flatUse {
	for at := flatHash(key); k.slots[at] != 0; at++ {
		if use := &k.uses[k.slots[at]-1]; use.key == string(key) {
			return *use
		}
	}
	return flatUse{}
}

// flatHash spreads keys by their length and three of their bytes.
func flatHash(key []byte) uint8 {
	n := len(key)
	if n == 0 {
		return 0
	}
	x := uint32(key[0]) | uint32(key[n/2])<<8 | uint32(key[n-1])<<16 | uint32(n)<<24
	return uint8(x * 0x9E3779B1 >> 24)
}
