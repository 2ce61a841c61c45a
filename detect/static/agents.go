package static

import (
	"math"

	"cidrx/detect/match"
)

// agents finds the lines whose user agent contains one of a list of words.
type agents struct {
	*match.Substrings
	scan *match.Scan
}

// newAgents returns nil for a list without words.
func newAgents(words []string) *agents {
	for _, w := range words {
		if w != "" {
			s := match.NewSubstrings(words)
			return &agents{s, s.Block()}
		}
	}
	return nil
}

// seek finds the first line in the rest of a block that may have one: math.MaxInt where there is none, -1 where each line may.
func (a *agents) seek(lines []byte, from int) int {
	switch {
	case a == nil:
		return math.MaxInt
	case a.scan.All():
		return -1
	}
	return a.scan.Next(lines, from)
}

// in tells whether the user agent contains one of the words.
func (a *agents) in(agent []byte) bool { return a != nil && a.In(agent) }
