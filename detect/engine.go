package detect

import (
	"fmt"
	"net/netip"
	"time"

	"cidrx/detect/cidr"
	"cidrx/detect/window"
)

// MaxStrategies is how many strategies an Engine takes: a Mask has one bit for each.
const MaxStrategies = 64

// Engine counts events in the windows of its strategies and raises verdicts. One goroutine owns it: none of its methods may run at
// the same time as another. Matchers are the exception: each runs in a goroutine of its own.
type Engine struct {
	strategies []strategy
	filtering  Mask      // the strategies that have a filter
	everything []traffic // of all events, where a tier wants to know about bystanders
	generation uint64
	exempt     func(netip.Addr) bool

	now time.Time
	sec int64 // Unix second of now; what the windows stand at

	crowds  map[place]*crowd // subtrees that are too large to be looked at with every event
	waiting []place          // those that have something new, in the order it came
	raised  []Verdict        // not yet handed over
	told    map[told]uint64  // what was raised in this second, and the count it had
	lines   lines
	found   []cidr.Heavy // scratch
}

// traffic is the window of all events of one length.
type traffic struct {
	length time.Duration
	win    *window.Window
}

// New makes an engine. The error names the strategy, and the tier, that cannot work.
func New(strategies []Strategy) (*Engine, error) {
	e := &Engine{crowds: map[place]*crowd{}, told: map[told]uint64{}}
	if err := e.Reconfigure(strategies); err != nil {
		return nil, err
	}
	return e, nil
}

// Reconfigure replaces the strategies. The window of a strategy whose filter and length stay the same is kept, whatever becomes of its
// tiers; all others start empty. After an error nothing has changed. Matchers made before are of the old generation: see Generation.
func (e *Engine) Reconfigure(strategies []Strategy) error {
	if len(strategies) > MaxStrategies {
		return fmt.Errorf("%d strategies: want at most %d", len(strategies), MaxStrategies)
	}
	next := make([]strategy, len(strategies))
	for i, config := range strategies {
		s, err := compile(config)
		if err != nil {
			return err
		}
		next[i] = s
	}
	inherit(next, e.strategies)
	e.strategies, e.filtering = next, 0
	for i := range next {
		if next[i].filters() {
			e.filtering |= 1 << i
		}
	}
	e.watchEverything()
	for _, w := range e.windows() {
		w.Advance(e.sec)
	}
	clear(e.crowds)
	clear(e.told)
	e.waiting = nil
	e.generation++
	return nil
}

// watchEverything keeps a window of all traffic for each length that a tier with a limit on bystanders has.
func (e *Engine) watchEverything() {
	old := e.everything
	e.everything = nil
	for i := range e.strategies {
		s := &e.strategies[i]
		if !s.limitsCollateral() {
			continue
		}
		s.all = windowOf(e.everything, s.Window)
		if s.all == nil {
			if s.all = windowOf(old, s.Window); s.all == nil {
				s.all = window.New(s.Window, s.MaxEntries)
			}
			e.everything = append(e.everything, traffic{s.Window, s.all})
		}
	}
}

func windowOf(all []traffic, length time.Duration) *window.Window {
	for _, t := range all {
		if t.length == length {
			return t.win
		}
	}
	return nil
}

// windows returns all windows.
func (e *Engine) windows() []*window.Window {
	var ws []*window.Window
	for i := range e.strategies {
		ws = append(ws, e.strategies[i].win)
	}
	for _, t := range e.everything {
		ws = append(ws, t.win)
	}
	return ws
}

// Generation changes with each Reconfigure. A Mask is only of use to an engine of the same generation as the Matcher that made it.
func (e *Engine) Generation() uint64 { return e.generation }

// Exempt names the clients that count in the totals and nowhere else (the allowlist). It is asked once an event; nil exempts nobody.
// What was counted before stays: the caller forgets the prefixes that it newly exempts.
func (e *Engine) Exempt(is func(netip.Addr) bool) { e.exempt = is }

// Forget takes the counts of every host inside p out of every window. They stay in the totals until they age. Part of an IPv6 host
// means the host.
func (e *Engine) Forget(p netip.Prefix) {
	for _, w := range e.windows() {
		w.Remove(p)
	}
	clear(e.told)
}

// Reset empties all windows.
func (e *Engine) Reset() {
	for _, w := range e.windows() {
		w.Reset(e.sec)
	}
	clear(e.crowds)
	clear(e.told)
	e.waiting = nil
	e.lines.rewind()
}

// StrategyStats are the figures of one strategy.
type StrategyStats struct {
	Name      string
	Requests  uint64        // in the window now
	Seen      uint64        // ever observed; warm-up does not count
	Addresses int           // distinct IPv4 addresses and IPv6 /64s in the window now
	Window    time.Duration // what the window covers: less than configured after evictions
	Verdicts  uint64        // ever raised
	Evicted   uint64        // (address, second) counts that left early because there were too many
	Late      uint64        // requests too old for the window when they were observed
}

// Stats returns the figures of all strategies, in their order.
func (e *Engine) Stats() []StrategyStats {
	stats := make([]StrategyStats, len(e.strategies))
	for i := range e.strategies {
		s := &e.strategies[i]
		stats[i] = StrategyStats{
			Name: s.Name, Requests: s.win.Total(), Seen: s.seen, Addresses: s.win.Addresses(), Window: s.win.Effective(),
			Verdicts: s.verdicts, Evicted: s.win.Evicted(), Late: s.late,
		}
	}
	return stats
}
