package jail

import "time"

// filled puts the defaults into o.
func filled(o Options) Options {
	if o.MaxBans <= 0 {
		o.MaxBans = DefaultMaxBans
	}
	if len(o.Stages) == 0 {
		o.Stages = []time.Duration{10 * time.Minute}
	}
	return o
}

// SetOptions changes the options, as a reload or a change of the mode does. Running bans keep their end. When enforcing begins, observed
// bans are thrown away; those that were enforced before observing began come into force again. What the new rails forbid ends.
func (j *Jail) SetOptions(now time.Time, o Options) []Change {
	changes := j.tick(now)
	enforcing := j.o.Observe && !o.Observe
	private := j.o.BanPrivate != o.BanPrivate
	j.o = filled(o)
	j.requeue()
	if private {
		changes = append(changes, j.setExempt(j.exempt.allow, j.exempt.protected)...)
	}
	changes = append(changes, j.weed(enforcing)...)
	j.firewall.touchAll()
	return append(changes, j.reconcile()...)
}

// weed ends the bans that the options no longer permit.
func (j *Jail) weed(enforcing bool) []Change {
	var changes []Change
	for _, b := range j.all() {
		switch {
		case enforcing && b.Observed:
			changes = append(changes, j.end(b, j.now, ByEnforcing, ""))
		case j.tooWide(b.Prefix):
			changes = append(changes, j.end(b, j.now, ByRails, ""))
		}
	}
	for j.bans.Size() > j.o.MaxBans {
		b := j.lowest()
		if b == nil {
			break // all by hand or on the deny list: those stay
		}
		changes = append(changes, j.evict(b))
	}
	return changes
}

// requeue sorts everything anew that is sorted by what the options say.
func (j *Jail) requeue() {
	j.ends, j.crowds = nil, newCrowds()
	for _, b := range j.bans.All() {
		if b.Stage >= len(j.o.Stages) {
			b.Stage = len(j.o.Stages) - 1
			j.unsaved.bans.note(b.Prefix)
		}
		b.place = nowhere
		if b.Origin != DenyList {
			j.queueOf(b).push(b)
		}
		j.crowds.add(b, j.o)
	}
	requeue(j.fade)
	requeue(j.graceFade)
	j.trimPast()
	j.trimGraces()
}

// requeue restores the order of a queue whose items' times have changed.
func requeue[T any](q *queue[T]) {
	items := q.items
	q.items = make([]T, 0, len(items))
	for _, item := range items {
		q.push(item)
	}
}
