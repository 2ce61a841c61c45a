package match

import "bytes"

// Scan finds in a block of log lines those that a Filter may match, by the literals that its expressions require. It is safe for
// concurrent use.
type Scan struct {
	every bool // nothing is known: each line is a candidate
}

// Block returns the search for f's candidates among log lines. The lines may be in any format that parse knows: a line in which an
// escape of the log or of the target could hide a literal is a candidate, too.
func (f *Filter) Block() *Scan { return &Scan{every: true} }

// All reports whether every line is a candidate, so that there is nothing to search for.
func (s *Scan) All() bool { return s.every }

// Next returns a position in the first line at or behind from that may match, and len(block) if there is none. from is the beginning
// of a line. Whoever found a candidate goes on at the beginning of the line behind it.
func (s *Scan) Next(block []byte, from int) int { return min(from, len(block)) }

// MatchTarget is Match for a filter that looks at nothing but target and user agent (see Brief), without an Event. nil says that the
// line does not have the field.
func (f *Filter) MatchTarget(target, userAgent []byte, s *Scratch) bool {
	if f.userAgent != nil && (userAgent == nil || !f.userAgent.match(userAgent)) {
		return false
	}
	return f.endpoint == nil || f.matchEndpoint(target, s)
}

// Needs says which fields of an event a Filter looks at.
type Needs struct{ Target, UserAgent, Others bool }

// Needs returns what f looks at; sources are not among it.
func (f *Filter) Needs() Needs {
	return Needs{
		Target: f.endpoint != nil, UserAgent: f.userAgent != nil,
		Others: f.statuses != nil || len(f.methods) > 0 || f.hosts != nil || len(f.outcomes) > 0,
	}
}

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
