package jail

import (
	"net/netip"
	"slices"
	"sort"
	"time"
)

// Stops says whether a ban that is enforced, by the kernel or by those it is exported to, covers addr: a replay does not count its lines.
func (j *Jail) Stops(addr netip.Addr) bool {
	if _, ok := j.bans.Lookup(addr); !ok || j.o.Observe || j.Exempt(addr) { // nearly always
		return false
	}
	p := single(addr)
	for _, b := range j.bans.Supernets(p) {
		if !b.Observed && !coveredBy(b.Except, p) {
			return true
		}
	}
	return false
}

// Leaks says whether a request that addr made at the time given came through although the kernel should have stopped it for five seconds
// and more; the caller reports it. It also notes it with the ban: one that does not stop its clients does not escalate. That holds for
// exported bans too, whose clients are refused by a web server that logs them; those are not worth a report.
func (j *Jail) Leaks(addr netip.Addr, at time.Time) bool {
	if _, ok := j.bans.Lookup(addr); !ok || j.o.Observe || j.Exempt(addr) { // nearly always
		return false
	}
	p, leaks := single(addr), false
	for _, b := range j.bans.Supernets(p) {
		if b.Observed || at.Sub(b.Start) <= leakAfter || coveredBy(b.Except, p) {
			continue
		}
		leaks = leaks || !b.Exported
		if !b.Leaked {
			b.Leaked = true
			j.unsaved.bans.note(b.Prefix)
		}
	}
	return leaks
}

// Forgotten says whether a request that addr made at the time given lies before the end of a ban, or before an unblock, that covered it:
// when a log is read again after a restart it must not count. A log's seconds are whole, so one in the second of the end is before it.
func (j *Jail) Forgotten(addr netip.Addr, at time.Time) bool {
	p := single(addr)
	for _, b := range j.past.Supernets(p) {
		if !at.After(b.Until) {
			return true
		}
	}
	for _, g := range j.graces.Supernets(p) {
		if !at.After(g.Since) {
			return true
		}
	}
	return false
}

// Active are the active bans, sorted by prefix.
func (j *Jail) Active() []Ban { return values(j.all()) }

// Holder is the active ban that held, a prefix that the firewall holds, is counted for: the narrowest that is enforced and covers all of
// it. So each prefix held counts for one ban, however many there are around it. False: no ban is in force there any more.
func (j *Jail) Holder(held netip.Prefix) (netip.Prefix, bool) {
	for p, b := range j.bans.Supernets(held) {
		if j.enforced(b) && !coveredBy(b.Except, held) {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

// HeldWithin is what the firewall holds for p and more than p, where p is banned and has nothing of its own there because a wider ban lasts
// as long.
func (j *Jail) HeldWithin(p netip.Prefix) (netip.Prefix, bool) {
	list, _ := j.Holds()
	i := sort.Search(len(list), func(i int) bool { return list[i].Prefix.Addr().Compare(p.Addr()) > 0 }) - 1
	if i < 0 || list[i].Prefix.Bits() >= p.Bits() || !list[i].Prefix.Contains(p.Addr()) {
		return netip.Prefix{}, false
	}
	return list[i].Prefix, true
}

// Size is the number of active bans.
func (j *Jail) Size() int { return j.bans.Size() }

// Count counts the active bans by family.
func (j *Jail) Count() (ipv4, ipv6 int) { return j.bans.Size4(), j.bans.Size6() }

// History is the last ended ban of each prefix that is remembered, sorted by prefix.
func (j *Jail) History() []Ban {
	all := make([]*ban, 0, j.past.Size())
	for _, b := range j.past.AllSorted() {
		all = append(all, b)
	}
	return values(all)
}

func values(bans []*ban) []Ban {
	list := make([]Ban, len(bans))
	for i, b := range bans {
		list[i] = b.Ban
	}
	return list
}

// Standing is what the jail knows of an address.
type Standing struct {
	Bans      []Ban      // active ones whose prefix holds it, widest first; it may have been carved out of one: see Ban.Except
	History   []Ban      // ended ones that are remembered, widest first
	Grace     Grace      // the narrowest that has not ended; zero: none
	Allowed   AllowEntry // the narrowest entry of the allowlist that holds it; zero: none
	Protected Protected  // why it is never banned; zero: it may be
}

// Lookup tells what the jail knows of addr.
func (j *Jail) Lookup(addr netip.Addr) Standing {
	p := single(addr)
	s := Standing{Allowed: j.allowing(p), Protected: j.protecting(p)}
	for _, b := range j.bans.Supernets(p) {
		s.Bans = append(s.Bans, b.Ban)
	}
	for _, b := range j.past.Supernets(p) {
		s.History = append(s.History, b.Ban)
	}
	for _, g := range j.graces.Supernets(p) {
		if g.Until.After(j.now) {
			s.Grace = g.Grace
			break
		}
	}
	slices.Reverse(s.Bans)
	slices.Reverse(s.History)
	return s
}
