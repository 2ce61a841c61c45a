package static

import (
	"fmt"
	"math"
	"net/netip"
	"time"

	"golang.org/x/sync/errgroup"

	"cidrx/detect/cidr"
	"cidrx/detect/match"
)

// counts are the populations that the sections of an analysis ask for, and what else is counted of all events.
type counts struct {
	populations []*population // [0]: everything
	sieve       *match.Sieve
	spent       *spent  // nil: nothing is
	allow, deny *agents // nil: no user agent is

	requests    uint64
	untimed     uint64 // of requests: without a time
	first, last int64  // of the times of all events, if not all are untimed
	denied      map[cidr.Key]bool
	everyone    *cidr.Sorted // all hosts, the allowed ones too
}

// population are the hosts of those lines that pass a question.
type population struct {
	question
	filter  *match.Filter // nil: all pass
	sets    match.Sets    // that are found in the lines which filter passes; 0: any line may be one
	needs   match.Needs
	total   uint64 // requests, of allowed clients too
	allowed uint64 // of total: of allowed clients
	tally   *tally
	used    *tally // what earlier bans have used up; nil: nothing is

	hosts   *cidr.Sorted  // once counted, without the allowed
	unspent *cidr.Sorted  // the same, without what is spent; hosts itself if nothing is
	took    time.Duration // to make hosts and unspent of what was counted
}

// newCounts makes the populations that the sections ask for, and tells the sections which.
func newCounts(o Options, sections []*section) (*counts, error) {
	sieve := new(match.Sieve)
	c := &counts{
		sieve: sieve, spent: newSpent(o.Spent), allow: newAgents(o.AllowAgents, sieve), deny: newAgents(o.DenyAgents, sieve), denied: map[cidr.Key]bool{},
		first: math.MaxInt64, last: math.MinInt64,
	}
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
	sieve.Ready()
	return c, nil
}

// number is the population of a question, which it adds if there is none.
func (c *counts) number(q question, filter *match.Filter) int {
	if c.allow == nil {
		q.anyone = true
	}
	for i, p := range c.populations {
		if p.question.equal(q) {
			return i
		}
	}
	p := &population{question: q, tally: newTally()}
	if !q.unfiltered() {
		p.filter, p.sets, p.needs = filter, c.sieve.Add(filter), filter.Needs()
	}
	if c.spent != nil {
		p.used = newTally()
	}
	c.populations = append(c.populations, p)
	return len(c.populations) - 1
}

// settle ends the counting: allowed clients leave every population. now may be called by several goroutines.
func (c *counts) settle(allow []netip.Prefix, workers int, now func() time.Time) {
	atOnce(workers, len(c.populations), func(i int) {
		p, began := c.populations[i], now()
		p.hosts = p.tally.settle()
		p.tally = nil
		if i == 0 {
			c.everyone = p.hosts
		}
		before := p.hosts.Requests()
		p.hosts = p.hosts.Without(allow)
		p.allowed += before - p.hosts.Requests()
		p.unspent = p.hosts
		if p.used != nil {
			p.unspent = p.hosts.Minus(p.used.settle())
			p.used = nil
		}
		p.took = now().Sub(began)
	})
}

// atOnce calls f with 0 to n-1, in several goroutines.
func atOnce(workers, n int, f func(int)) {
	var group errgroup.Group
	group.SetLimit(workers)
	for i := range n {
		group.Go(func() error {
			f(i)
			return nil
		})
	}
	_ = group.Wait() // none has an error
}

// widen widens the time range of all events.
func (c *counts) widen(first, last int64) {
	c.first, c.last = min(c.first, first), max(c.last, last)
}
