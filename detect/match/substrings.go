package match

import (
	"slices"
	"strings"
)

// Substrings finds texts that contain one of a list of words, as they stand. It is safe for concurrent use.
type Substrings struct {
	searchers []*searcher
	set       literals
}

// maxWords is how many words a searcher takes at most: its tables are full of more.
const maxWords = 1024

// NewSubstrings prepares the search for words, of which there may be thousands; empty ones are left out, and words that contain
// another are not looked for.
func NewSubstrings(words []string) *Substrings {
	set := wordSet(words)
	s := &Substrings{set: set}
	for len(set) > 0 {
		n := sameReach(set)
		s.searchers = append(s.searchers, newSearcher(set[:n]))
		set = set[n:]
	}
	return s
}

// wordSet makes literals of words, the shortest first.
func wordSet(words []string) literals {
	set := never
	words = slices.Clone(words)
	slices.SortFunc(words, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	for _, w := range slices.Compact(words) {
		if w != "" {
			set = append(set, literal{text: w, fold: string(make([]byte, len(w)))})
		}
	}
	return set
}

// sameReach counts the first words that one searcher should take: a short one would make it look at every byte for the longer ones.
func sameReach(set literals) int {
	const reach = maxGram + 1
	n := 1
	for n < min(len(set), maxWords) && (len(set[0].text) >= reach || len(set[n].text) < reach) {
		n++
	}
	return n
}

// In reports whether text contains one of the words.
func (s *Substrings) In(text []byte) bool {
	for _, one := range s.searchers {
		if one.in(text) {
			return true
		}
	}
	return false
}
