package agent

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"cidrx/agent/control"
	"cidrx/agent/host"
	"cidrx/agent/jail"
	"cidrx/agent/state"
	"cidrx/detect/cidr"
)

// sessionGrace is how long the far end of a login session stays protected after it was last seen.
const sessionGrace = 24 * time.Hour

// guarded is what this host must never ban: what it is, and from where it is administered.
type guarded struct {
	facts    host.Facts
	sessions map[netip.Prefix]session
	renewed  time.Time // when rolling ends were last given to the kernel
}

// session is a login session's far end.
type session struct {
	why   string
	until time.Time
}

// maxSessions bounds the far ends remembered; beyond it new ones are not.
const maxSessions = 1024

// watchHost keeps the facts of this host up to date. Without, those of the start stay.
func (a *Agent) watchHost(ctx context.Context) error {
	if err := a.o.Host.Watch(ctx, a.hostChanged(ctx)); err != nil && ctx.Err() == nil {
		a.log.Warn("changes of this host's addresses and sessions are not seen", "error", err)
	}
	return nil
}

// hostChanged hands the facts of this host to the loop.
func (a *Agent) hostChanged(ctx context.Context) func(host.Facts) {
	return func(f host.Facts) {
		select {
		case a.facts <- f:
		case <-ctx.Done():
		}
	}
}

// protect takes in what this host is now.
func (a *Agent) protect(facts host.Facts, now time.Time) {
	a.guarded.facts = facts
	for _, f := range facts {
		if f.Kind == host.Login && a.guarded.remember(f.Addr, f.Why, now) {
			a.saveSession(clientPrefix(f.Addr))
		}
	}
	a.setProtected(now)
}

// sawCaller is told by the control server who called; it must not wait.
func (a *Agent) sawCaller(c control.Caller) {
	select {
	case a.callers <- c:
	default: // so many callers at once are no administrators
	}
}

// protectCaller protects the far end of the SSH session that cidrxctl was called from.
func (a *Agent) protectCaller(c control.Caller, now time.Time) {
	if c.SSHPeer.IsValid() && a.guarded.remember(c.SSHPeer, "cidrxctl was called from there by "+c.Name, now) {
		a.setProtected(now)
		a.saveSession(clientPrefix(c.SSHPeer))
	}
}

// sessionOrigin tells sessions from the run-time allowlist, among whose records they are kept: they have the same shape.
const sessionOrigin = "session"

// saveSession keeps what is known of a session's far end, or that it is forgotten, across restarts.
func (a *Agent) saveSession(p netip.Prefix) {
	if c, ok := a.savedSession(p); ok {
		a.file(entry{gen: a.gen, batch: state.Batch{Allow: []state.Change[jail.AllowEntry]{c}}})
	}
}

// savedSession is the record of a session's far end. What is on the run-time allowlist needs none, and has the place of it.
func (a *Agent) savedSession(p netip.Prefix) (c state.Change[jail.AllowEntry], ok bool) {
	c.Prefix = p
	if s, known := a.guarded.sessions[p]; known {
		c.Value = &jail.AllowEntry{Prefix: p, Until: s.until, Note: s.why, Origin: sessionOrigin}
	}
	_, allowed := a.allow[p]
	return c, !allowed
}

// restore takes back what was saved of a session. Its time may be over: the next tick sees to that.
func (g *guarded) restore(e jail.AllowEntry) {
	if g.sessions == nil {
		g.sessions = map[netip.Prefix]session{}
	}
	if len(g.sessions) < maxSessions {
		g.sessions[e.Prefix] = session{e.Note, e.Until}
	}
}

// remember protects an address for a day. It says whether that is news.
func (g *guarded) remember(addr netip.Addr, why string, now time.Time) bool {
	if g.sessions == nil {
		g.sessions = map[netip.Prefix]session{}
	}
	p := clientPrefix(addr)
	old, known := g.sessions[p]
	if !known && len(g.sessions) >= maxSessions {
		return false
	}
	g.sessions[p] = session{why, now.Add(sessionGrace)}
	return !known || old.until.Sub(now) < sessionGrace-time.Minute
}

// clientPrefix is the host an address belongs to: itself, or its /64.
func clientPrefix(addr netip.Addr) netip.Prefix { return cidr.Host(addr) }

// expireSessions forgets sessions that ended long ago. Sessions still open are remembered anew whenever the host is looked at.
func (a *Agent) expireSessions(now time.Time) {
	expired := false
	for p, s := range a.guarded.sessions {
		if !now.Before(s.until) && !a.loggedIn(p) {
			delete(a.guarded.sessions, p)
			a.saveSession(p)
			expired = true
		}
	}
	if expired {
		a.setProtected(now)
	}
}

func (a *Agent) loggedIn(p netip.Prefix) bool {
	return slices.ContainsFunc(a.guarded.facts, func(f host.Fact) bool { return f.Kind == host.Login && p.Contains(f.Addr) })
}

// setProtected gives the jail what is never banned beyond its built-in ranges.
func (a *Agent) setProtected(now time.Time) {
	var entries []jail.Protected
	for _, f := range a.guarded.facts {
		if f.Kind != host.Login {
			entries = append(entries, jail.Protected{Prefix: clientPrefix(f.Addr), Why: f.Why})
		}
	}
	for _, s := range a.cfg.Sources {
		for _, p := range s.TrustedProxies {
			entries = append(entries, jail.Protected{Prefix: p, Why: "trusted proxy of source " + s.Name})
		}
	}
	for p, s := range a.guarded.sessions {
		e := jail.Protected{Prefix: p, Why: s.why, Until: s.until}
		if a.loggedIn(p) {
			e.Until = time.Time{}
		}
		entries = append(entries, e)
	}
	for _, c := range a.cores() {
		c.note(c.jail.SetProtected(now, entries))
	}
}

// renewDenyList re-asserts, now and then, the elements that have no end of their own.
func (a *Agent) renewDenyList(now time.Time) {
	if now.Sub(a.guarded.renewed) < denyHold/4 {
		return
	}
	a.guarded.renewed = now
	if len(a.cfg.Deny.Entries) > 0 {
		a.fresh = true
	}
}
