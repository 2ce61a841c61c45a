package agent

import (
	"net/netip"
	"time"

	"cidrx/agent/control"
	"cidrx/detect/parse"
)

// leaks remembers which clients came through a ban that the kernel holds, so that each ban is reported once.
type leaks struct {
	clients map[netip.Prefix]time.Time // seen to leak; when
	bans    map[netip.Prefix]time.Time // reported; their starts
}

const (
	maxLeaks  = 4096             // bounds both; beyond it, all are forgotten and may be reported again
	leakEvery = 10 * time.Minute // a client that leaks is looked up again after so long: there may be another ban
)

// noteLeak counts a request that should have been stopped five seconds and more ago, and reports its ban once.
func (a *Agent) noteLeak(c *core, ev *parse.Event, now time.Time) {
	if !a.mode.Enforce || !a.enforces() || !c.jail.Leaks(ev.Client, ev.Time) {
		return
	}
	a.metrics.leaked.Add(float64(ev.Repeat))
	client := clientPrefix(ev.Client)
	if last, known := a.leaks.clients[client]; known && now.Sub(last) < leakEvery {
		return
	}
	if a.leaks.clients == nil || len(a.leaks.clients) >= maxLeaks {
		a.leaks = leaks{map[netip.Prefix]time.Time{}, map[netip.Prefix]time.Time{}}
	}
	a.leaks.clients[client] = now
	for _, b := range c.jail.Lookup(ev.Client).Bans {
		if a.leaks.bans[b.Prefix].Equal(b.Start) || b.Exported || b.Observed {
			continue
		}
		if len(a.leaks.bans) >= maxLeaks {
			clear(a.leaks.bans)
		}
		a.leaks.bans[b.Prefix] = b.Start
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
