package jail

import (
	"fmt"
	"net/netip"
	"time"

	"cidrx/detect"
)

// graceFactor is how many times the requests a verdict needs on what was unblocked a short while ago.
const graceFactor = 5

// graced says what grace means for a verdict. One on an unblocked prefix, or inside it, needs five times the requests: else why says
// that it is refused. One that is wider is carved around what was unblocked, unless its own requests are five times what it needs.
func (j *Jail) graced(v detect.Verdict) (except []netip.Prefix, why string) {
	needed := max(1, v.Needed)
	if v.Evidence.Requests/graceFactor >= needed {
		return nil, ""
	}
	for _, g := range j.graces.Supernets(v.Prefix) {
		if g.Until.After(j.now) {
			return nil, fmt.Sprintf("%s was unblocked and has grace until %s: %d requests, %d times %d needed",
				g.Prefix, g.Until.Format(time.RFC3339), v.Evidence.Requests, graceFactor, needed)
		}
	}
	except = j.gracesInside(v.Prefix)
	if coveredBy(except, v.Prefix) {
		return nil, "all of it was unblocked and has grace"
	}
	return except, ""
}

// gracesInside are the prefixes equal to or inside p that have grace.
func (j *Jail) gracesInside(p netip.Prefix) []netip.Prefix {
	var in []netip.Prefix
	for q, g := range j.graces.Subnets(p) {
		if g.Until.After(j.now) {
			in = append(in, q)
		}
	}
	if in == nil {
		return nil
	}
	return merged(in)
}

// setGrace puts g into the place of the grace of its prefix. At most MaxBans are kept; those that would be forgotten first go first.
func (j *Jail) setGrace(g Grace) {
	if before, ok := j.graces.Get(g.Prefix); ok {
		j.dropGrace(before)
	}
	kept := &grace{Grace: g}
	j.graces.Insert(g.Prefix, kept)
	j.graceFade.push(kept)
	j.unsaved.graces.note(g.Prefix)
	j.trimGraces()
}

func (j *Jail) trimGraces() {
	for len(j.graceFade.items) > j.o.MaxBans {
		j.dropGrace(j.graceFade.items[0])
		j.counts.Forgotten++
	}
}

func (j *Jail) dropGrace(g *grace) {
	j.graceFade.remove(g)
	j.graces.Delete(g.Prefix)
	j.unsaved.graces.note(g.Prefix)
}

// forgetBefore notes that what was requested inside p until a time does not count if the logs are read again. Grace that p has stays.
func (j *Jail) forgetBefore(p netip.Prefix, at time.Time) {
	g := Grace{Prefix: p, Since: at, Until: at}
	if before, ok := j.graces.Get(p); ok {
		if !before.Since.Before(at) {
			return
		}
		if before.Until.After(at) {
			g.Until, g.By = before.Until, before.By
		}
	}
	j.setGrace(g)
}

// graceFadeTime is when a grace is over, and no log will be read again that goes back to before it.
func (j *Jail) graceFadeTime(g *grace) time.Time {
	read := g.Since.Add(max(day, j.o.Window))
	if read.After(g.Until) {
		return read
	}
	return g.Until
}

func (j *Jail) graceFadesBefore(a, b *grace) bool {
	if c := j.graceFadeTime(a).Compare(j.graceFadeTime(b)); c != 0 {
		return c < 0
	}
	return a.Prefix.Compare(b.Prefix) < 0
}
