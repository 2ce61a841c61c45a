package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"cidrx/agent/control"
	"cidrx/agent/jail"
	"cidrx/agent/state"
)

// Ban bans by hand.
func (a *Agent) Ban(ctx context.Context, by control.Caller, r control.BanRequest) (control.Done, error) {
	return command(ctx, a, func(now time.Time) (control.Done, error) {
		if clientPrefix(r.Prefix.Addr()) == r.Prefix && a.core.jail.Exempt(r.Prefix.Addr()) {
			return control.Done{}, control.Invalid(fmt.Sprintf("%s is never banned", r.Prefix), fmt.Sprintf("cidrxctl why %s says what protects it", r.Prefix.Addr()))
		}
		changes, err := a.core.jail.Ban(now, jail.Order{Prefix: r.Prefix, For: time.Duration(r.ForS) * time.Second, Reason: r.Reason, By: by.Name})
		a.core.note(changes)
		switch {
		case err != nil:
			return control.Done{}, control.Invalid(err.Error(), afterRefusal(err, r.Prefix))
		case !changed(changes, jail.Banned, jail.Extended):
			return control.Done{Nothing: []netip.Prefix{r.Prefix}}, nil
		}
		done := control.Done{Done: []netip.Prefix{r.Prefix}}
		if b := changes[len(changes)-1].Ban; b.Prefix.IsValid() {
			done.State, done.Until = stateWith(b, a.enforces()), until(b)
		}
		return done, nil
	})
}

// afterRefusal is what to do about an order that the jail refuses.
func afterRefusal(err error, p netip.Prefix) string {
	switch {
	case errors.Is(err, jail.ErrTooWide):
		return "ban narrower networks, or change that key and reload"
	case errors.Is(err, jail.ErrExempt):
		return fmt.Sprintf("cidrxctl why %s says what protects it", p.Addr())
	case errors.Is(err, jail.ErrFull):
		return "unblock some, or raise that key and reload"
	case errors.Is(err, jail.ErrDuration):
		return "give one between 1s and 100 years"
	}
	return ""
}

func changed(changes []jail.Change, kinds ...jail.ChangeKind) bool {
	return slices.ContainsFunc(changes, func(c jail.Change) bool { return slices.Contains(kinds, c.Kind) })
}

// Unblock lifts bans and carves out of wider ones.
func (a *Agent) Unblock(ctx context.Context, by control.Caller, r control.UnblockRequest) (control.Done, error) {
	return command(ctx, a, func(now time.Time) (control.Done, error) {
		grace := a.cfg.Jail.UnblockGrace
		if r.GraceS != nil {
			grace = time.Duration(*r.GraceS) * time.Second
		}
		for _, p := range r.Prefixes {
			if a.wide(p) {
				return control.Done{}, control.Invalid(fmt.Sprintf("%s is wider than any ban can be", p), "cidrxctl unblock --all lifts all bans")
			}
		}
		done := a.lift(func(c *core) (jail.Unblocked, []jail.Change) { return c.unblock(now, r, grace, by.Name) })
		if grace > 0 {
			done.Until = instant(now.Add(grace))
		}
		done.Listed = within(a.core.jail.Lifted(), done.Done)
		return done, nil
	})
}

// lift unblocks in every core: what was only observed ends with what is enforced. What comes of it is told as if there were one jail.
func (a *Agent) lift(unblock func(*core) (jail.Unblocked, []jail.Change)) control.Done {
	var done control.Done
	var all [][]jail.Change
	for _, c := range a.cores() {
		out, changes := unblock(c)
		all = append(all, changes)
		done.Done = append(done.Done, out.Done...)
		done.Nothing = append(done.Nothing, out.Nothing...)
		for _, carved := range out.Carved {
			done.Carved = append(done.Carved, control.Carved(carved))
		}
	}
	tellOnce(all, done.Done)
	for i, c := range a.cores() {
		c.note(all[i])
	}
	return tidy(done)
}

