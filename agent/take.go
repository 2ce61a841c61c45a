package agent

import (
	"time"

	"cidrx/agent/tail"
	"cidrx/detect"
	"cidrx/detect/parse"
)

// take counts the events of a batch; verdicts and bans follow from them at once, event by event, so how the lines came together does
// not matter.
func (a *Agent) take(d *delivery) {
	now := a.o.Clock()
	c := a.coreFor(d)
	masks := a.masksFor(d)
	c.advance(now)
	if c == a.core {
		a.remember(d.events, now)
	}
	for i := range d.events {
		if i%detect.Ahead == 0 {
			c.engine.Expect(d.events[i:], masks[i:])
		}
		a.count(c, now, &d.events[i], masks[i], d.kind)
	}
	s := d.source
	if d.kind != tail.WarmUp {
		s.counts.lag.Store(int64(lag(d, now)))
	}
	if d.position != (tail.Position{}) {
		s.merge(d.position)
	}
	arrived := d.arrived
	d.recycle()
	a.settle(now, cause{arrived: arrived})
	a.savePositions()
}

// coreFor is where the events of a batch count. A log that others could have written to must not ban anybody.
func (a *Agent) coreFor(d *delivery) *core {
	if !d.untrusted {
		return a.core
	}
	if a.shadow == nil {
		a.shadow = a.newShadow()
	}
	return a.shadow
}

// masksFor are the strategies of each event; after a reload those of batches under way are of no use and made anew.
func (a *Agent) masksFor(d *delivery) []detect.Mask {
	if d.gen == a.core.engine.Generation() { // the shadow has the same strategies, in the same order
		return d.masks
	}
	m := a.core.engine.Matcher()
	for i := range d.events {
		d.masks[i] = m.Mask(&d.events[i], d.source.cfg.Name)
	}
	return d.masks
}

// count deals with one event.
func (a *Agent) count(c *core, now time.Time, ev *parse.Event, mask detect.Mask, kind tail.Kind) {
	switch kind {
	case tail.Live:
		a.noteLeak(c, ev, now)
		c.observe(now, ev, mask)
	case tail.CatchUp:
		if !a.over(c, ev) {
			c.observe(now, ev, mask)
		}
	case tail.WarmUp:
		if !a.over(c, ev) {
			c.engine.Warm(now, ev, mask)
		}
	}
}

// remember notes who logs in and who keeps coming, for what a preview of enforcing warns of. It has a loop of its own because its reads
// of memory then overlap.
func (a *Agent) remember(events []parse.Event, now time.Time) {
	for i := range events {
		ev := &events[i]
		at := ev.Time
		if at.IsZero() || at.After(now) {
			at = now
		}
		if ev.Outcome == parse.Success {
			a.logins.add(ev.Client, at)
		}
		a.regulars.add(ev.Client, at)
	}
}

// over says that a line that is read again has been dealt with for good: before the end of a ban, or before enforcing began.
func (a *Agent) over(c *core, ev *parse.Event) bool {
	if ev.Time.IsZero() { // the format has no time: as far as anybody knows it is new
		return false
	}
	return ev.Time.Before(a.mode.Since) && a.mode.Enforce && a.mode.By != byConfiguration || c.jail.Forgotten(ev.Client, ev.Time)
}

// lag is how long the newest line of a batch waited before it was counted.
func lag(d *delivery, now time.Time) time.Duration {
	waited := max(0, now.Sub(d.arrived))
	if len(d.events) == 0 || d.events[len(d.events)-1].Time.IsZero() {
		return waited
	}
	// Stamps are whole seconds: only what is older than one has waited in the file.
	return max(waited, now.Sub(d.events[len(d.events)-1].Time)-time.Second)
}
