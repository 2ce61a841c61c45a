package cidr

// Packed is a Key in as few words as it takes, for those who store very many: Low is 0 unless the space is Wide.
type Packed struct {
	High, Low uint32
	Space     uint8 // of addresses, below 4
}

// Wide is the only space whose hosts take more than 32 bits.
const Wide = uint8(ipv6)

// Pack returns k in as few words as it takes.
func (k Key) Pack() Packed {
	return Packed{High: uint32(k.bits >> 32), Low: uint32(k.bits), Space: uint8(k.fam)}
}

// Key undoes Pack.
func (p Packed) Key() Key { return Key{bits: uint64(p.High)<<32 | uint64(p.Low), fam: family(p.Space)} }

// Hash returns a number that differs between hosts as a rule (Knuth's multiplicative hash: the high bits are the good ones).
func (k Key) Hash() uint64 { return (k.bits ^ uint64(k.fam)) * 0x9e37_79b9_7f4a_7c15 >> 32 }
