package detect

import (
	"net/netip"
	"time"

	"cidrx/detect/parse"
)

// MaxStrategies is how many strategies an Engine takes: a Mask has one bit for each.
const MaxStrategies = 64

// Engine counts events in the windows of its strategies and raises verdicts. One goroutine owns it: none of its methods may run at
// the same time as another. Matchers are the exception: each runs in a goroutine of its own.
type Engine struct{}

// New makes an engine. The error names the strategy, and the tier, that cannot work.
func New(strategies []Strategy) (*Engine, error) { return &Engine{}, nil }

// Reconfigure replaces the strategies. The window of a strategy whose filter and length stay the same is kept, whatever becomes of its
// tiers; all others start empty. After an error nothing has changed. Matchers made before are of the old generation: see Generation.
func (e *Engine) Reconfigure(strategies []Strategy) error { return nil }

// Generation changes with each Reconfigure. A Mask is only of use to an engine of the same generation as the Matcher that made it.
func (e *Engine) Generation() uint64 { return 0 }

// Exempt names the clients that count in the totals and nowhere else (the allowlist). It is asked once an event; nil exempts nobody.
// What was counted before stays: the caller forgets the prefixes that it newly exempts.
func (e *Engine) Exempt(is func(netip.Addr) bool) {}

// Matcher returns a new Matcher for the strategies as they are now.
func (e *Engine) Matcher() *Matcher { return &Matcher{} }

// Observe counts one event in the strategies of mask and calls raise for each verdict that follows from it, before it returns. What
// is raised depends on the sequence of events and on the seconds of now, not on how the events were batched. now is the later of the
// clock and the newest event: it must not go back, but see Advance. raise may call Forget, Exempt and Reset. ev is not kept.
func (e *Engine) Observe(now time.Time, ev *parse.Event, mask Mask, raise func(Verdict)) {}

// Warm counts an event as Observe does and raises nothing.
func (e *Engine) Warm(now time.Time, ev *parse.Event, mask Mask) {}

// Advance moves the windows to now. It raises only what events before now had left to be looked at.
func (e *Engine) Advance(now time.Time, raise func(Verdict)) {}

// Forget takes the counts of every address inside p out of every window. They stay in the totals until they age.
func (e *Engine) Forget(p netip.Prefix) {}

// Reset empties all windows.
func (e *Engine) Reset() {}

// Samples returns up to 3 of the newest kept lines of clients inside p, newest first.
func (e *Engine) Samples(p netip.Prefix) []string { return nil }

// Standing is how close an address is to one tier of one strategy.
type Standing struct {
	Strategy    string
	Tier        string       // as configured: "tier 1 [600,16,25,0.06]"
	Prefix      netip.Prefix // of the prefixes of the address that the tier looks at, the one that is closest to it
	Requests    uint64       // of Prefix, less those of narrower prefixes that the tier reports by themselves
	Needed      uint64       // T
	Hosts       int
	HostsNeeded int
	Reported    bool // the tier reports Prefix as things stand
}

// Explain says how close a is to each tier of each strategy.
func (e *Engine) Explain(now time.Time, a netip.Addr) []Standing { return nil }

// StrategyStats are the figures of one strategy.
type StrategyStats struct {
	Name      string
	Requests  uint64        // in the window now
	Seen      uint64        // ever counted
	Addresses int           // distinct IPv4 addresses and IPv6 /64s in the window now
	Window    time.Duration // what the window covers: less than configured after evictions
	Verdicts  uint64        // ever raised
	Evicted   uint64        // (address, second) counts that left early because there were too many
	Late      uint64        // events too old for the window
}

// Stats returns the figures of all strategies, in their order.
func (e *Engine) Stats() []StrategyStats { return nil }
