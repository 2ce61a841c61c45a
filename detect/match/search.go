package match

import "encoding/binary"

// searcher looks for any of a set of literals in a text. It probes the text at a fixed stride: every literal is at least stride+gram-1
// bytes long, so wherever it stands, one of any stride successive grams of it (pieces of gram bytes) is where a probe falls. A bitmap
// says whether the gram under a probe is one of theirs; only then are literals compared. Probes do not depend on one another, which
// is what makes this several times faster than an automaton that takes byte after byte.
type searcher struct {
	bound    literals // have but one place to be, and are looked for there
	floating literals

	gram   int                        // 1 to 3 bytes
	stride int                        // at least 1
	mask   uint32                     // the lower gram bytes of a word
	bits   [1 << hashBits / 64]uint64 // by hash of a gram
	starts []uint16                   // by the lower bits of a hash: where its grams begin in grams; one more at the end
	grams  []gramAt
}

// gramAt says that literal lit of floating has a gram at offset.
type gramAt struct {
	gram   uint32 // case bits set
	lit    uint16
	offset uint16
}

const (
	hashBits   = 15 // 4 KiB: fits the first-level cache with other things, and a usual set fills under 1 % of it
	maxGram    = 3
	maxStride  = 8
	maxGrams   = 2048 // if fewer will do: of more the tables let too much through
	maxWindow  = 64   // places in a literal that are considered for its grams
	maxBound   = 8
	caseBits   = 0x20202020
	bucketBits = 8
)

// newSearcher prepares the search for set, of which no literal that may stand anywhere is empty.
func newSearcher(set literals) *searcher {
	s := &searcher{}
	for _, l := range set {
		if l.bound() && len(s.bound) < maxBound || l.text == "" {
			s.bound = append(s.bound, l)
		} else {
			s.floating = append(s.floating, l)
		}
	}
	if len(s.floating) > 0 {
		s.index()
	}
	return s
}

// index fills the tables of the floating literals.
func (s *searcher) index() {
	shortest := s.floating.shortest()
	s.gram = min(shortest, maxGram)
	s.stride = min(shortest-s.gram+1, maxStride, max(1, maxGrams/len(s.floating)))
	s.mask = uint32(1)<<(8*s.gram) - 1
	shared := s.shared()
	var buckets [1 << bucketBits][]gramAt
	for n, l := range s.floating {
		first := s.window(l.text, shared)
		for off := first; off < first+s.stride; off++ {
			g := s.gramOf(l.text, off)
			h := hash(g)
			s.bits[h/64] |= 1 << (h % 64)
			b := &buckets[h%(1<<bucketBits)]
			*b = append(*b, gramAt{g, uint16(n), uint16(off)})
		}
	}
	for _, b := range buckets {
		s.starts = append(s.starts, uint16(len(s.grams)))
		s.grams = append(s.grams, b...)
	}
	s.starts = append(s.starts, uint16(len(s.grams)))
}

// shared counts how many literals have each gram.
func (s *searcher) shared() map[uint32]int {
	counts := map[uint32]int{}
	for _, l := range s.floating {
		for off := range min(len(l.text)-s.gram+1, maxWindow+s.stride) {
			counts[s.gramOf(l.text, off)]++
		}
	}
	return counts
}

// window returns where in text the stride grams begin that stand for it: where they are shared with the fewest other literals, so
// that a text full of "/wp-" does not bring up every literal that begins so.
func (s *searcher) window(text string, shared map[uint32]int) int {
	best, least := 0, -1
	for first := range min(len(text)-s.gram-s.stride+2, maxWindow) {
		sum := 0
		for off := first; off < first+s.stride; off++ {
			sum += shared[s.gramOf(text, off)]
		}
		if least < 0 || sum < least {
			best, least = first, sum
		}
	}
	return best
}

// hash spreads a gram over hashBits bits (multiplicative hashing with the golden ratio).
func hash(gram uint32) uint32 { return gram * 0x9E3779B1 >> (32 - hashBits) }

// gramOf returns the gram at i of text with its case bits set; i+gram is at most len(text).
func (s *searcher) gramOf(text string, i int) uint32 {
	return packGram([]byte(text[i : i+s.gram]))
}

// packGram returns b, up to maxGram bytes, as a gram with its case bits set.
func packGram(b []byte) uint32 {
	var g uint32
	for k, c := range b {
		g |= uint32(c|0x20) << (8 * k)
	}
	return g
}

// in reports whether b holds one of the literals.
func (s *searcher) in(b []byte) bool {
	for i := range s.bound {
		if s.bound[i].there(b) {
			return true
		}
	}
	return len(s.floating) > 0 && s.floats(b)
}

// floats looks for the floating literals.
func (s *searcher) floats(b []byte) bool {
	i, mask, stride := 0, s.mask, s.stride
	for ; i+4 <= len(b); i += stride {
		g := (binary.LittleEndian.Uint32(b[i:]) | caseBits) & mask
		h := hash(g)
		if s.bits[h/64]>>(h%64)&1 != 0 && s.confirm(b, i, g) {
			return true
		}
	}
	for ; i+s.gram <= len(b); i += stride { // less than a word is left
		if s.confirm(b, i, packGram(b[i:i+s.gram])) {
			return true
		}
	}
	return false
}

// confirm reports whether one of the literals lies over the gram g at i of b.
func (s *searcher) confirm(b []byte, i int, g uint32) bool {
	bucket := hash(g) % (1 << bucketBits)
	for _, at := range s.grams[s.starts[bucket]:s.starts[bucket+1]] {
		if at.gram == g && s.floating[at.lit].at(b, i-int(at.offset)) {
			return true
		}
	}
	return false
}
