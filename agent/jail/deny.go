package jail

import (
	"net/netip"
	"slices"
	"time"

	"cidrx/detect"
)

// deny is the deny list and what became of it.
type deny struct {
	given  bool           // SetDeny was called: until then restored bans of the list are left alone
	listed []netip.Prefix // sorted
	has    map[netip.Prefix]struct{}
	banned map[netip.Prefix]*ban // active
	lifted map[netip.Prefix]*ban // ended: unblocked by hand although listed
}

func newDeny() deny {
	return deny{has: map[netip.Prefix]struct{}{}, banned: map[netip.Prefix]*ban{}, lifted: map[netip.Prefix]*ban{}}
}

// SetDeny replaces the deny list. What is on it is banned as long as it stays there, in place of any other ban of the same prefix. An
// entry that was unblocked by hand stays lifted until it has been off the list, or is banned again by hand or by a verdict.
func (j *Jail) SetDeny(now time.Time, prefixes []netip.Prefix) []Change {
	changes := j.tick(now)
	j.deny.given = true
	j.deny.listed = j.deny.listed[:0]
	clear(j.deny.has)
	for _, p := range prefixes {
		if p, ok := normal(p); ok {
			j.deny.listed = append(j.deny.listed, p)
			j.deny.has[p] = struct{}{}
		}
	}
	slices.SortFunc(j.deny.listed, netip.Prefix.Compare)
	j.deny.listed = slices.Compact(j.deny.listed)
	return append(changes, j.reconcile()...)
}

// Lifted are the entries of the deny list that were unblocked by hand and are not banned for that, sorted.
func (j *Jail) Lifted() []netip.Prefix {
	var list []netip.Prefix
	for _, b := range sortedBans(j.deny.lifted) {
		list = append(list, b.Prefix)
	}
	return list
}

// reconcile makes the bans of the deny list what the list, the allowlist and the rails say. Called whenever one of those changed.
func (j *Jail) reconcile() []Change {
	if !j.deny.given {
		return nil
	}
	var changes []Change
	for _, b := range sortedBans(j.deny.banned) {
		if _, ok := j.deny.has[b.Prefix]; !ok {
			changes = append(changes, j.end(b, j.now, ByDelisting, ""))
		}
	}
	for _, b := range sortedBans(j.deny.lifted) {
		if _, ok := j.deny.has[b.Prefix]; !ok {
			j.unlift(b)
		}
	}
	for _, p := range j.deny.listed {
		changes = j.denyOne(changes, p)
	}
	return changes
}

func sortedBans(bans map[netip.Prefix]*ban) []*ban {
	sorted := make([]*ban, 0, len(bans))
	for _, b := range bans {
		sorted = append(sorted, b)
	}
	slices.SortFunc(sorted, func(a, b *ban) int { return a.Prefix.Compare(b.Prefix) })
	return sorted
}

// denyOne bans p, which is on the deny list, if it is not and may be.
func (j *Jail) denyOne(changes []Change, p netip.Prefix) []Change {
	if j.deny.banned[p] != nil || j.deny.lifted[p] != nil {
		return changes
	}
	v := detect.Verdict{Prefix: p, Reason: "on the deny list"}
	if why, _ := j.exemption(p); why != "" {
		return j.refuse(changes, v, refusal{p, causeExempt}, why)
	}
	if j.tooWide(p) {
		return j.refuse(changes, v, refusal{p, causeTooWide}, j.rail(p))
	}
	b := &ban{Ban: Ban{Prefix: p, Start: j.now, Stage: -1, Origin: DenyList, Reasons: []string{v.Reason}}}
	made, room := j.makeRoom(b)
	if changes = append(changes, made...); !room {
		return j.refuse(changes, v, refusal{p, causeFull}, "no room: "+j.full())
	}
	if running, ok := j.bans.Get(p); ok {
		return append(changes, j.convert(running, b.Ban, Extended))
	}
	j.add(b)
	return append(changes, Change{At: j.now, Kind: Banned, Prefix: p, Ban: b.Ban, Reason: v.Reason})
}

// relist bans an entry of the deny list again that had been unblocked by hand: a person or a verdict says that it should be.
func (j *Jail) relist(changes []Change, p netip.Prefix) []Change {
	j.unlift(j.deny.lifted[p])
	return j.denyOne(changes, p)
}

// unlift makes b an ended ban like others, which no longer keeps its entry of the deny list from being banned.
func (j *Jail) unlift(b *ban) {
	delete(j.deny.lifted, b.Prefix)
	b.Ending = ByDelisting
	j.keep(b)
}

// convert makes a running ban one of another origin, by hand or of the deny list. It covers all of its prefix again, and keeps its start
// and its evidence.
func (j *Jail) convert(b *ban, to Ban, kind ChangeKind) Change {
	j.take(b)
	b.Origin, b.Stage, b.Until, b.By = to.Origin, -1, to.Until, to.By
	b.Except, b.Exported = nil, false
	b.Observed = b.Observed && to.Observed
	for _, reason := range to.Reasons {
		b.Reasons = withReason(b.Reasons, reason)
	}
	j.add(b)
	return Change{At: j.now, Kind: kind, Prefix: b.Prefix, Ban: b.Ban, Reason: b.lastReason(), By: to.By}
}

func (b *ban) lastReason() string {
	if len(b.Reasons) == 0 {
		return ""
	}
	return b.Reasons[len(b.Reasons)-1]
}
