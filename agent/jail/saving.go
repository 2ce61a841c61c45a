package jail

import (
	"net/netip"
	"slices"
	"time"

	"github.com/gaissmai/bart"
)

// Snapshot is everything that must survive a restart, sorted by prefix. The allowlist, what is protected and the deny list are not in it:
// their owners give them anew.
type Snapshot struct {
	Bans   []Ban   // active
	Ended  []Ban   // the last ended one of each prefix that is remembered
	Graces []Grace // those that are over, too: requests before them do not count
}

// Entry is what is to be saved of a prefix; nil: nothing, what was saved is to be deleted.
type Entry[V any] struct {
	Prefix netip.Prefix
	Value  *V
}

// Unsaved is what has changed and must survive a restart, sorted by prefix.
type Unsaved struct {
	Bans   []Entry[Ban]
	Ended  []Entry[Ban]
	Graces []Entry[Grace]
}

// notes are prefixes of which something is to be saved.
type notes map[netip.Prefix]struct{}

func (n notes) note(p netip.Prefix) { n[p] = struct{}{} }

// unsaved is what to save, by kind. It is bounded by what the tables have held since it was last asked for.
type unsaved struct{ bans, ended, graces notes }

func newUnsaved() unsaved { return unsaved{notes{}, notes{}, notes{}} }

// noteAll notes everything.
func (u *unsaved) noteAll(j *Jail) {
	for p := range j.bans.All() {
		u.bans.note(p)
	}
	for p := range j.past.All() {
		u.ended.note(p)
	}
	for p := range j.graces.All() {
		u.graces.note(p)
	}
}

// Unsaved hands out what has changed since it was last called, or since Snapshot was, and must survive a restart: together they are what
// one batch of calls has done. Evidence that was merely refreshed is not worth writing each time; Snapshot has it.
func (j *Jail) Unsaved() Unsaved {
	u := Unsaved{
		Bans:   entries(j.unsaved.bans, j.bans, func(b *ban) *Ban { return &b.Ban }),
		Ended:  entries(j.unsaved.ended, j.past, func(b *ban) *Ban { return &b.Ban }),
		Graces: entries(j.unsaved.graces, j.graces, func(g *grace) *Grace { return &g.Grace }),
	}
	j.unsaved = newUnsaved()
	return u
}

// entries looks up what is noted.
func entries[T, V any](noted notes, table *bart.Table[T], value func(T) *V) []Entry[V] {
	var list []Entry[V]
	for p := range noted {
		e := Entry[V]{Prefix: p}
		if item, ok := table.Get(p); ok {
			v := *value(item)
			e.Value = &v
		}
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b Entry[V]) int { return a.Prefix.Compare(b.Prefix) })
	return list
}

// Snapshot returns everything that must survive a restart. Nothing is unsaved after it.
func (j *Jail) Snapshot() Snapshot {
	s := Snapshot{Bans: j.Active(), Ended: j.History()}
	for _, g := range j.graces.AllSorted() {
		s.Graces = append(s.Graces, g.Grace)
	}
	j.unsaved = newUnsaved()
	return s
}

// Restore puts back what was saved into a jail that has no bans yet. The lists may be given before or after; with the deny list after it, a
// restart reports none of its bans as new. Bans whose time was over in the meantime end, as of their time; those that the options no longer
// permit end now. A clock that was set back meanwhile makes none longer than it was when it began.
func (j *Jail) Restore(now time.Time, s Snapshot) []Change {
	changes := j.tick(now)
	j.firewall.touchAll()
	for _, b := range sortedBans(j.deny.banned) { // what is saved of them, such as carve-outs, goes before
		j.take(b)
	}
	for _, b := range s.Ended {
		j.restoreEnded(b)
	}
	for _, g := range s.Graces {
		j.restoreGrace(g)
	}
	for _, b := range s.Bans {
		j.restoreBan(b)
	}
	changes = append(changes, j.endDue()...)
	changes = append(changes, j.freeExempt()...)
	changes = append(changes, j.weed(!j.o.Observe)...)
	return append(changes, j.reconcile()...)
}

// restoreBan makes b active again. What no jail can have saved is left out and counted: the file may be
// damaged, or of another version.
func (j *Jail) restoreBan(b Ban) {
	p, ok := normal(b.Prefix)
	if _, twice := j.bans.Get(p); !ok || twice || b.Until.IsZero() != (b.Origin == DenyList) || b.Origin > DenyList {
		j.counts.Damaged++
		return
	}
	if b.Start.After(j.now) {
		j.unsaved.bans.note(p)
	}
	b.Start, b.Until = j.notAfterNow(b.Start, b.Until)
	b.Except = exceptions(p, b.Except)
	if b.Prefix, b.Ended = p, false; b.Origin != Detected {
		b.Stage = -1
	} else {
		b.Stage = min(max(0, b.Stage), len(j.o.Stages)-1)
	}
	j.put(&ban{Ban: b})
}

// exceptions are those of the prefixes that lie inside p.
func exceptions(p netip.Prefix, prefixes []netip.Prefix) []netip.Prefix {
	var in []netip.Prefix
	for _, q := range prefixes {
		if q, ok := normal(q); ok && covers(p, q) {
			in = append(in, q)
		}
	}
	if in == nil {
		return nil
	}
	return merged(in)
}

// restoreEnded remembers b again.
func (j *Jail) restoreEnded(b Ban) {
	p, ok := normal(b.Prefix)
	if _, twice := j.past.Get(p); !ok || twice {
		j.counts.Damaged++
		return
	}
	over := b.Until
	b.Until, b.Start = j.notAfterNow(b.Until, b.Start)
	b.Prefix, b.Ended, b.Next = p, true, max(0, b.Next)
	kept := &ban{Ban: b}
	j.remember(kept)
	j.sampled(kept)
	if over.Equal(b.Until) {
		delete(j.unsaved.ended, p)
	}
}

// restoreGrace sets g again.
func (j *Jail) restoreGrace(g Grace) {
	p, ok := normal(g.Prefix)
	if _, twice := j.graces.Get(p); !ok || twice {
		j.counts.Damaged++
		return
	}
	since := g.Since
	g.Since, g.Until = j.notAfterNow(g.Since, g.Until)
	g.Prefix = p
	j.setGrace(g)
	if since.Equal(g.Since) {
		delete(j.unsaved.graces, p)
	}
}

// notAfterNow moves two times back, as far apart as they are, so that the first is not in the future: then the clock was set back, and
// what began has not begun later than now. A zero time stays.
func (j *Jail) notAfterNow(first, other time.Time) (time.Time, time.Time) {
	back := max(0, first.Sub(j.now))
	first = first.Round(0).UTC().Add(-back)
	if !other.IsZero() {
		other = other.Round(0).UTC().Add(-back)
	}
	return first, other
}

// freeExempt ends the bans whose addresses are all exempt.
func (j *Jail) freeExempt() []Change {
	var changes []Change
	for _, b := range j.all() {
		if _, ending := j.exemption(b.Prefix); ending != "" {
			changes = append(changes, j.end(b, j.now, ending, ""))
		}
	}
	return changes
}
