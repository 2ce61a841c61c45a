package detect

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"cidrx/detect/cidr"
	"cidrx/detect/match"
	"cidrx/detect/window"
)

const (
	// DefaultMaxEntries is Strategy.MaxEntries when none is given.
	DefaultMaxEntries = 1_000_000
	// MaxWindow is the longest Strategy.Window: a second costs 16 bytes whether it has requests or not.
	MaxWindow = 7 * 24 * time.Hour

	maxTiers = 255 // of a strategy: a place numbers them in a byte
)

// strategy is a Strategy at work.
type strategy struct {
	Strategy
	filter *match.Filter
	tiers  []tier
	win    *window.Window
	all    *window.Window // of all traffic in the same time; nil unless a tier limits bystanders

	seen, late, verdicts uint64
}

// tier is a cidr.Tier at work.
type tier struct {
	cidr.Tier
	narrow cidr.Tier // the same, looking at prefixes of the greatest length only
	text   string    // for people: tier 1 [600,16,25,0.06]
	reason string    // the same with the strategy, for verdicts
}

// compile checks and prepares a strategy. It has no window yet.
func compile(config Strategy) (strategy, error) {
	s := strategy{Strategy: config}
	if err := s.check(); err != nil {
		return s, fmt.Errorf("strategy %q: %w", config.Name, err)
	}
	filter, err := match.New(config.Filter)
	if err != nil {
		return s, fmt.Errorf("strategy %q: %w", config.Name, err)
	}
	s.filter = filter
	if s.MaxEntries == 0 {
		s.MaxEntries = DefaultMaxEntries
	}
	for i, t := range config.Tiers {
		if err := t.Validate(); err != nil {
			return s, fmt.Errorf("strategy %q, tier %d: %w", config.Name, i+1, err)
		}
		text := tierText(i, t)
		s.tiers = append(s.tiers, tier{Tier: t, narrow: narrowest(t), text: text, reason: fmt.Sprintf("strategy %q, %s", s.Name, text)})
	}
	return s, nil
}

func (s *strategy) check() error {
	switch {
	case s.Window < time.Second || s.Window > MaxWindow || s.Window%time.Second != 0:
		return fmt.Errorf("window %v: want whole seconds, 1s to %v", s.Window, MaxWindow)
	case s.MaxEntries < 0:
		return fmt.Errorf("maxEntries %d: want 1 or more, or 0 for %d", s.MaxEntries, DefaultMaxEntries)
	case len(s.Tiers) == 0:
		return errors.New("no tier: nothing could be detected")
	case len(s.Tiers) > maxTiers:
		return fmt.Errorf("%d tiers: want at most %d", len(s.Tiers), maxTiers)
	}
	return nil
}

func narrowest(t cidr.Tier) cidr.Tier {
	if t.Depth6 == [2]int{} {
		t.Depth6 = [2]int{2 * t.MaxDepth, 2 * t.MaxDepth}
	}
	t.Depth6[0] = t.Depth6[1]
	t.MinDepth = t.MaxDepth
	return t
}

// tierText is the tier as its title in the configuration, counted from 1: tier 1 [600,16,25,0.06].
func tierText(i int, t cidr.Tier) string {
	threshold := strconv.FormatFloat(float64(t.Threshold)/1e6, 'f', -1, 64)
	mode := ""
	if t.Balance {
		mode = " balance"
	}
	return fmt.Sprintf("tier %d [%d,%d,%d,%s]%s", i+1, t.MinSize, t.MinDepth, t.MaxDepth, threshold, mode)
}

// filters tells whether s has any filter.
func (s *strategy) filters() bool { return !reflect.ValueOf(s.Filter).IsZero() }

func (s *strategy) limitsCollateral() bool {
	for i := range s.tiers {
		if s.tiers[i].MaxCollateral != cidr.NoCollateralLimit {
			return true
		}
	}
	return false
}

// bystanders returns the hosts of all traffic, nil if no tier asks for them.
func (s *strategy) bystanders() cidr.Counter {
	if s.all == nil {
		return nil
	}
	return s.all.Trie()
}

// inherit gives each new strategy the window of an old one that counts the same: of its own name first, then of any that nobody else
// took. Where there is none, it gets an empty one.
func inherit(next, old []strategy) {
	taken := make([]bool, len(old))
	for _, sameName := range []bool{true, false} {
		for i := range next {
			if next[i].win == nil {
				next[i].takeOver(old, taken, sameName)
			}
		}
	}
	for i := range next {
		if s := &next[i]; s.win == nil {
			s.win = window.New(s.Window, s.MaxEntries)
		}
	}
}

func (s *strategy) takeOver(old []strategy, taken []bool, sameName bool) {
	for i := range old {
		o := &old[i]
		if taken[i] || sameName && o.Name != s.Name || o.Window != s.Window || !reflect.DeepEqual(o.Filter, s.Filter) {
			continue
		}
		taken[i] = true
		s.win = o.win
		s.win.SetMaxEntries(s.MaxEntries)
		if sameName {
			s.seen, s.late, s.verdicts = o.seen, o.late, o.verdicts
		}
		return
	}
}
