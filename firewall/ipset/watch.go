//go:build linux

package ipset

import (
	"context"
	"slices"
	"time"

	"cidrx/firewall"
)

// pace is how often Watch looks.
type pace struct {
	headers  time.Duration // the headers of the sets: a millisecond or two
	rules    time.Duration // the rules one by one: tens of milliseconds
	elements time.Duration // the elements one by one: half a second for 100,000
	share    int           // comparisons come at most every so many times of what the last one took
}

var defaultPace = pace{headers: time.Second, rules: 5 * time.Second, elements: 30 * time.Second, share: 200}

// What Watch finds.
const (
	setsDeleted     = "sets deleted"
	elementsChanged = "elements changed"
	rulesChanged    = "rules changed"
)

// Watch reports what others do to our sets and rules, until ctx is done or the Firewall is closed; it returns nil. Nothing tells of such changes, so it
// looks: each second at whether the sets are there, rules look into them, and they have as many elements as they should; every few seconds at the rules; and
// every half minute, or as seldom as it takes to need no more than half a per cent of a core, at each element. It also renews the timeouts of bans that
// are longer than the kernel can count. One Watch at a time.
func (f *Firewall) Watch(ctx context.Context, drift func(firewall.Drift)) error {
	ticker := time.NewTicker(f.pace.headers)
	defer ticker.Stop()
	w := &watch{f: f, rules: time.Now().Add(f.pace.rules), elements: time.Now().Add(f.pace.elements)}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.done:
			return nil
		case <-ticker.C:
		}
		if err := w.step(ctx); err != nil && ctx.Err() == nil {
			f.o.Logger.Warn("ipset: cannot look for changes by others; trying again", "error", err)
		}
		if what := f.takeNoticed(); what != "" {
			drift(firewall.Drift{What: what})
		}
	}
}

// watch is the state of one Watch: when to compare what next.
type watch struct {
	f               *Firewall
	rules, elements time.Time
}

func (w *watch) step(ctx context.Context) error {
	if err := w.f.lookAgain(ctx); err != nil {
		return err
	}
	start := time.Now()
	if start.After(w.rules) {
		if err := w.f.compareRules(ctx); err != nil {
			return err
		}
		w.rules = w.f.pace.next(start, w.f.pace.rules)
	}
	if start = time.Now(); start.After(w.elements) {
		compared, err := w.f.compareElements(ctx)
		if err != nil {
			return err
		}
		if compared {
			w.elements = w.f.pace.next(start, w.f.pace.elements)
		}
	}
	return nil
}

// next is when to compare again what was begun at start and is done now.
func (p pace) next(start time.Time, least time.Duration) time.Time {
	return time.Now().Add(max(least, time.Duration(p.share)*time.Since(start)))
}

func (f *Firewall) takeNoticed() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	what := f.noticed
	f.noticed = ""
	return what
}

// lookAgain is look, and what has to be done in time.
func (f *Firewall) lookAgain(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || f.state != verified {
		return nil // the next Sync will put it right anyway
	}
	now := f.o.Now()
	if err := f.look(ctx, now); err != nil || f.state != verified {
		return err
	}
	return f.renewLong(ctx, now)
}

// look compares the headers of the sets with what they should be.
func (f *Firewall) look(ctx context.Context, now time.Time) error {
	if f.state == unknown {
		return nil
	}
	sets, err := f.headers(ctx)
	if err != nil {
		f.state = unknown
		return err
	}
	for _, fam := range f.families {
		bans, there := sets[f.o.banSet(fam)]
		allow, allowThere := sets[f.o.allowSet(fam)]
		switch {
		case !there || !allowThere:
			f.doubt(setsDeleted)
		case bans.references < f.references[f.o.banSet(fam)] || allow.references < f.references[f.o.allowSet(fam)]:
			f.doubt(rulesChanged)
		case f.state == verified && !f.plausible(fam, bans.entries, now), allow.entries != f.allowed(fam):
			f.doubt(elementsChanged)
		}
	}
	return nil
}

// allowed is how many elements the allowlist of a family has in the kernel.
func (f *Firewall) allowed(fam family) (n int) {
	for _, p := range distinct(f.allow) {
		if familyOf(p) == fam {
			n++
		}
	}
	return n
}

// doubt notes that what we believe of the kernel is no longer true. What was noticed first is what Watch tells.
func (f *Firewall) doubt(what string) {
	if what == rulesChanged && f.rules.Load() == nil || what == elementsChanged && f.state != verified {
		return // known, and to be put right by the next Sync
	}
	if f.noticed == "" {
		f.noticed = what
	}
	switch what {
	case rulesChanged:
		f.rules.Store(nil)
	case elementsChanged:
		f.state = min(f.state, suspect)
	case setsDeleted: // which no rule looks into then
		f.state = unknown
		f.rules.Store(nil)
	}
}

// renewLong gives the elements that have the longest timeout the same again when half of it is over.
func (f *Firewall) renewLong(ctx context.Context, now time.Time) error {
	if f.renew.IsZero() || now.Before(f.renew) {
		return nil
	}
	f.renew = time.Time{}
	var ops []firewall.Op
	for _, e := range f.held {
		if e.Until.Sub(now) > renewAfter {
			ops = append(ops, firewall.Op{Element: e, Kind: firewall.Refresh})
		}
	}
	s, err := newScript()
	if err != nil {
		return err
	}
	f.writeAnchors(s, now)
	f.writeOps(s, ops, now)
	if err := s.run(ctx, f); err != nil {
		f.state = unknown
		return explain("renew long bans", err)
	}
	return nil
}

// compareRules compares the rules with what they were when they had been written, and takes away those of another variant of iptables.
func (f *Firewall) compareRules(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	should := f.rules.Load()
	if f.closed || should == nil {
		return nil
	}
	if !f.strangers {
		f.strangers = true
		if err := f.removeStrangers(ctx, f.references); err != nil {
			return err
		}
	}
	var have *written
	err := f.o.inside(func() (err error) { have, err = f.readRules(); return err })
	if err != nil || have.text != should.text { // a chain that cannot be listed is gone
		f.doubt(rulesChanged)
	}
	return nil
}

// compareElements compares each element with what it should be. It holds up no Sync while it reads; compared is false if there was one.
func (f *Firewall) compareElements(ctx context.Context) (compared bool, err error) {
	f.mu.Lock()
	before, whole, skip := f.changes, wholes(f.held), f.closed || f.state != verified
	f.mu.Unlock()
	if skip {
		return true, nil
	}
	have, err := f.readBans(ctx, whole)
	if err != nil {
		return false, err
	}
	allow, err := f.readAllow(ctx)
	if err != nil {
		return false, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.changes != before || f.closed || f.state != verified {
		return false, nil
	}
	have, there := f.withoutAnchors(have)
	if there != f.anchored || !same(have, f.held, f.o.Now()) || !slices.Equal(allow, distinct(f.allow)) {
		f.doubt(elementsChanged)
	}
	return true, nil
}
