package tierview

import (
	"net/netip"
	"time"

	"cidrx/detect"
	"cidrx/detect/cidr"
	"cidrx/detect/parse"
)

// Approach looks on at a replay and keeps how close one address came to each tier. It is an agent.Onlooker.
type Approach struct {
	Requests, Stopped uint64 // of the host of the address; Stopped: made while it was banned
	First, Last       time.Time
	Passed            []uint64     // of Requests, by strategy: those that passed its filters
	Tiers             [][]Progress // by strategy and tier

	addr       netip.Addr
	host       netip.Prefix
	around     netip.Prefix // what happens outside of it changes nothing but totals
	strategies []detect.Strategy
	dirty      bool
	looks      int // in this second
}

// Progress is how close the address came to one tier. Both are nil if nothing of it, or around it, was ever counted.
type Progress struct{ Closest, End *Moment }

// So often at most the tiers are held against the address in one second, besides once at its end: it, and those around it, may make
// millions of requests. Within a second counts only grow, so that little is missed.
const (
	nearLooks = 8
	ownLooks  = 32
)

// NewApproach makes an Approach of addr to the tiers of strategies, which are those of the replay.
func NewApproach(addr netip.Addr, strategies []detect.Strategy) *Approach {
	a := &Approach{addr: addr, host: cidr.Host(addr), strategies: strategies, Passed: make([]uint64, len(strategies))}
	k := cidr.KeyOf(addr)
	a.around = a.host
	for _, s := range strategies {
		a.Tiers = append(a.Tiers, make([]Progress, len(s.Tiers)))
		for i := range s.Tiers {
			if lo, _, ok := s.Tiers[i].Depths(k); ok && k.Net(lo).Prefix().Bits() < a.around.Bits() {
				a.around = k.Net(lo).Prefix()
			}
		}
	}
	return a
}

// Counted notes an event of the address, or of one near it.
func (a *Approach) Counted(now time.Time, e *detect.Engine, ev *parse.Event, mask detect.Mask, stopped bool) {
	if !a.host.Contains(ev.Client) {
		if a.around.Contains(ev.Client) && !stopped {
			a.dirty = true
			a.lookUpTo(nearLooks, now, e)
		}
		return
	}
	n := uint64(ev.Repeat)
	a.Requests += n
	if a.First.IsZero() {
		a.First = ev.Time
	}
	a.Last = ev.Time
	if stopped {
		a.Stopped += n
		return
	}
	for i := range a.Passed {
		if mask>>i&1 != 0 {
			a.Passed[i] += n
		}
	}
	a.dirty = true
	a.lookUpTo(ownLooks, now, e)
}

// lookUpTo looks, unless it has been done so often in this second.
func (a *Approach) lookUpTo(most int, now time.Time, e *detect.Engine) {
	if a.looks < most {
		a.looks++
		a.look(now, e)
	}
}

// SecondOver looks at what the second has come to.
func (a *Approach) SecondOver(now time.Time, e *detect.Engine) {
	if a.dirty {
		a.look(now, e)
	}
	a.dirty, a.looks = false, 0
}

// Over looks once more, at the end of the logs.
func (a *Approach) Over(now time.Time, e *detect.Engine) { a.look(now, e) }

// look holds the tiers against the address.
func (a *Approach) look(now time.Time, e *detect.Engine) {
	stats := e.Stats()
	next := 0
	standings := e.Explain(now, a.addr)
	for i := range a.strategies {
		for j := range a.strategies[i].Tiers {
			t := a.strategies[i].Tiers[j]
			if _, _, ok := t.Depths(cidr.KeyOf(a.addr)); !ok {
				continue // it has no standing
			}
			m := momentOf(now, standings[next], t, stats[i].Requests)
			next++
			p := &a.Tiers[i][j]
			p.End = m
			if m.closeness > 0 && (p.Closest == nil || m.closeness > p.Closest.closeness) {
				p.Closest = m
			}
		}
	}
}
