// Package slab stores many small values that refer to each other by number: without pointers the garbage collector does not look into
// them, and because they grow by whole chunks none is ever copied.
package slab

const (
	chunkBits = 8
	chunkLen  = 1 << chunkBits
)

// Slab is a growing array of T, which should have no pointers. Index 0 is never given out, so that it can mean "none". The zero value
// is ready.
type Slab[T any] struct {
	chunks []*[chunkLen]T
	used   uint32 // indices given out, less one
}

// At returns the value with index i, which New returned. The pointer stays good until Reset.
func (s *Slab[T]) At(i uint32) *T {
	return &s.chunks[i>>chunkBits][i&(chunkLen-1)]
}

// New returns the index of a further zero value.
func (s *Slab[T]) New() uint32 {
	s.used++
	if s.used>>chunkBits >= uint32(len(s.chunks)) {
		s.chunks = append(s.chunks, new([chunkLen]T))
	}
	return s.used
}

// Reset gives all memory back.
func (s *Slab[T]) Reset() { *s = Slab[T]{} }
