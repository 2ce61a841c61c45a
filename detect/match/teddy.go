package match

import (
	"cmp"
	"slices"
)

// teddy finds the places in a block where a literal, or an escape that may hide one, begins to look like itself: the algorithm of that
// name from Hyperscan (Wang and others, "Hyperscan: A Fast Multi-pattern Regex Matcher for Modern CPUs", NSDI 2019), for few literals.
// Four bytes from each literal are its fingerprint; literals share buckets, a bit each. A table for each half of each of the four bytes
// says which buckets have a fingerprint with that half there. What all eight agree on is compared.
type teddy struct {
	tables  fingerprints
	refuses fingerprints // what tables let through not
	folded  foldedPrints // what tables let through, and some more
	buckets [teddyEscape][]placed
	sets    []wanted
	all     Sets // of sets
}

// fingerprints are the tables: by byte of the fingerprint, for the lower and the upper four bits of it.
type fingerprints [2 * teddyBytes][16]byte

// foldedPrints are like fingerprints, but one table for each byte: by its bits 0 to 4 and 6.
type foldedPrints [teddyBytes][64]byte

// placed is a literal of a set whose fingerprint is size bytes at offset.
type placed struct {
	literal
	offset, size int
	set          Sets
}

const (
	teddyBytes   = 4
	teddyEscape  = 6 // the bucket of the log's escapes; those before it are the literals'
	teddyPercent = 7 // the bucket of percent codes
	teddyMost    = 64
)

// teddyFits tells whether a teddy can look for sets, and quickly.
func teddyFits(sets []wanted) bool {
	n := 0
	for i := range sets {
		n += len(sets[i].literals)
	}
	return n <= teddyMost && quickTeddy
}

// newTeddy prepares the search for sets, of at most teddyMost literals of two bytes or more.
func newTeddy(sets []wanted) *teddy {
	t := &teddy{sets: sets}
	var all []placed
	for i := range sets {
		for _, l := range sets[i].literals {
			size := min(len(l.text), teddyBytes)
			all = append(all, placed{literal: l, offset: rarest(l.text, size), size: size, set: sets[i].bit})
		}
		t.all |= sets[i].bit
		t.addEscapes(&sets[i].hidden)
		t.addPercent(&sets[i].hidden)
	}
	// Literals with like fingerprints go together, so that the tables let less else through; short ones let much through.
	slices.SortFunc(all, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.size, b.size), cmp.Compare(a.text[a.offset:], b.text[b.offset:]))
	})
	for i, l := range all {
		t.addLiteral(i*teddyEscape/len(all), l)
	}
	for k := range t.tables {
		for i, c := range t.tables[k] {
			t.refuses[k][i] = ^c
		}
	}
	t.folded = t.tables.folded()
	return t
}

// addLiteral gives a literal its bucket.
func (t *teddy) addLiteral(bucket int, l placed) {
	t.buckets[bucket] = append(t.buckets[bucket], l)
	for k := range teddyBytes {
		if k >= l.size {
			t.tables.addAll(bucket, k)
			continue
		}
		c, fold := l.text[l.offset+k], l.fold[l.offset+k]
		t.tables.add(bucket, k, c)
		t.tables.add(bucket, k, c&^fold)
	}
}

// rarest returns where in text the size bytes begin that usual lines have the least of.
func rarest(text string, size int) int {
	best, least := 0, -1
	for i := 0; i+size <= len(text); i++ {
		sum := 0
		for k := range size {
			sum += usualCount[text[i+k]]
		}
		if least < 0 || sum < least {
			best, least = i, sum
		}
	}
	return best
}

// usualCount counts the bytes of usual lines.
var usualCount = func() (counts [256]int) {
	for i := range len(usualText) {
		counts[usualText[i]]++
	}
	return counts
}()

// add lets byte c pass at k of the fingerprints of a bucket.
func (f *fingerprints) add(bucket, k int, c byte) {
	f[2*k][c&15] |= 1 << bucket
	f[2*k+1][c>>4] |= 1 << bucket
}

// addAll lets every byte pass.
func (f *fingerprints) addAll(bucket, k int) {
	for i := range 16 {
		f[2*k][i] |= 1 << bucket
		f[2*k+1][i] |= 1 << bucket
	}
}

// folded makes other tables.
func (f *fingerprints) folded() (out foldedPrints) {
	for k := range teddyBytes {
		for c := range 256 {
			out[k][c&31|c>>1&32] |= f[2*k][c&15] & f[2*k+1][c>>4]
		}
	}
	return out
}

// passes says which buckets have a fingerprint like the four bytes of b.
func (f *fingerprints) passes(b []byte) byte {
	_ = b[3]
	return f[0][b[0]&15] & f[1][b[0]>>4] & f[2][b[1]&15] & f[3][b[1]>>4] & f[4][b[2]&15] & f[5][b[2]>>4] & f[6][b[3]&15] & f[7][b[3]>>4]
}

// addEscapes gives the escapes that may hide something their bucket.
func (t *teddy) addEscapes(h *hidden) {
	t.tables.add(teddyEscape, 0, '\\')
	for c := range 256 {
		if c == 'x' || h.escape([]byte{'\\', byte(c)}) {
			t.tables.add(teddyEscape, 1, byte(c))
		}
	}
	t.tables.addAll(teddyEscape, 2)
	t.tables.addAll(teddyEscape, 3)
}

// addPercent gives the percent codes that may hide something their bucket.
func (t *teddy) addPercent(h *hidden) {
	const digits = "0123456789abcdefABCDEF"
	if !h.percent {
		return
	}
	t.tables.add(teddyPercent, 0, '%')
	for _, hi := range []byte(digits) {
		for _, lo := range []byte(digits) {
			if h.byPercent[hexValue(hi)<<4|hexValue(lo)] {
				t.tables.add(teddyPercent, 1, hi)
				t.tables.add(teddyPercent, 2, lo)
			}
		}
	}
	t.tables.addAll(teddyPercent, 3)
}

// next returns the first place at or behind from where a literal or what may hide one is, and of which sets; len(b) if there is none.
func (t *teddy) next(b []byte, from int) (at int, found Sets) {
	for i := from; i < len(b); i++ {
		if i = likely(&t.tables, b, i); i < len(b) {
			if found = t.at(b, i); found != 0 {
				return i, found
			}
		}
	}
	return len(b), 0
}

// at returns the sets of which there is a literal, or what may hide one, with its fingerprint at i of b.
func (t *teddy) at(b []byte, i int) (found Sets) {
	if b[i] == '\\' || b[i] == '%' {
		for k := range t.sets {
			if t.sets[k].hidden.at(b, i) {
				found |= t.sets[k].bit
			}
		}
	}
	passes := byte(1<<teddyEscape - 1)
	if i+teddyBytes <= len(b) {
		passes &= t.tables.passes(b[i:])
	}
	for n := 0; passes != 0; n, passes = n+1, passes>>1 {
		if passes&1 == 0 {
			continue
		}
		for k := range t.buckets[n] {
			if l := &t.buckets[n][k]; l.at(b, i-l.offset) {
				found |= l.set
			}
		}
	}
	return found
}

// likelySlow is likely without vector instructions.
func likelySlow(f *fingerprints, b []byte, from int) int {
	i := from
	for ; i+teddyBytes <= len(b); i++ {
		if f.passes(b[i:]) != 0 {
			return i
		}
	}
	return i // of the last bytes each is likely
}
