package jail

import (
	"net/netip"
	"time"

	"github.com/gaissmai/bart"
)

// Jail holds the bans. Its zero value is not usable: see New.
type Jail struct {
	o   Options
	now time.Time // the latest time it was given

	bans *bart.Table[*ban] // active
	ends []*queue[*ban]    // active ones that end, by Stage + 1: those made by hand first
	past *bart.Table[*ban] // the last ended ban of each prefix
	fade *queue[*ban]      // past, in the order in which it is forgotten

	graces    *bart.Table[*grace]
	graceFade *queue[*grace]

	exempt   exempt
	deny     deny
	crowds   crowds
	samples  samples
	refusals map[refusal]time.Time // when they were reported
	counts   Counts
	unsaved  unsaved
	firewall holds
}

// ban is a Ban and its places. An active one is in Jail.bans; when it has ended it moves to Jail.past.
type ban struct {
	Ban
	place   int  // in its queue
	sampled int  // bytes of sample lines
	queued  bool // is in samples.order
}

// grace is a Grace and its place.
type grace struct {
	Grace
	place int
}

// leakAfter is how long a ban has to reach the kernel, and lines written before it to reach us, until traffic of its clients means
// that it does not stop them.
const leakAfter = 5 * time.Second

// New returns an empty jail.
func New(o Options) *Jail {
	j := &Jail{
		bans: new(bart.Table[*ban]), past: new(bart.Table[*ban]), graces: new(bart.Table[*grace]),
		refusals: map[refusal]time.Time{},
	}
	j.o = filled(o)
	j.fade = &queue[*ban]{before: j.fadesBefore, place: banPlace}
	j.graceFade = &queue[*grace]{before: j.graceFadesBefore, place: func(g *grace) *int { return &g.place }}
	j.deny = newDeny()
	j.crowds = newCrowds()
	j.unsaved = newUnsaved()
	j.exempt = j.newExempt()
	j.firewall.cut = map[netip.Prefix]int{}
	return j
}

func banPlace(b *ban) *int { return &b.place }

// endsBefore orders bans by their end; the prefix decides between equal ones, so that replay repeats itself.
func endsBefore(a, b *ban) bool {
	if c := a.Until.Compare(b.Until); c != 0 {
		return c < 0
	}
	return a.Prefix.Compare(b.Prefix) < 0
}

// queueOf is the queue of active bans that b belongs to: one a stage, because want of room ends the lowest stage first.
func (j *Jail) queueOf(b *ban) *queue[*ban] {
	for len(j.ends) <= b.Stage+1 {
		j.ends = append(j.ends, &queue[*ban]{before: endsBefore, place: banPlace})
	}
	return j.ends[b.Stage+1]
}

// add makes b an active ban. There must be none on its prefix.
func (j *Jail) add(b *ban) {
	j.put(b)
	j.touch(b.Prefix)
}

// put puts b into everything that holds active bans.
func (j *Jail) put(b *ban) {
	j.bans.Insert(b.Prefix, b)
	b.place = nowhere
	if b.Origin == DenyList {
		j.deny.banned[b.Prefix] = b
	} else {
		j.queueOf(b).push(b)
	}
	j.crowds.add(b, j.o)
	j.sampled(b)
}

// take takes b out of everything that holds active bans.
func (j *Jail) take(b *ban) {
	j.bans.Delete(b.Prefix)
	if b.Origin == DenyList {
		delete(j.deny.banned, b.Prefix)
	} else {
		j.queueOf(b).remove(b)
	}
	j.crowds.remove(b, j.o)
	j.touch(b.Prefix)
}

// touch notes that what is held, and what is saved, of an active ban's prefix has changed.
func (j *Jail) touch(p netip.Prefix) {
	j.firewall.touch(p)
	j.unsaved.bans.note(p)
}

// covering is the narrowest active ban that covers all of p. With enforced, one that is only exported does not count: a client whose
// packets do reach this host gets past it.
func (j *Jail) covering(p netip.Prefix, enforced bool) *ban {
	for _, b := range j.bans.Supernets(p) {
		if !(enforced && b.Exported) && !coveredBy(b.Except, p) {
			return b
		}
	}
	return nil
}

// widest is the widest active ban around p, or p.
func (j *Jail) widest(p netip.Prefix) netip.Prefix {
	for q := range j.bans.Supernets(p) {
		p = q
	}
	return p
}

// inside collects the active bans equal to or inside p, sorted: they may be ended while one walks through the result.
func (j *Jail) inside(p netip.Prefix) []*ban {
	var in []*ban
	for _, b := range j.bans.Subnets(p) {
		in = append(in, b)
	}
	return in
}

// all collects all active bans, sorted.
func (j *Jail) all() []*ban {
	all := make([]*ban, 0, j.bans.Size())
	for _, b := range j.bans.AllSorted() {
		all = append(all, b)
	}
	return all
}
