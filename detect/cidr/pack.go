package cidr

// Pack returns k as its left-aligned bits and a number below 4 that names their address space, for those who store very many.
func (k Key) Pack() (bits uint64, space uint8) { return k.bits, uint8(k.fam) }

// Unpack undoes Pack.
func Unpack(bits uint64, space uint8) Key { return Key{bits: bits, fam: family(space)} }

// Hash returns a number that differs between hosts as a rule (Knuth's multiplicative hash: the high bits are the good ones).
func (k Key) Hash() uint64 { return (k.bits ^ uint64(k.fam)) * 0x9e37_79b9_7f4a_7c15 >> 32 }
