package jail_test

import (
	"net/netip"
	"slices"
	"time"

	"cidrx/agent/jail"
)

// twin is the jail as the specification says it, with lists that are walked whole every time. It knows no carving and no queues; whether
// an address is held it works out from the bans. Where a ban's end depends on the hash, it is told the end and checks that it may be.
type twin struct {
	o         jail.Options
	now       time.Time
	bans      []*twinBan
	past      map[netip.Prefix]twinBan
	graces    map[netip.Prefix]jail.Grace
	allow     []jail.AllowEntry
	protected []jail.Protected
	deny      []netip.Prefix
	lifted    map[netip.Prefix]bool
	untils    map[netip.Prefix]time.Time // what the jail said of new bans
	refused   uint64
	log       []string // ends of the last call
	bad       string   // an end that may not be
}

type twinBan struct {
	prefix                     netip.Prefix
	except                     []netip.Prefix
	start, until               time.Time
	stage, next, hosts         int
	origin                     jail.Origin
	observed, exported, leaked bool
	ending                     jail.Ending
}

func newTwin(o jail.Options) *twin {
	return &twin{o: o, past: map[netip.Prefix]twinBan{}, graces: map[netip.Prefix]jail.Grace{}, lifted: map[netip.Prefix]bool{}}
}

func twinCovers(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// twinFull says whether the set covers all of p: one of it does, or it covers both halves.
func twinFull(set []netip.Prefix, p netip.Prefix) bool {
	inside := false
	for _, q := range set {
		if twinCovers(q, p) {
			return true
		}
		inside = inside || twinCovers(p, q)
	}
	if !inside {
		return false
	}
	low := netip.PrefixFrom(p.Addr(), p.Bits()+1)
	high := netip.PrefixFrom(last(p), p.Bits()+1).Masked()
	return twinFull(set, low) && twinFull(set, high)
}

// last is the highest address of p.
func last(p netip.Prefix) netip.Addr {
	a := p.Addr().AsSlice()
	for i := p.Bits(); i < 8*len(a); i++ {
		a[i/8] |= 0x80 >> (i % 8)
	}
	addr, _ := netip.AddrFromSlice(a)
	return addr
}

// held are the bans that cover an address now, if they are to be held at all.
func (w *twin) held(addr netip.Addr) (bans []*twinBan) {
	p := netip.PrefixFrom(addr, addr.BitLen())
	for _, b := range w.bans {
		if b.prefix.Contains(addr) && !w.o.Observe && !b.observed && !b.exported && !twinFull(b.except, p) {
			bans = append(bans, b)
		}
	}
	if bans == nil || twinFull(w.exempt(), p) {
		return nil
	}
	return bans
}

func (w *twin) get(p netip.Prefix) *twinBan {
	for _, b := range w.bans {
		if b.prefix == p {
			return b
		}
	}
	return nil
}

func (w *twin) sort() {
	slices.SortFunc(w.bans, func(a, b *twinBan) int { return a.prefix.Compare(b.prefix) })
}

func (w *twin) end(b *twinBan, at time.Time, why jail.Ending) {
	w.bans = slices.DeleteFunc(w.bans, func(c *twinBan) bool { return c == b })
	before := w.nextOf(b.prefix, at)
	counts := b.origin == jail.Detected && !b.observed && (why == jail.ByTime || why == jail.ByRoom)
	switch {
	case counts && b.leaked:
		b.next = b.stage
	case counts:
		b.next = b.stage + 1
	case why == jail.ByUnblock:
		b.next = 0
	default:
		b.next = before
	}
	b.until, b.ending = at, why
	w.past[b.prefix] = *b
	w.lifted[b.prefix] = b.origin == jail.DenyList && why == jail.ByUnblock
	w.trim()
	w.log = append(w.log, "unban "+b.prefix.String()+" "+string(why))
}

// step brings the twin to now.
func (w *twin) step(now time.Time) {
	if back := w.now.Sub(now); back >= time.Second {
		w.back(back)
	} else if back > 0 {
		now = w.now
	}
	w.now = now
	w.sort()
	due := slices.Clone(w.bans)
	slices.SortStableFunc(due, func(a, b *twinBan) int { return a.until.Compare(b.until) })
	for _, b := range due {
		if !b.until.IsZero() && !b.until.After(now) {
			w.end(b, b.until, jail.ByTime)
		}
	}
	w.expire()
	for p, b := range w.past {
		if !w.lifted[p] && !w.fade(b).After(now) {
			delete(w.past, p)
		}
	}
	for p, g := range w.graces {
		if !w.graceFade(g).After(now) {
			delete(w.graces, p)
		}
	}
}

func (w *twin) back(back time.Duration) {
	for _, b := range w.bans {
		b.start = b.start.Add(-back)
		if !b.until.IsZero() {
			b.until = b.until.Add(-back)
		}
	}
	for p, b := range w.past {
		b.start, b.until = b.start.Add(-back), b.until.Add(-back)
		w.past[p] = b
	}
	for p, g := range w.graces {
		g.Since, g.Until = g.Since.Add(-back), g.Until.Add(-back)
		w.graces[p] = g
	}
}

// order is a ban by hand; false: refused.
func (w *twin) order(o jail.Order) bool {
	p := o.Prefix
	if o.For == 0 {
		o.For = w.o.Stages[0]
	}
	if w.wide(p) || twinFull(w.exempt(), p) || !w.room(p, -1, time.Time{}, jail.Manual) {
		return false
	}
	for q, g := range w.graces {
		if twinCovers(p, q) && g.Until.After(w.now) {
			g.Until = g.Since
			w.graces[q] = g
		}
	}
	if b := w.get(p); b != nil {
		if b.origin == jail.DenyList {
			b.except = nil
			return true
		}
		b.origin, b.stage, b.except, b.exported, b.until = jail.Manual, -1, nil, false, w.now.Add(o.For)
		b.observed = b.observed && w.o.Observe
		return true
	}
	if w.lifted[p] {
		w.relist(p)
		return true
	}
	w.bans = append(w.bans, &twinBan{prefix: p, start: w.now, until: w.now.Add(o.For), stage: -1, origin: jail.Manual, observed: w.o.Observe})
	return true
}

// unblock lifts p; false: it was not banned.
func (w *twin) unblock(p netip.Prefix, grace time.Duration) bool {
	if p.Addr().Is6() && p.Bits() > 64 && !netip.MustParsePrefix("64:ff9b::/96").Contains(p.Addr()) {
		p = netip.PrefixFrom(p.Addr(), 64).Masked()
	}
	any := false
	w.sort()
	for _, b := range slices.Clone(w.bans) {
		if twinCovers(p, b.prefix) {
			any = true
			w.end(b, w.now, jail.ByUnblock)
		}
	}
	for _, b := range slices.Clone(w.bans) {
		if twinCovers(b.prefix, p) && !twinFull(b.except, p) {
			any = true
			if b.except = append(slices.Clone(b.except), p); twinFull(b.except, b.prefix) {
				w.end(b, w.now, jail.ByUnblock)
			}
		}
	}
	for q, b := range w.past {
		if twinCovers(p, q) {
			b.next = 0
			w.past[q] = b
		}
	}
	w.trim()
	w.setGrace(jail.Grace{Prefix: p, Since: w.now, Until: w.now.Add(grace)})
	return any
}

func (w *twin) unblockAll(grace time.Duration) {
	w.sort()
	for _, b := range slices.Clone(w.bans) {
		w.end(b, w.now, jail.ByUnblock)
		if grace > 0 {
			w.setGrace(jail.Grace{Prefix: b.prefix, Since: w.now, Until: w.now.Add(grace)})
		}
	}
	for q, b := range w.past {
		b.next = 0
		w.past[q] = b
	}
}

func (w *twin) setOptions(o jail.Options) {
	enforcing := w.o.Observe && !o.Observe
	before := w.exempt()
	w.o = o
	w.trim()
	for _, b := range w.bans {
		b.stage = min(b.stage, len(o.Stages)-1)
	}
	w.sort()
	w.reexempt(before)
	for _, b := range slices.Clone(w.bans) {
		if enforcing && b.observed {
			w.end(b, w.now, jail.ByEnforcing)
		} else if w.wide(b.prefix) {
			w.end(b, w.now, jail.ByRails)
		}
	}
	for v := w.victim(); len(w.bans) > o.MaxBans && v != nil; v = w.victim() {
		w.end(v, w.now, jail.ByRoom)
	}
	w.redeny()
}
