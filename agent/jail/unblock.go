package jail

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Unblocked is what an unblock came to. Each prefix asked for is in Done or in Nothing.
type Unblocked struct {
	Done    []netip.Prefix // something at or inside it was lifted, or it was carved out of something
	Carved  []Carved
	Nothing []netip.Prefix // it was not banned; it has grace all the same
}

// Carved says that Out was taken out of the wider ban From.
type Carved struct{ From, Out netip.Prefix }

// Unblock lifts what is banned at or inside each of the prefixes and carves them out of wider bans, whoever made them. What was requested
// inside them counts no longer, their bans escalate nothing, and for as long as grace (0: none) a verdict on them needs five times the
// requests. Parts of an IPv6 /64 mean the /64. by is who asked for it.
func (j *Jail) Unblock(now time.Time, prefixes []netip.Prefix, grace time.Duration, by string) (Unblocked, []Change) {
	changes := j.tick(now)
	var u Unblocked
	seen := map[netip.Prefix]bool{}
	for _, p := range prefixes {
		p, ok := hostwise(p)
		if !ok {
			u.Nothing = append(u.Nothing, p)
		}
		if ok && !seen[p] {
			seen[p] = true
			changes = j.unblock(changes, p, &u, by)
			j.setGrace(Grace{Prefix: p, Since: j.now, Until: j.now.Add(max(0, grace)), By: short(by)})
		}
	}
	return u, changes
}

// UnblockAll lifts every ban, with grace for each of them.
func (j *Jail) UnblockAll(now time.Time, grace time.Duration, by string) (Unblocked, []Change) {
	changes := j.tick(now)
	var u Unblocked
	for _, b := range j.all() {
		changes = append(changes, j.end(b, j.now, ByUnblock, by))
		u.Done = append(u.Done, b.Prefix)
		if grace > 0 {
			j.setGrace(Grace{Prefix: b.Prefix, Since: j.now, Until: j.now.Add(grace), By: short(by)})
		}
	}
	j.clearSlate(netip.PrefixFrom(netip.IPv4Unspecified(), 0))
	j.clearSlate(netip.PrefixFrom(netip.IPv6Unspecified(), 0))
	return u, changes
}

// unblock lifts p and carves it out.
func (j *Jail) unblock(changes []Change, p netip.Prefix, u *Unblocked, by string) []Change {
	before := len(changes)
	for _, b := range j.inside(p) {
		changes = append(changes, j.end(b, j.now, ByUnblock, by))
	}
	for _, b := range j.around(p) {
		changes = append(changes, j.carveOut(b, p, by))
		u.Carved = append(u.Carved, Carved{From: b.Prefix, Out: p})
	}
	j.clearSlate(p)
	if done := changes[before:]; len(done) > 0 {
		u.Done = append(u.Done, p)
		if !slices.ContainsFunc(done, func(c Change) bool { return c.Prefix == p }) { // all that was requested inside p is to be forgotten
			changes = append(changes, Change{At: j.now, Kind: Forgot, Prefix: p, Reason: "unblocked", By: by})
		}
		return changes
	}
	u.Nothing = append(u.Nothing, p)
	return append(changes, Change{At: j.now, Kind: Unbanned, Prefix: p, Reason: NotBanned, By: by})
}

// around collects the active bans wider than p that it is not carved out of already.
func (j *Jail) around(p netip.Prefix) []*ban {
	var around []*ban
	for _, b := range j.bans.Supernets(p) {
		if !coveredBy(b.Except, p) {
			around = append(around, b)
		}
	}
	return around
}

// carveOut takes p out of a wider ban, which ends when nothing is left of it.
func (j *Jail) carveOut(b *ban, p netip.Prefix, by string) Change {
	b.Except = merged(append([]netip.Prefix{p}, b.Except...))
	if coveredBy(b.Except, b.Prefix) {
		return j.end(b, j.now, ByUnblock, by)
	}
	j.touch(b.Prefix)
	return Change{At: j.now, Kind: Unbanned, Prefix: p, Ban: b.Ban, Reason: fmt.Sprintf("unblocked; carved out of %s", b.Prefix), By: by}
}

// clearSlate makes the ended bans at or inside p raise no stage.
func (j *Jail) clearSlate(p netip.Prefix) {
	var in []*ban
	for _, b := range j.past.Subnets(p) {
		if b.Next > 0 {
			in = append(in, b)
		}
	}
	for _, b := range in {
		j.fade.remove(b)
		b.Next = 0
		j.keep(b)
	}
}
