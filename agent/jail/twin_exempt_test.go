package jail_test

import (
	"net/netip"
	"slices"
	"time"

	"go4.org/netipx"

	"cidrx/agent/jail"
)

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
