package jail

import (
	"fmt"
	"net/netip"
)

// tooWide says whether p is wider than what may be banned.
func (j *Jail) tooWide(p netip.Prefix) bool {
	if p.Addr().Is4() {
		return p.Bits() < j.o.MaxPrefix4
	}
	return p.Bits() < j.o.MaxPrefix6
}

// rail names the limit that p is too wide for.
func (j *Jail) rail(p netip.Prefix) string {
	if p.Addr().Is4() {
		return fmt.Sprintf("wider than [jail] maxPrefix4 = %d", j.o.MaxPrefix4)
	}
	return fmt.Sprintf("wider than [jail] maxPrefix6 = %d", j.o.MaxPrefix6)
}

// full names the limit that there is no room under.
func (j *Jail) full() string {
	return fmt.Sprintf("[jail] maxBans = %d bans are active and none of them may go first", j.o.MaxBans)
}

// makeRoom sees to it that b can be added: first /64 by the dozen become their /48, then the lowest stage with the shortest rest goes.
// False: b itself would be the first to go, or all others are by hand or on the deny list.
func (j *Jail) makeRoom(b *ban) (changes []Change, ok bool) {
	for j.bans.Size() >= j.o.MaxBans {
		if _, running := j.bans.Get(b.Prefix); running { // it takes no room, or has just become a /48 itself
			return changes, true
		}
		if network, ok := j.crowds.next(j); ok {
			changes = append(changes, j.mergeCrowd(network)...)
			continue
		}
		victim := j.lowest()
		if victim == nil || b.Origin == Detected && goesBefore(b, victim) {
			return changes, false
		}
		changes = append(changes, j.evict(victim))
	}
	return changes, true
}

// lowest is the detected ban of the lowest stage with the shortest rest; nil when there is none.
func (j *Jail) lowest() *ban {
	for _, q := range j.ends[min(1, len(j.ends)):] { // the first holds those made by hand
		if b, ok := q.first(); ok {
			return b
		}
	}
	return nil
}

// goesBefore says whether a is ended before b when there is no room.
func goesBefore(a, b *ban) bool {
	return a.Stage < b.Stage || a.Stage == b.Stage && endsBefore(a, b)
}

func (j *Jail) evict(b *ban) Change {
	j.counts.Evicted++
	return j.end(b, j.now, ByRoom, "")
}

// crowdSize is how many banned /64 of a /48 are still banned one by one when there is no room.
const crowdSize = 64

// crowds counts the banned /64 of each /48.
type crowds struct {
	members map[netip.Prefix]int
	large   map[netip.Prefix]struct{} // those with more than crowdSize
}

func newCrowds() crowds {
	return crowds{members: map[netip.Prefix]int{}, large: map[netip.Prefix]struct{}{}}
}

// joins says whether b can become part of its /48, and which that is.
func joins(b *ban, o Options) (netip.Prefix, bool) {
	if b.Origin != Detected || b.Exported || b.Observed != o.Observe || b.Prefix.Bits() != 64 || !b.Prefix.Addr().Is6() {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(b.Prefix.Addr(), 48).Masked(), true
}

func (c *crowds) add(b *ban, o Options) {
	if network, ok := joins(b, o); ok {
		c.members[network]++
		if c.members[network] > crowdSize {
			c.large[network] = struct{}{}
		}
	}
}

func (c *crowds) remove(b *ban, o Options) {
	network, ok := joins(b, o)
	if !ok {
		return
	}
	c.members[network]--
	if c.members[network] <= crowdSize {
		delete(c.large, network)
	}
	if c.members[network] == 0 {
		delete(c.members, network)
	}
}

// next is the lowest /48 that may be banned in place of its /64.
func (c *crowds) next(j *Jail) (least netip.Prefix, ok bool) {
	if j.o.MaxPrefix6 > 48 {
		return least, false
	}
	for network := range c.large {
		if _, banned := j.bans.Get(network); banned || ok && least.Compare(network) <= 0 {
			continue
		}
		least, ok = network, true
	}
	return least, ok
}

// mergeCrowd bans network, a /48, in place of the /64 inside it, at their highest stage and for no shorter a time than any of them.
func (j *Jail) mergeCrowd(network netip.Prefix) []Change {
	var members []*ban
	for _, b := range j.inside(network) {
		if _, ok := joins(b, j.o); ok {
			members = append(members, b)
		}
	}
	b := j.crowdBan(network, members)
	var changes []Change
	for _, m := range members {
		changes = append(changes, j.end(m, j.now, ByWider, ""))
	}
	j.add(b)
	j.counts.Merged += uint64(len(members))
	extended := Change{At: j.now, Kind: Extended, Prefix: network, Ban: b.Ban, Reason: b.Reasons[0]}
	return append([]Change{extended}, changes...)
}

// crowdBan adds up the bans of members.
func (j *Jail) crowdBan(network netip.Prefix, members []*ban) *ban {
	b := &ban{Ban: Ban{Prefix: network, Start: j.now, Observed: j.o.Observe, Except: j.gracesInside(network)}}
	b.Reasons = []string{fmt.Sprintf("%d of its /64 were banned, and there was no room for more", len(members))}
	sum := &b.Evidence
	for _, m := range members {
		e := m.Evidence
		b.Stage = max(b.Stage, m.Stage)
		sum.Requests, sum.Hosts, sum.Share = sum.Requests+e.Requests, sum.Hosts+max(1, e.Hosts), sum.Share+e.Share
		if sum.First.IsZero() || e.First.Before(sum.First) {
			sum.First = e.First
		}
		if e.Last.After(sum.Last) {
			sum.Last = e.Last
		}
		sum.Samples = e.Samples
	}
	b.Until = j.until(network, b.Stage)
	return b
}
