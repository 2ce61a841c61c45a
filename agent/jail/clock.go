package jail

import "time"

// stepBack is the least jump of the clock that is taken for one. Below it the caller's times are only out of order, and time stands still.
const stepBack = time.Second

// Advance does what time brings: bans end, entries of the allowlist and of what is protected expire, history is forgotten.
func (j *Jail) Advance(now time.Time) []Change { return j.tick(now) }

// tick brings the jail to now. Times lose their monotonic part: a ban ends by the wall clock, in the kernel and after a restart too.
func (j *Jail) tick(now time.Time) []Change {
	now = now.Round(0).UTC()
	if back := j.now.Sub(now); back >= stepBack {
		j.shift(back)
	} else if back > 0 {
		now = j.now
	}
	j.now = now
	changes := j.endDue()
	if !j.exempt.next.IsZero() && !j.exempt.next.After(now) {
		changes = append(changes, j.expireExempt()...)
		changes = append(changes, j.reconcile()...)
	}
	j.fadeDue()
	return changes
}

// endDue ends the bans whose time is over, in the order of their ends.
func (j *Jail) endDue() []Change {
	var changes []Change
	for {
		b := j.nextEnd()
		if b == nil || b.Until.After(j.now) {
			return changes
		}
		changes = append(changes, j.end(b, b.Until, ByTime, ""))
	}
}

// nextEnd is the active ban that ends first, nil when none does.
func (j *Jail) nextEnd() *ban {
	var next *ban
	for _, q := range j.ends {
		if b, ok := q.first(); ok && (next == nil || endsBefore(b, next)) {
			next = b
		}
	}
	return next
}

// fadeDue forgets what has served its time.
func (j *Jail) fadeDue() {
	for b, ok := j.fade.first(); ok && !j.fadeTime(b).After(j.now); b, ok = j.fade.first() {
		j.forget(b)
	}
	for g, ok := j.graceFade.first(); ok && !j.graceFadeTime(g).After(j.now); g, ok = j.graceFade.first() {
		j.dropGrace(g)
	}
}

// Next is when a ban, or an entry of the allowlist or of what is protected, ends next: the caller's timer for Advance. What is merely
// forgotten waits for the next call of any kind. False: nothing has an end.
func (j *Jail) Next() (time.Time, bool) {
	next := j.exempt.next
	if b := j.nextEnd(); b != nil && (next.IsZero() || b.Until.Before(next)) {
		next = b.Until
	}
	return next, !next.IsZero()
}

// shift moves everything back with the clock, so that what remains of each ban, and how long each has been over, stay the same. The order
// of the queues does not change. The allowlist and what is protected end at the times they were given: their owner knows them as such.
func (j *Jail) shift(back time.Duration) {
	for _, b := range j.bans.All() {
		b.Start = b.Start.Add(-back)
		if !b.Until.IsZero() {
			b.Until = b.Until.Add(-back)
		}
	}
	for _, b := range j.past.All() {
		b.Start, b.Until = b.Start.Add(-back), b.Until.Add(-back)
	}
	for _, g := range j.graces.All() {
		g.Since, g.Until = g.Since.Add(-back), g.Until.Add(-back)
	}
	clear(j.refusals)
	j.unsaved.noteAll(j)
	j.firewall.touchAll()
}
