package agent

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"cidrx/agent/control"
	"cidrx/agent/jail"
	"cidrx/firewall"
)

// dropCache keeps the kernel's counters for a moment: reading them from large sets takes long.
type dropCache struct {
	reading sync.Mutex // held while the kernel is asked

	mu   sync.Mutex
	at   time.Time
	last firewall.Counters
}

// dropAge is how old counters may be.
const dropAge = time.Second

// dropped reads the kernel's counters, not on the loop. What cannot be read is not there.
func (a *Agent) dropped(ctx context.Context) firewall.Counters {
	fw := a.enforcer.opened()
	if fw == nil {
		return firewall.Counters{}
	}
	a.drops.reading.Lock()
	defer a.drops.reading.Unlock()
	now := a.o.Clock()
	last, at := a.drops.newest()
	if age := now.Sub(at); age >= 0 && age < dropAge {
		return last
	}
	c, err := fw.Counters(ctx)
	if err != nil {
		a.log.Debug("reading the kernel's counters", "error", err)
		return firewall.Counters{}
	}
	a.drops.keep(c, now)
	return c
}

// newest is what was last read from the kernel, and when; the zero time if nothing was. It waits for nobody who reads.
func (d *dropCache) newest() (firewall.Counters, time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last, d.at
}

func (d *dropCache) keep(c firewall.Counters, at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last, d.at = c, at
}

// dropsByBan says how many packets the kernel dropped for each ban. Each of its elements counts for one ban, the narrowest around it, so
// that the numbers of several bans can be added up.
func (a *Agent) dropsByBan(c firewall.Counters) map[netip.Prefix]uint64 {
	sums := map[netip.Prefix]uint64{}
	for element, n := range c.Elements {
		if n == 0 {
			continue
		}
		if p, ok := a.core.jail.Holder(element); ok {
			sums[p] += n
		}
	}
	return sums
}

// setDropped says in w, which is b, what the kernel dropped for it, or with which ban that is counted.
func (a *Agent) setDropped(w *control.Ban, b jail.Ban, byBan map[netip.Prefix]uint64) {
	w.DroppedPackets = byBan[b.Prefix]
	if held, ok := a.core.jail.HeldWithin(b.Prefix); ok {
		if p, ok := a.core.jail.Holder(held); ok {
			w.DroppedWith = &p
			return
		}
	}
	if w.State == "in_force" && a.kernel.counts.Sub(b.Start) > countSlack {
		w.DroppedSince = instant(a.kernel.counts)
	}
}

// countSlack is how much later than its ban an element may begin to count.
const countSlack = 2 * time.Second
