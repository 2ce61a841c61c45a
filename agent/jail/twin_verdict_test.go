package jail_test

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"cidrx/agent/jail"
	"cidrx/detect"
)

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
