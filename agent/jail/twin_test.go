package jail_test

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"go4.org/netipx"

	"cidrx/agent/jail"
	"cidrx/detect"
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

func (w *twin) exempt() []netip.Prefix {
	set := builtIn(w.o.BanPrivate)
	for _, e := range w.allow {
		set = append(set, e.Prefix)
	}
	for _, e := range w.protected {
		set = append(set, e.Prefix)
	}
	return set
}

var (
	twinFixed = parsed("127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "0.0.0.0/8", "255.255.255.255/32",
		"::/128", "::1/128", "fe80::/10", "ff00::/8")
	twinPrivate = parsed("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)

func parsed(texts ...string) (list []netip.Prefix) {
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

func builtIn(banPrivate bool) []netip.Prefix {
	if banPrivate {
		return slices.Clone(twinFixed)
	}
	return slices.Concat(twinFixed, twinPrivate)
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

func (w *twin) nextOf(p netip.Prefix, at time.Time) int {
	b, ok := w.past[p]
	if !ok {
		return 0
	}
	n := b.next
	for t := b.until.Add(w.o.ForgetAfter); n > 0 && !t.After(at); t = t.Add(w.o.ForgetAfter) {
		n--
	}
	return n
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

// fade is when an ended ban is forgotten, graceFade when a grace is.
func (w *twin) fade(b twinBan) time.Time {
	return b.until.Add(max(24*time.Hour, w.o.Window, w.o.ForgetAfter, time.Duration(b.next)*w.o.ForgetAfter))
}

func (w *twin) graceFade(g jail.Grace) time.Time {
	at := g.Since.Add(max(24*time.Hour, w.o.Window))
	if g.Until.After(at) {
		return g.Until
	}
	return at
}

// trim forgets what is too much to remember.
func (w *twin) trim() {
	trimTo(w.o.MaxBans, w.past, w.fade, w.lifted)
	trimTo(w.o.MaxBans, w.graces, w.graceFade, nil)
}

func trimTo[V any](n int, m map[netip.Prefix]V, fade func(V) time.Time, kept map[netip.Prefix]bool) {
	var in []netip.Prefix
	for p := range m {
		if !kept[p] {
			in = append(in, p)
		}
	}
	if len(in) <= n {
		return
	}
	slices.SortFunc(in, func(a, b netip.Prefix) int { return cmp.Or(fade(m[a]).Compare(fade(m[b])), a.Compare(b)) })
	for _, p := range in[:max(0, len(in)-n)] {
		delete(m, p)
	}
}

func (w *twin) setGrace(g jail.Grace) {
	w.graces[g.Prefix] = g
	w.trim()
}

func (w *twin) forgetBefore(p netip.Prefix, at time.Time) {
	g := jail.Grace{Prefix: p, Since: at, Until: at}
	if before, ok := w.graces[p]; ok {
		if !before.Since.Before(at) {
			return
		}
		if before.Until.After(at) {
			g.Until = before.Until
		}
	}
	w.setGrace(g)
}

// forgotten says whether a request must not count when it is read again.
func (w *twin) forgotten(addr netip.Addr, at time.Time) bool {
	for p, b := range w.past {
		if p.Contains(addr) && !b.until.Before(at) {
			return true
		}
	}
	for p, g := range w.graces {
		if p.Contains(addr) && !g.Since.Before(at) {
			return true
		}
	}
	return false
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

func (w *twin) expire() {
	before := w.exempt()
	over := func(until time.Time) bool { return !until.IsZero() && !until.After(w.now) }
	w.allow = slices.DeleteFunc(slices.Clone(w.allow), func(e jail.AllowEntry) bool { return over(e.Until) })
	w.protected = slices.DeleteFunc(slices.Clone(w.protected), func(e jail.Protected) bool { return over(e.Until) })
	if len(before) != len(w.exempt()) {
		w.reexempt(before)
		w.redeny()
	}
}

// reexempt does what follows from a new set of exempt addresses.
func (w *twin) reexempt(before []netip.Prefix) {
	now := union(w.exempt())
	for _, p := range union(before) {
		if !slices.Contains(now, p) && !twinFull(now, p) {
			w.forgetBefore(p, w.now)
		}
	}
	w.sort()
	for _, b := range slices.Clone(w.bans) {
		if twinFull(now, b.prefix) {
			w.end(b, w.now, w.exemptEnding(b.prefix))
		}
	}
}

// union is the smallest list of prefixes that covers the same.
func union(set []netip.Prefix) []netip.Prefix {
	var b netipx.IPSetBuilder
	for _, p := range set {
		b.AddPrefix(p)
	}
	ips, _ := b.IPSet()
	return ips.Prefixes()
}

func (w *twin) setAllow(entries []jail.AllowEntry) {
	before := w.exempt()
	w.allow = nil
	for _, e := range entries {
		if !e.Until.IsZero() && !e.Until.After(w.now) {
			w.forgetBefore(e.Prefix, e.Until)
			continue
		}
		w.allow = append(w.allow, e)
	}
	w.reexempt(before)
	w.redeny()
}

func (w *twin) setProtected(entries []jail.Protected) {
	before := w.exempt()
	w.protected = nil
	for _, e := range entries {
		if !e.Until.IsZero() && !e.Until.After(w.now) {
			w.forgetBefore(e.Prefix, e.Until)
			continue
		}
		w.protected = append(w.protected, e)
	}
	w.reexempt(before)
	w.redeny()
}

func (w *twin) exemptEnding(p netip.Prefix) jail.Ending {
	covers := func(q netip.Prefix) bool { return twinCovers(q, p) }
	for _, e := range w.allow {
		if covers(e.Prefix) {
			return jail.ByAllowlist
		}
	}
	protected := builtIn(w.o.BanPrivate)
	for _, e := range w.protected {
		protected = append(protected, e.Prefix)
	}
	if slices.ContainsFunc(protected, covers) {
		return jail.ByProtected
	}
	return jail.ByAllowlist
}

func (w *twin) wide(p netip.Prefix) bool {
	if p.Addr().Is4() {
		return p.Bits() < w.o.MaxPrefix4
	}
	return p.Bits() < w.o.MaxPrefix6
}

// room makes room for a ban of p as the rails say.
func (w *twin) room(p netip.Prefix, stage int, until time.Time, origin jail.Origin) bool {
	for len(w.bans) >= w.o.MaxBans && w.get(p) == nil {
		if q, ok := w.crowd(); ok {
			w.merge(q)
			continue
		}
		v := w.victim()
		if v == nil {
			return false
		}
		newer := cmp.Or(cmp.Compare(stage, v.stage), until.Compare(v.until), p.Compare(v.prefix))
		if origin == jail.Detected && newer < 0 {
			return false
		}
		w.end(v, w.now, jail.ByRoom)
	}
	return true
}

func (w *twin) victim() (v *twinBan) {
	for _, b := range w.bans {
		if b.origin == jail.Detected && (v == nil || cmp.Or(cmp.Compare(b.stage, v.stage), b.until.Compare(v.until), b.prefix.Compare(v.prefix)) < 0) {
			v = b
		}
	}
	return v
}

func (w *twin) joins(b *twinBan) bool {
	return b.origin == jail.Detected && !b.exported && b.observed == w.o.Observe && b.prefix.Bits() == 64 && b.prefix.Addr().Is6()
}

// crowd is the lowest /48 with over 64 banned /64 that is not banned itself.
func (w *twin) crowd() (netip.Prefix, bool) {
	n := map[netip.Prefix]int{}
	var full []netip.Prefix
	for _, b := range w.bans {
		q := netip.PrefixFrom(b.prefix.Addr(), 48).Masked()
		if w.joins(b) && w.get(q) == nil && w.o.MaxPrefix6 <= 48 {
			if n[q]++; n[q] == 65 {
				full = append(full, q)
			}
		}
	}
	if len(full) == 0 {
		return netip.Prefix{}, false
	}
	return slices.MinFunc(full, netip.Prefix.Compare), true
}

func (w *twin) merge(q netip.Prefix) {
	b := &twinBan{prefix: q, start: w.now, observed: w.o.Observe, except: w.gracesIn(q)}
	w.sort()
	before := slices.Clone(w.bans)
	for _, m := range before {
		if w.joins(m) && twinCovers(q, m.prefix) {
			b.stage, b.hosts = max(b.stage, m.stage), b.hosts+max(1, m.hosts)
			w.end(m, w.now, jail.ByWider)
		}
	}
	b.until = w.told(q, b.stage, before)
	w.bans = append(w.bans, b)
}

// told is the end that the jail gave a new ban, after a look whether it fits its stage and the bans inside it.
func (w *twin) told(p netip.Prefix, stage int, bans []*twinBan) time.Time {
	until, length := w.untils[p], w.o.Stages[stage]
	if d := until.Sub(w.now); d < length || d > length+length/10 {
		w.bad = "ban of " + p.String() + " for " + d.String() + " at a stage of " + length.String()
	}
	for _, b := range bans {
		if twinCovers(p, b.prefix) && b.origin == jail.Detected && b.until.After(until) && b.until.Sub(w.now) <= length+length/10 {
			w.bad = b.prefix.String() + " outlives " + p.String()
		}
	}
	return until
}

func (w *twin) gracesIn(p netip.Prefix) (in []netip.Prefix) {
	for q, g := range w.graces {
		if twinCovers(p, q) && g.Until.After(w.now) {
			in = append(in, q)
		}
	}
	return in
}

func (w *twin) judge(v detect.Verdict) {
	p := v.Prefix
	if !v.Jail {
		return
	}
	if twinFull(w.exempt(), p) {
		w.refused++
		return
	}
	if w.refresh(v) {
		return
	}
	if w.wide(p) {
		w.refused++
		return
	}
	if b := w.get(p); b != nil {
		b.exported, b.hosts = false, v.Evidence.Hosts
		return
	}
	var except []netip.Prefix
	if v.Evidence.Requests < 5*v.Needed {
		for q, g := range w.graces {
			if twinCovers(q, p) && g.Until.After(w.now) {
				w.refused++
				return
			}
		}
		if except = w.gracesIn(p); twinFull(except, p) {
			w.refused++
			return
		}
	}
	stage, took := w.stage(p, v.Evidence.Hosts)
	w.sentence(v, stage, took, except)
}

func (w *twin) refresh(v detect.Verdict) bool {
	var in *twinBan
	for _, b := range w.bans {
		if twinCovers(b.prefix, v.Prefix) && !(b.exported && v.Enforceable) && !twinFull(b.except, v.Prefix) {
			if in == nil || b.prefix.Bits() > in.prefix.Bits() {
				in = b
			}
		}
	}
	if in != nil && in.prefix == v.Prefix {
		in.hosts = v.Evidence.Hosts
	}
	return in != nil
}

func (w *twin) sentence(v detect.Verdict, stage int, took bool, except []netip.Prefix) {
	p := v.Prefix
	until, ok := w.untils[p]
	if length := w.o.Stages[stage]; !ok { // the jail refused it, perhaps because it would have ended before all others
		until = w.now.Add(length)
	} else if until.IsZero() { // it became a ban of the deny list, so there was room for one that ends late
		until = w.now.Add(length + length/10)
	}
	room := w.room(p, stage, until, jail.Detected)
	if w.refresh(v) {
		return
	}
	if !room {
		w.refused++
		return
	}
	if w.lifted[p] {
		w.relist(p)
		return
	}
	b := &twinBan{prefix: p, except: except, start: w.now, stage: stage, hosts: v.Evidence.Hosts, observed: w.o.Observe, exported: !v.Enforceable}
	b.until = w.told(p, stage, w.bans)
	w.bans = append(w.bans, b)
}

func (w *twin) stage(p netip.Prefix, hosts int) (stage int, took bool) {
	inStage, inHosts := 0, 0
	for _, b := range w.bans {
		if !twinCovers(p, b.prefix) {
			continue
		}
		inStage = max(inStage, b.stage)
		outer := !slices.ContainsFunc(w.bans, func(c *twinBan) bool {
			return c != b && twinCovers(p, c.prefix) && twinCovers(c.prefix, b.prefix)
		})
		if outer {
			inHosts += max(1, b.hosts)
		}
	}
	took = inHosts > 0 && 2*inHosts >= hosts
	if w.o.Observe {
		return 0, took
	}
	for q := range w.past {
		if twinCovers(q, p) {
			stage = max(stage, w.nextOf(q, w.now))
		}
	}
	if w.repeated(p) {
		stage++
	}
	if took {
		stage = max(stage, inStage)
	}
	return min(stage, len(w.o.Stages)-1), took
}

func (w *twin) repeated(p netip.Prefix) bool {
	bits := 24
	if p.Addr().Is6() {
		bits = 48
	}
	if netip.MustParsePrefix("64:ff9b::/96").Contains(p.Addr()) {
		bits = 120
	}
	n := 0
	for q, b := range w.past {
		in := q.Bits() >= bits && netip.PrefixFrom(p.Addr(), bits).Masked().Contains(q.Addr())
		if in && b.origin == jail.Detected && !b.observed && !b.leaked && w.nextOf(q, w.now) > 0 {
			n++
		}
	}
	return p.Bits() >= bits && n >= 3
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

// redeny makes the bans of the deny list what the list says.
func (w *twin) redeny() {
	w.sort()
	for _, b := range slices.Clone(w.bans) {
		if b.origin == jail.DenyList && !slices.Contains(w.deny, b.prefix) {
			w.end(b, w.now, jail.ByDelisting)
		}
	}
	for p := range w.lifted {
		if w.lifted[p] && !slices.Contains(w.deny, p) {
			w.unlift(p)
		}
	}
	for _, p := range w.deny {
		w.denyOne(p)
	}
}

func (w *twin) unlift(p netip.Prefix) {
	w.lifted[p] = false
	b := w.past[p]
	b.ending = jail.ByDelisting
	w.past[p] = b
	w.trim()
}

func (w *twin) relist(p netip.Prefix) {
	w.unlift(p)
	w.denyOne(p)
}

func (w *twin) denyOne(p netip.Prefix) {
	if b := w.get(p); b != nil && b.origin == jail.DenyList || w.lifted[p] {
		return
	}
	if twinFull(w.exempt(), p) || w.wide(p) || !w.room(p, -1, time.Time{}, jail.DenyList) {
		w.refused++
		return
	}
	b := w.get(p)
	if b == nil {
		b = &twinBan{prefix: p, start: w.now}
		w.bans = append(w.bans, b)
	}
	b.origin, b.stage, b.except, b.exported, b.observed, b.until = jail.DenyList, -1, nil, false, false, time.Time{}
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