// tellOnce leaves one event of what an unblock did in several jails: of the same thing the first one, and that a prefix was not banned only
// where no jail had anything to lift. What the others forget, they forget.
func tellOnce(all [][]jail.Change, lifted []netip.Prefix) {
	type deed struct {
		prefix netip.Prefix
		reason string
	}
	told, done := map[deed]bool{}, map[netip.Prefix]bool{}
	for _, p := range lifted {
		done[p] = true
	}
	for _, changes := range all {
		for i := range changes {
			ch := &changes[i]
			if ch.Kind != jail.Unbanned || ch.By == "" { // it only happened at that moment
				continue
			}
			d := deed{ch.Prefix, ch.Reason}
			if told[d] || ch.Reason == jail.NotBanned && done[ch.Prefix] {
				ch.Kind = jail.Forgot
			}
			told[d] = true
		}
	}
}

// within are those of the prefixes that are equal to, or inside, one of the others.
func within(list, others []netip.Prefix) []netip.Prefix {
	return slices.DeleteFunc(list, func(p netip.Prefix) bool {
		return !slices.ContainsFunc(others, func(o netip.Prefix) bool { return o.Bits() <= p.Bits() && o.Contains(p.Addr()) })
	})
}

// wide says that a network is wider than the rails let any ban be.
func (a *Agent) wide(p netip.Prefix) bool {
	if p.Addr().Is4() {
		return p.Bits() < a.cfg.Jail.MaxPrefix4
	}
	return p.Bits() < a.cfg.Jail.MaxPrefix6
}

// tidy names each prefix once: what was done in one core and not in the other is done.
func tidy(d control.Done) control.Done {
	order := func(x, y netip.Prefix) int { return cmp.Or(x.Addr().Compare(y.Addr()), x.Bits()-y.Bits()) }
	slices.SortFunc(d.Done, order)
	slices.SortFunc(d.Nothing, order)
	slices.SortFunc(d.Carved, func(x, y control.Carved) int { return cmp.Or(order(x.Out, y.Out), order(x.From, y.From)) })
	d.Done, d.Nothing, d.Carved = slices.Compact(d.Done), slices.Compact(d.Nothing), slices.Compact(d.Carved)
	d.Nothing = slices.DeleteFunc(d.Nothing, func(p netip.Prefix) bool { return slices.Contains(d.Done, p) })
	return d
}

func (c *core) unblock(now time.Time, r control.UnblockRequest, grace time.Duration, by string) (jail.Unblocked, []jail.Change) {
	if r.All {
		return c.jail.UnblockAll(now, grace, by)
	}
	return c.jail.Unblock(now, r.Prefixes, grace, by)
}

// runTime is the origin of allowlist entries made with cidrxctl.
const runTime = "run-time"

// AllowList lists the allowlist.
func (a *Agent) AllowList(ctx context.Context) ([]control.AllowEntry, error) {
	return ask(ctx, a, func(time.Time) ([]control.AllowEntry, error) {
		var out []control.AllowEntry
		for _, e := range a.core.jail.AllowEntries() {
			out = append(out, control.AllowEntry{Prefix: e.Prefix, Until: instant(e.Until), Note: e.Note, Origin: e.Origin})
		}
		return out, nil
	})
}

// AllowAdd adds to the run-time allowlist.
func (a *Agent) AllowAdd(ctx context.Context, by control.Caller, r control.AllowRequest) (control.Done, error) {
	return command(ctx, a, func(now time.Time) (control.Done, error) {
		if p := r.Prefix; p.Addr().Is4() && p.Bits() < widestAllow4 || p.Addr().Is6() && p.Bits() < widestAllow6 {
			return control.Done{}, control.Invalid(fmt.Sprintf("%s is so wide that hardly anybody could be banned", p), "allow narrower networks; cidrxctl mode observe bans nobody")
		}
		old, known := a.allow[r.Prefix]
		if !known && len(a.allow) >= maxAllow {
			return control.Done{}, control.Invalid(fmt.Sprintf("the run-time allowlist holds %d entries, no more fit", maxAllow), "put them into allow.networks or a file of allow.files")
		}
		e := jail.AllowEntry{Prefix: r.Prefix, Note: r.Note, Origin: runTime}
		if r.ForS > 0 {
			e.Until = now.Add(time.Duration(r.ForS) * time.Second)
		}
		if known && old == e {
			return control.Done{Nothing: []netip.Prefix{r.Prefix}}, nil
		}
		a.allow[r.Prefix] = e
		a.setAllow(now)
		a.saveAllow(state.Change[jail.AllowEntry]{Prefix: r.Prefix, Value: &e}, control.Event{Event: "allow", Prefix: &r.Prefix, Until: instant(e.Until), Reason: strings.TrimSpace("added " + r.Note), By: by.Name})
		return control.Done{Done: []netip.Prefix{r.Prefix}, Carved: a.carvedBy(r.Prefix), Until: instant(e.Until)}, nil
	})
}

