package jail

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
	"unique"

	"cidrx/detect"
)

// maxReasons and maxText bound what a ban keeps of the texts it is given.
const (
	maxReasons = 8
	maxText    = 1024 // bytes
)

// Judge decides what becomes of a verdict: nothing if it may not ban, a refresh of the evidence if an active ban covers its prefix, else
// a ban or a refusal. It costs microseconds however many bans there are, except where a wide verdict looks at the bans inside it.
func (j *Jail) Judge(now time.Time, v detect.Verdict) []Change {
	changes := j.tick(now)
	p, ok := normal(v.Prefix)
	if !v.Jail || !ok {
		return changes
	}
	v.Prefix = p
	if why, _ := j.exemption(p); why != "" {
		return j.refuse(changes, v, refusal{p, causeExempt}, why)
	}
	if b := j.covering(p, v.Enforceable); b != nil {
		j.refresh(b, v)
		return changes
	}
	if j.tooWide(p) {
		return j.refuse(changes, v, refusal{p, causeTooWide}, j.rail(p))
	}
	if b, ok := j.bans.Get(p); ok {
		return append(changes, j.enforce(b, v))
	}
	return j.sentence(changes, v)
}

// sentence bans, if grace and rails permit.
func (j *Jail) sentence(changes []Change, v detect.Verdict) []Change {
	except, why := j.graced(v)
	if why != "" {
		return j.refuse(changes, v, refusal{v.Prefix, causeGrace}, why)
	}
	b, took := j.sentenced(v, except)
	made, room := j.makeRoom(b)
	changes = append(changes, made...)
	if in := j.covering(v.Prefix, v.Enforceable); in != nil { // its /48, made for want of room
		j.refresh(in, v)
		return changes
	}
	if !room {
		return j.refuse(changes, v, refusal{v.Prefix, causeFull}, "no room: "+j.full())
	}
	if j.deny.lifted[v.Prefix] != nil {
		return j.relist(changes, v.Prefix)
	}
	j.add(b)
	kind := Banned
	if took {
		kind = Extended
	}
	return append(changes, Change{At: j.now, Kind: kind, Prefix: b.Prefix, Ban: b.Ban, Reason: v.Reason})
}

// sentenced is the ban that a verdict earns, and whether it takes over from bans inside it.
func (j *Jail) sentenced(v detect.Verdict, except []netip.Prefix) (b *ban, took bool) {
	stage := j.stageOf(v.Prefix)
	above, took := j.takeOver(v.Prefix, v.Evidence.Hosts)
	if !j.o.Observe {
		stage = max(stage, above)
	}
	return &ban{Ban: Ban{
		Prefix: v.Prefix, Except: except,
		Start: j.now, Until: j.until(v.Prefix, stage), Stage: stage,
		Reasons: withReason(nil, v.Reason), Evidence: v.Evidence,
		Observed: j.o.Observe, Exported: !v.Enforceable,
	}}, took
}

// enforce brings a ban into force that was only exported, now that its clients' packets are known to reach this host.
func (j *Jail) enforce(b *ban, v detect.Verdict) Change {
	j.crowds.remove(b, j.o)
	b.Exported = false
	j.crowds.add(b, j.o)
	j.refresh(b, v)
	j.touch(b.Prefix)
	return Change{At: j.now, Kind: Banned, Prefix: b.Prefix, Ban: b.Ban, Reason: v.Reason}
}

// refresh renews the evidence of an active ban. A verdict on the ban's own prefix replaces it; one inside only says that it goes on.
func (j *Jail) refresh(b *ban, v detect.Verdict) {
	b.Reasons = withReason(b.Reasons, v.Reason)
	if v.Prefix != b.Prefix {
		if v.Evidence.Last.After(b.Evidence.Last) {
			b.Evidence.Last = v.Evidence.Last
		}
		if len(b.Evidence.Samples) == 0 { // a ban by hand has none of its own
			b.Evidence.Samples = v.Evidence.Samples
			j.sampled(b)
		}
		return
	}
	first := b.Evidence.First
	b.Evidence = v.Evidence
	if !first.IsZero() && first.Before(v.Evidence.First) {
		b.Evidence.First = first
	}
	j.sampled(b)
}

// withReason puts reason last, once. The slices of bans that were handed out are not touched.
func withReason(reasons []string, reason string) []string {
	reason = short(reason)
	if reason == "" || len(reasons) > 0 && reasons[len(reasons)-1] == reason {
		return reasons
	}
	reasons = slices.DeleteFunc(slices.Clone(reasons), func(r string) bool { return r == reason })
	if len(reasons) == maxReasons {
		reasons = slices.Delete(reasons, 0, 1)
	}
	return append(reasons, unique.Make(reason).Value()) // thousands of bans share a reason
}

// short bounds a text that came from outside.
func short(text string) string {
	if len(text) > maxText {
		return text[:maxText]
	}
	return text
}

// refusal is what was refused and why, for the report that is not made twice.
type refusal struct {
	prefix netip.Prefix
	cause  cause
}

type cause uint8

const (
	causeTooWide cause = iota
	causeExempt
	causeGrace
	causeFull
)

// A verdict comes again with every request, so a refusal is counted each time but reported only once in a while. The table of those
// reported is bounded; when it is full it begins anew, and some are reported early.
const (
	refusalQuiet = 10 * time.Minute
	maxRefusals  = 1024
)

// refuse counts a refusal, and appends the change that reports it unless that was done lately.
func (j *Jail) refuse(changes []Change, v detect.Verdict, r refusal, why string) []Change {
	*j.counts.of(r.cause)++
	if last, ok := j.refusals[r]; ok && j.now.Sub(last) < refusalQuiet {
		return changes
	}
	if len(j.refusals) >= maxRefusals {
		clear(j.refusals)
	}
	j.refusals[r] = j.now
	if v.Reason != "" {
		why = fmt.Sprintf("%s (%s)", why, v.Reason)
	}
	return append(changes, Change{At: j.now, Kind: Refused, Prefix: v.Prefix, Reason: why})
}
