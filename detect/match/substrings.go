package match

import "bytes"

// Substrings finds texts that contain one of a list of words, as they stand. It is safe for concurrent use.
type Substrings struct {
	words [][]byte
}

// NewSubstrings prepares the search for words; empty ones are left out.
func NewSubstrings(words []string) *Substrings {
	s := &Substrings{}
	for _, w := range words {
		if w != "" {
			s.words = append(s.words, []byte(w))
		}
	}
	return s
}

// In reports whether text contains one of the words.
func (s *Substrings) In(text []byte) bool {
	for _, w := range s.words {
		if bytes.Contains(text, w) {
			return true
		}
	}
	return false
}
