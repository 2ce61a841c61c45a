package doctor

import (
	"strings"

	"cidrx/agent/control"
)

// losses are the beginnings of what an agent counts as refused or dropped, with what to do about it. Nothing to do: it happens on healthy
// hosts, too.
var losses = []struct{ begins, do string }{
	{"verdicts refused: never banned", ""},
	{"verdicts refused: grace", ""},
	{"/64 bans that became", ""},
	{"audit events pruned", ""},
	{"journal entries without a message", ""},
	{"datagrams without text", ""},
	{"verdicts refused: wider", "raise minDepth of the tier that reports them (cidrxctl events names it), or lower maxPrefix4 and maxPrefix6 of [jail]"},
	{"verdicts refused: no room", "raise maxBans of [jail]"},
	{"bans that went", "raise maxBans of [jail]"},
	{"ended bans forgotten", "raise maxBans of [jail]"},
	{"counts evicted", "raise maxEntries of the strategy, or shorten its window"},
	{"lines of the agent's own log", "journalctl -u cidrx -g suppressed says which"},
	{"control connections", "see who holds them: ss -xp | grep cidrx.sock"},
	{"messages suppressed by journald", "LogRateLimitIntervalSec=0 in a drop-in of the service that is read"},
	{"gaps: the journal", "raise SystemMaxUse= in journald.conf"},
}

// evictions says what the agent has refused or dropped since it started.
func (x *examination) evictions(list []control.Count) {
	for _, e := range list {
		level, do := Warning, "cidrxctl status shows whether it goes on"
		for _, l := range losses {
			if !strings.HasPrefix(e.What, l.begins) {
				continue
			}
			if do = l.do; do == "" {
				level = OK
			}
			break
		}
		if advice, ok := x.datagramAdvice(e.What); ok {
			do = advice
		}
		x.add(level, "losses", do, "since the agent started: %d %s", e.N, e.What)
	}
}
