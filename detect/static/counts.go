package static

import (
	"fmt"
	"strings"

	"cidrx/detect/cidr"
	"cidrx/detect/match"
	"cidrx/detect/parse"
)

// counts are the populations that the sections of an analysis ask for, and what else is counted of each event.
type counts struct {
	populations []*population // [0]: everything
	spent       []Spent
	allowAgents []string
	denyAgents  []string
	denied      map[cidr.Key]bool
	requests    uint64
	untimed     uint64 // of requests: without a time
	first, last int64  // of the times of all events
	timed       bool   // there was one
	scratch     match.Scratch
}

// population are the hosts of those lines that pass a question.
type population struct {
	question
	filter  *match.Filter // nil: all pass
	total   uint64        // requests, of allowed clients too
	allowed uint64        // of total: of allowed clients
	tallies map[cidr.Key]tally
	spent   map[cidr.Key]tally // what earlier bans have used up

	hosts   *cidr.Sorted // once counted, without the allowed
	unspent *cidr.Sorted // the same, without what is spent; hosts itself if nothing is
}

// tally is what is counted of a host.
type tally struct {
	requests    uint64
	untimed     uint64 // of requests: without a time
	first, last uint32
}

func (t tally) add(n uint64, at uint32) tally {
	t.requests += n
	if at != 0 {
		t.last = max(t.last, at)
		if t.first == 0 || at < t.first {
			t.first = at
		}
	}
	return t
}

func newCounts(o Options, sections []*section) (*counts, error) {
	c := &counts{spent: o.Spent, allowAgents: o.AllowAgents, denyAgents: o.DenyAgents, denied: map[cidr.Key]bool{}}
	c.number(everything(), nil)
	for _, s := range sections {
		s.Filter.Sources = nil
		filter, err := match.New(s.Filter)
		if err != nil {
			return nil, fmt.Errorf("section %q: %w", s.Name, err)
		}
		s.who, s.all = c.number(s.within(s.Filter), filter), -1
		if limitsCollateral(s.Tiers) {
			s.all = c.number(s.within(match.Options{}), nil)
		}
	}
	return c, nil
}

// number is the population of a question, which it adds if there is none.
func (c *counts) number(q question, filter *match.Filter) int {
	for i, p := range c.populations {
		if p.question.equal(q) {
			return i
		}
	}
	c.populations = append(c.populations, &population{
		question: q, filter: filter, tallies: map[cidr.Key]tally{}, spent: map[cidr.Key]tally{},
	})
	return len(c.populations) - 1
}

// add counts an event.
func (c *counts) add(ev *parse.Event) {
	k, unix, known := hostOf(ev)
	n, at := uint64(max(1, ev.Repeat)), stamp(unix, known)
	c.requests += n
	if known {
		c.span(unix)
	} else {
		c.untimed += n
	}
	allowed := contains(ev.UserAgent, c.allowAgents)
	if !allowed && contains(ev.UserAgent, c.denyAgents) {
		c.denied[k] = true
	}
	spent := c.isSpent(ev, unix, known)
	c.scratch.Reset()
	for _, p := range c.populations {
		if !p.inTime(unix, known) || p.filter != nil && !p.filter.Match(ev, "", &c.scratch) {
			continue
		}
		p.total += n
		if allowed && !p.anyone {
			p.allowed += n
			continue
		}
		p.add(k, n, at, spent)
	}
}

// add counts n requests of a host.
func (p *population) add(k cidr.Key, n uint64, at uint32, spent bool) {
	p.tallies[k] = p.tallies[k].add(n, at)
	if spent {
		p.spent[k] = p.spent[k].add(n, at)
	}
}

// isSpent tells whether earlier bans have used the event up. One without a time is not: it may be new.
func (c *counts) isSpent(ev *parse.Event, unix int64, known bool) bool {
	for _, s := range c.spent {
		if known && unix <= s.Until.Unix() && cidr.Host(ev.Client).Overlaps(s.Prefix) {
			return true
		}
	}
	return false
}

// span widens the time range of the log.
func (c *counts) span(unix int64) {
	if !c.timed {
		c.first, c.last, c.timed = unix, unix, true
	}
	c.first, c.last = min(c.first, unix), max(c.last, unix)
}

func contains(text []byte, words []string) bool {
	for _, w := range words {
		if w != "" && strings.Contains(string(text), w) {
			return true
		}
	}
	return false
}
