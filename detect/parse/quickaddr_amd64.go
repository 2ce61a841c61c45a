package parse

import "unsafe"

// quickIPv4 is scanIPv4 for addresses of the usual shape. b holds quickLen bytes at least. n is 0 also for some addresses that scanIPv4
// knows; it has the last word.
func quickIPv4(b []byte) (ip uint32, n int) {
	b = b[:quickLen]
	if !quickMarks { // which asks for all that this needs
		return swarIPv4(b)
	}
	return quickIPv4AVX(&usualOctets, &b[0])
}

// quickIPv4AVX is quickIPv4 for the 16 bytes from b on.
//
//go:noescape
func quickIPv4AVX(t *octetTables, b *byte) (ip uint32, n int)

// quickAddrs reads the IPv4 addresses of up to 64 usual Briefs, each of which is block[Hi:Lo], as quickIPv4 does. It returns which of them
// it has read, a bit each, the first the lowest. None waits for the one before.
func quickAddrs(block []byte, briefs []Brief) (read uint64) {
	if !quickMarks {
		return swarAddrs(block, briefs)
	}
	return quickAddrsAVX(&usualOctets, unsafe.SliceData(block), len(block)-quickLen, &briefs[0], len(briefs))
}

// quickAddrsAVX is quickAddrs for n Briefs. Those that begin behind limit it passes over.
//
//go:noescape
func quickAddrsAVX(t *octetTables, block *byte, limit int, briefs *Brief, n int) (read uint64)

// octetTables are for addresses by the places of the four bytes behind octets, a bit each, hashed to eight bits.
type octetTables struct {
	places   [256]uint16   // those bits; all at once stand where no address has its places
	shuffles [256][16]byte // puts the digits of each octet to the end of its four bytes
}

var usualOctets = newOctetTables()

func newOctetTables() (t octetTables) {
	for i := range t.places {
		t.places[i] = 0xffff
	}
	for lengths := range 3 * 3 * 3 * 3 {
		var key uint32
		var shuffle [16]byte
		at := 0
		for octet, rest := 0, lengths; octet < 4; octet, rest = octet+1, rest/3 {
			length := 1 + rest%3
			for i := range 4 {
				shuffle[octet*4+i] = 0x80 // zero
				if missing := 4 - length; i >= missing {
					shuffle[octet*4+i] = byte(at + i - missing)
				}
			}
			at += length
			key |= 1 << at
			at++
		}
		hash := key * 0xb301a455 >> 24
		t.places[hash], t.shuffles[hash] = uint16(key), shuffle
	}
	return t
}
