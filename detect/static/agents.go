package static

import (
	"math"
	"regexp"
	"strings"

	"cidrx/detect/match"
)

// agents finds the lines whose user agent contains one of a list of words.
type agents struct {
	*match.Substrings
	scan *match.Scan // for blocks; nil: each line must be looked at
}

// newAgents returns nil for a list without words.
func newAgents(words []string) *agents {
	var quoted []string
	for _, w := range words {
		if w != "" {
			quoted = append(quoted, regexp.QuoteMeta(w))
		}
	}
	if len(quoted) == 0 {
		return nil
	}
	a := &agents{Substrings: match.NewSubstrings(words)}
	if f, err := match.New(match.Options{UserAgent: strings.Join(quoted, "|")}); err == nil { // words need not be UTF-8
		a.scan = f.Block()
	}
	return a
}

// seek finds the first line in the rest of a block that may have one: math.MaxInt where there is none, -1 where each line may.
func (a *agents) seek(lines []byte, from int) int {
	switch {
	case a == nil:
		return math.MaxInt
	case a.scan == nil || a.scan.All():
		return -1
	}
	return a.scan.Next(lines, from)
}

// in tells whether the user agent contains one of the words.
func (a *agents) in(agent []byte) bool { return a != nil && a.In(agent) }
