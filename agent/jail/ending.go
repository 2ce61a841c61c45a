package jail

import (
	"time"
)

// end ends an active ban and remembers it. The change tells the engine to forget what was requested inside it until then.
func (j *Jail) end(b *ban, at time.Time, why Ending, by string) Change {
	j.take(b)
	b.Next = j.nextStage(b, why, at)
	b.Ended, b.Ending, b.Until = true, why, at
	j.remember(b)
	return Change{At: at, Kind: Unbanned, Prefix: b.Prefix, Ban: b.Ban, Reason: string(why), By: by}
}

// nextStage is Ban.Next of a ban that ends. Only a ban that was enforced to its end raises the next one; one that did not stop its
// clients repeats its own stage; an unblock is a person's word that the ban was wrong, so it clears the slate. All others say nothing
// about the clients and leave what was known before.
func (j *Jail) nextStage(b *ban, why Ending, at time.Time) int {
	enforced := b.Origin == Detected && !b.Observed && (why == ByTime || why == ByRoom)
	switch {
	case enforced && b.Leaked:
		return b.Stage
	case enforced:
		return b.Stage + 1
	case why == ByUnblock:
		return 0
	}
	if before, ok := j.past.Get(b.Prefix); ok {
		return j.nextAt(before, at)
	}
	return 0
}

// nextAt is what is left of an ended ban's Next at a time: a prefix goes one stage down for each ForgetAfter.
func (j *Jail) nextAt(b *ban, at time.Time) int {
	if j.o.ForgetAfter <= 0 {
		return 0
	}
	return max(0, b.Next-int(max(0, at.Sub(b.Until))/j.o.ForgetAfter))
}

// remember puts an ended ban into the place of the one of its prefix that was remembered. At most MaxBans are; those that would be
// forgotten first go first.
func (j *Jail) remember(b *ban) {
	if before, ok := j.past.Get(b.Prefix); ok {
		j.forget(before)
	}
	j.past.Insert(b.Prefix, b)
	j.unsaved.ended.note(b.Prefix)
	b.place = nowhere
	if b.lifts() {
		j.deny.lifted[b.Prefix] = b
		return
	}
	j.keep(b)
}

// keep puts an ended ban among those that are forgotten when their time has come.
func (j *Jail) keep(b *ban) {
	j.unsaved.ended.note(b.Prefix)
	j.fade.push(b)
	j.trimPast()
}

func (j *Jail) trimPast() {
	for len(j.fade.items) > j.o.MaxBans {
		j.forget(j.fade.items[0])
		j.counts.Forgotten++
	}
}

// forget lets go of an ended ban.
func (j *Jail) forget(b *ban) {
	j.fade.remove(b)
	delete(j.deny.lifted, b.Prefix)
	j.past.Delete(b.Prefix)
	j.unsaved.ended.note(b.Prefix)
	j.samples.drop(b)
}

// lifts says whether an ended ban stands for an entry of the deny list that was unblocked by hand: it must be remembered as long as
// the entry is listed, else the entry would come back.
func (b *ban) lifts() bool { return b.Origin == DenyList && b.Ending == ByUnblock }

// fadeTime is when an ended ban need not be remembered any longer: when it raises no stage any more, and no log will be read again
// that goes back to before its end.
func (j *Jail) fadeTime(b *ban) time.Time {
	keep := max(day, j.o.Window, j.o.ForgetAfter)
	if stages := time.Duration(b.Next); j.o.ForgetAfter < century/(stages+1) { // else it would overflow
		keep = max(keep, stages*j.o.ForgetAfter)
	}
	return b.Until.Add(keep)
}

func (j *Jail) fadesBefore(a, b *ban) bool {
	if c := j.fadeTime(a).Compare(j.fadeTime(b)); c != 0 {
		return c < 0
	}
	return a.Prefix.Compare(b.Prefix) < 0
}

const (
	day     = 24 * time.Hour
	century = 100 * 365 * day
)
