package jail_test

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"cidrx/agent/jail"
)

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

func (w *twin) gracesIn(p netip.Prefix) (in []netip.Prefix) {
	for q, g := range w.graces {
		if twinCovers(p, q) && g.Until.After(w.now) {
			in = append(in, q)
		}
	}
	return in
}