const (
	maxAllow     = 10_000 // bounds the run-time allowlist
	widestAllow4 = 8      // an allowlist entry wider than these is a mistake
	widestAllow6 = 16
)

// carvedBy are the active bans around p, which it is carved out of.
func (a *Agent) carvedBy(p netip.Prefix) []control.Carved {
	var out []control.Carved
	for _, b := range a.core.jail.Lookup(p.Addr()).Bans {
		if b.Prefix.Bits() < p.Bits() {
			out = append(out, control.Carved{From: b.Prefix, Out: p})
		}
	}
	return out
}

// AllowRemove removes from the run-time allowlist.
func (a *Agent) AllowRemove(ctx context.Context, by control.Caller, r control.AllowRequest) (control.Done, error) {
	return command(ctx, a, func(now time.Time) (control.Done, error) {
		if _, ok := a.allow[r.Prefix]; !ok {
			for _, e := range a.core.jail.AllowEntries() {
				if e.Prefix == r.Prefix {
					return control.Done{}, control.Invalid(fmt.Sprintf("%s is allowed by %s", r.Prefix, e.Origin), "remove it there, then cidrxctl reload")
				}
			}
			return control.Done{Nothing: []netip.Prefix{r.Prefix}}, nil
		}
		delete(a.allow, r.Prefix)
		a.setAllow(now)
		a.saveAllow(state.Change[jail.AllowEntry]{Prefix: r.Prefix}, control.Event{Event: "allow", Prefix: &r.Prefix, Reason: "removed", By: by.Name})
		if _, known := a.guarded.sessions[r.Prefix]; known {
			a.saveSession(r.Prefix)
		}
		return control.Done{Done: []netip.Prefix{r.Prefix}}, nil
	})
}

// saveAllow files a change of the run-time allowlist behind the order to the kernel that it needs.
func (a *Agent) saveAllow(c state.Change[jail.AllowEntry], e control.Event) {
	e.At = a.o.Clock().UTC()
	a.order(a.o.Clock())
	a.file(entry{gen: a.gen, batch: state.Batch{Allow: []state.Change[jail.AllowEntry]{c}, Audit: []state.Event{auditEvent(e)}}})
}

// setAllow gives the jail the allowlist: as configured and as added at run time. The kernel gets it with the next order.
func (a *Agent) setAllow(now time.Time) {
	var entries []jail.AllowEntry
	for _, e := range a.cfg.Allow.Entries {
		entries = append(entries, jail.AllowEntry{Prefix: e.Prefix, Note: e.Note, Origin: e.Origin})
	}
	for _, e := range a.allow {
		if ended(e, now) {
			continue
		}
		entries = append(entries, e)
	}
	slices.SortStableFunc(entries, func(x, y jail.AllowEntry) int {
		return cmp.Or(x.Prefix.Addr().Compare(y.Prefix.Addr()), x.Prefix.Bits()-y.Prefix.Bits())
	})
	a.fresh = true
	for _, c := range a.cores() {
		c.note(c.jail.SetAllow(now, entries))
	}
}

func ended(e jail.AllowEntry, now time.Time) bool { return !e.Until.IsZero() && !e.Until.After(now) }

// expireAllow deletes the run-time entries whose time is over. The jail has let go of them by itself.
func (a *Agent) expireAllow(now time.Time) {
	for p, e := range a.allow {
		if ended(e, now) {
			delete(a.allow, p)
			a.fresh = true
			a.saveSession(p) // in its place, or nothing
		}
	}
}

// cores are the cores there are: the one that may ban, and the shadow, if any source needs it.
func (a *Agent) cores() []*core {
	if a.shadow == nil {
		return []*core{a.core}
	}
	return []*core{a.core, a.shadow}
}

// newShadow makes the core for logs that others could have written to.
func (a *Agent) newShadow() *core {
	now := a.o.Clock()
	c, err := newCore(a.strategies(a.cfg), jailOptions(a.cfg, true))
	if err != nil { // the same strategies made the first core
		panic(err)
	}
	c.note(c.jail.SetAllow(now, a.core.jail.AllowEntries()))
	c.note(c.jail.SetProtected(now, a.core.jail.ProtectedEntries()))
	return c
}
