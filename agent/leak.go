package agent

import (
	"net/netip"
	"time"

	"cidrx/agent/control"
	"cidrx/detect/parse"
)

// leaks remembers which clients came through a ban that the kernel holds, so that each ban is reported once.
type leaks struct {
	clients recent[netip.Prefix] // seen to leak; when
	bans    recent[netip.Prefix] // reported; their starts
}

const (
	maxLeaks  = 4096             // bounds both
	leakEvery = 10 * time.Minute // a client that leaks is looked up again after so long: there may be another ban
)

// recent is when keys were last noted, of at most maxLeaks. When it is full it forgets all of them, but not more often than once in
// leakEvery: a flood of new keys repeats the old ones no sooner.
type recent[K comparable] struct {
	at      map[K]time.Time
	emptied time.Time
}

// note notes a key; it says false, and forgets the key, where there is no room now.
func (r *recent[K]) note(key K, at, now time.Time) bool {
	if _, known := r.at[key]; !known && len(r.at) >= maxLeaks {
		if gone := now.Sub(r.emptied); gone >= 0 && gone < leakEvery {
			return false
		}
		clear(r.at)
		r.emptied = now
	}
	if r.at == nil {
		r.at, r.emptied = map[K]time.Time{}, now
	}
	r.at[key] = at
	return true
}

// due says whether a client that leaks is to be looked up: not again within leakEvery, and only if it can be remembered.
func (l *leaks) due(client netip.Prefix, now time.Time) bool {
	if last, known := l.clients.at[client]; known && now.Sub(last) < leakEvery {
		return false
	}
	return l.clients.note(client, now, now)
}

// report says whether the ban on p, which began at start, is still to be reported, and notes that it is.
func (l *leaks) report(p netip.Prefix, start, now time.Time) bool {
	return !l.bans.at[p].Equal(start) && l.bans.note(p, start, now)
}

// noteLeak counts a request that should have been stopped five seconds and more ago, and reports its ban once.
func (a *Agent) noteLeak(c *core, ev *parse.Event, now time.Time) {
	if !a.mode.Enforce || !a.enforces() || !c.jail.Leaks(ev.Client, ev.Time) {
		return
	}
	a.metrics.leaked.Add(float64(ev.Repeat))
	if !a.leaks.due(clientPrefix(ev.Client), now) {
		return
	}
	for _, b := range c.jail.Lookup(ev.Client).Bans {
		if b.Exported || b.Observed || !a.leaks.report(b.Prefix, b.Start, now) {
			continue
		}
		cause := a.leakCause(ev)
		a.log.Warn("requests of a banned prefix still reach the log", "prefix", b.Prefix, "client", ev.Client, "likely", cause)
		a.audit(control.Event{At: now, Event: "leak", Prefix: &b.Prefix, Reason: cause, Samples: []string{string(ev.Line[:min(len(ev.Line), 1024)])}})
		return
	}
}

// leakCause is the likeliest reason why a banned client still shows up.
func (a *Agent) leakCause(ev *parse.Event) string {
	switch {
	case a.kernel.err != nil:
		return "the firewall does not hold the bans: " + a.kernel.err.Error()
	case ev.Forwarded:
		return "the client comes through a proxy: its packets have the proxy's address"
	case len(a.cfg.Firewall.Ports) > 0:
		return "firewall.ports does not have the port that it comes to"
	case a.cfg.Firewall.Hook == "input":
		return `the request reaches a container or another host: firewall.hook = "input" does not see forwarded packets`
	}
	return "a proxy in front of the server (set trustedProxies or forwarded), a server in another network namespace, or a log written late"
}
