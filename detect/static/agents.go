package static

import "cidrx/detect/match"

// agents finds the lines whose user agent contains one of a list of words.
type agents struct {
	*match.Substrings
	sets match.Sets // that are found in their lines; 0: any line may be one
}

// newAgents returns nil for a list without words.
func newAgents(words []string, sieve *match.Sieve) *agents {
	for _, w := range words {
		if w != "" {
			s := match.NewSubstrings(words)
			return &agents{s, sieve.AddWords(s)}
		}
	}
	return nil
}

// may tells whether a line in which those sets were found may have one of the words.
func (a *agents) may(found match.Sets) bool { return a != nil && found&a.sets == a.sets }

// in tells whether the user agent contains one of the words.
func (a *agents) in(agent []byte) bool { return a != nil && a.In(agent) }
