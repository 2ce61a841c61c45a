package detect

import (
	"cidrx/detect/cidr"
	"cidrx/detect/parse"
)

// occasion is what makes the engine look at a tier: an event that was counted, or what is left of events that were.
type occasion struct {
	key       cidr.Key
	n         uint32       // requests
	ev        *parse.Event // nil: of an earlier second
	forwarded bool         // of that event, where ev is nil
}

func (o *occasion) enforceable() bool {
	if o.ev != nil {
		return !o.ev.Forwarded
	}
	return !o.forwarded
}

// place is the widest prefix that a tier looks at around a host: what happens inside concerns nobody outside.
type place struct {
	strategy, tier uint8
	net            cidr.Net
}

// crowd is a place with so many prefixes over T that looking at all of them with every event would cost more than counting. It happens
// where large attacks are only observed, or where a condition refuses them.
type crowd struct {
	left    int // events until it is looked at again
	waiting bool
	listed  bool     // in Engine.waiting
	last    occasion // the newest event that it was not looked at for
}

const (
	// crowded is how many nodes a look has to visit to make a place a crowd. Ordinary attacks take ten.
	crowded = 64
	// lookShare is how many visits to nodes of a crowd an event may cause on average.
	lookShare = 8
)

// judge holds the event that strategy i has just counted against the strategy's tiers. Only prefixes around its host have grown, so
// only they are looked at; and nothing at all unless the widest of them has T requests.
func (e *Engine) judge(i int, o occasion) {
	s := &e.strategies[i]
	total, trie := s.win.Total(), s.win.Trie()
	for j := range s.tiers {
		t := &s.tiers[j]
		lo, hi, ok := t.Depths(o.key)
		if !ok {
			continue
		}
		need := t.Needed(total)
		if !trie.Reaches(lo, need) {
			continue
		}
		at := place{uint8(i), uint8(j), o.key.Net(lo)}
		if c := e.crowds[at]; c != nil && c.left > 0 {
			e.postpone(at, c, o)
			// A prefix of the greatest length that has just reached T does not wait: whatever else is reported around it contains it.
			if has := trie.Around(hi); has >= need && has-min(has, uint64(o.n)) < need {
				e.look(at, &t.narrow, o)
			}
			continue
		}
		e.lookAll(at, o)
	}
}

// postpone leaves an event at a crowded place for later: for when enough events have come, or for the next second.
func (e *Engine) postpone(at place, c *crowd, o occasion) {
	c.left--
	c.waiting = true
	if !c.listed {
		c.listed = true
		e.waiting = append(e.waiting, at)
	}
	if o.ev != nil {
		o.forwarded, o.ev = o.ev.Forwarded, nil
	}
	c.last = o
}

// lookAll looks at a place and remembers it if that was much work.
func (e *Engine) lookAll(at place, o occasion) {
	t := &e.strategies[at.strategy].tiers[at.tier]
	visited := e.look(at, &t.Tier, o)
	if visited < crowded {
		delete(e.crowds, at)
		return
	}
	c := e.crowds[at]
	if c == nil {
		c = &crowd{}
		e.crowds[at] = c
	}
	c.left, c.waiting = visited/lookShare, false
}

// look raises what t reports at a place and returns the nodes visited.
func (e *Engine) look(at place, t *cidr.Tier, o occasion) (visited int) {
	s := &e.strategies[at.strategy]
	q := cidr.Query{Tier: t, Need: t.Needed(s.win.Total()), All: s.bystanders()}
	e.found, visited = s.win.Trie().HeavyAround(o.key, q, e.found[:0])
	for _, h := range e.found {
		e.report(at, h, q.Need, o)
	}
	return visited
}

// catchUp looks at the crowded places that have waited, and forgets those where nothing happened.
func (e *Engine) catchUp() {
	if len(e.crowds) == 0 {
		return
	}
	old, waiting := e.crowds, e.waiting
	e.crowds, e.waiting = map[place]*crowd{}, nil
	for _, at := range waiting {
		if c := old[at]; c != nil && c.waiting {
			c.waiting = false
			e.lookAll(at, c.last)
		}
	}
}
