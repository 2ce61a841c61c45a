package agent

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/gaissmai/bart"

	"cidrx/agent/control"
)

// preview is what switching to enforce would ban, with what speaks against it: what it would ban at once, and what is only observed, which
// it would throw away and ban if it goes on. An agent that enforces already would ban nothing more.
func (a *Agent) preview(now time.Time) (control.ModeReply, error) {
	if !a.enforces() {
		return control.ModeReply{}, errNoFirewall()
	}
	reply := a.modeReply(false)
	if a.mode.Enforce {
		return reply, nil
	}
	index := &bart.Table[int]{}
	for _, b := range a.core.jail.Active() {
		if !b.Exported {
			index.Insert(b.Prefix, len(reply.Preview))
			item := control.PreviewItem{Ban: wireBan(b, now), AtOnce: !b.Observed}
			item.State = "observed" // so far
			reply.Preview = append(reply.Preview, item)
		}
	}
	warn := func(p netip.Prefix, text string) {
		for _, i := range index.Supernets(p) {
			if item := &reply.Preview[i]; len(item.Caution) < maxCautions {
				item.Caution = append(item.Caution, text)
			}
		}
	}
	for addr, at := range a.logins.last {
		warn(clientPrefix(addr), loginText(addr, at))
	}
	a.regulars.each(now, func(client netip.Prefix, since time.Duration) {
		if since >= regularAge {
			warn(client, fmt.Sprintf("%s has been here for %d days", client.Addr(), since/(24*time.Hour)))
		}
	})
	return reply, nil
}

const (
	maxCautions = 3              // of one ban
	regularAge  = 48 * time.Hour // a client that has been coming for so long is worth a word
)

// recentLogins remembers from where logins succeeded: the newest maxLogins addresses.
type recentLogins struct {
	last  map[netip.Addr]time.Time
	queue []netip.Addr // a ring, in the order in which addresses came first
	next  int
}

const maxLogins = 4096

func (l *recentLogins) add(addr netip.Addr, at time.Time) {
	if l.last == nil {
		l.last = map[netip.Addr]time.Time{}
	}
	if _, known := l.last[addr]; !known {
		l.enqueue(addr)
	}
	l.last[addr] = at
}

// enqueue makes room for addr.
func (l *recentLogins) enqueue(addr netip.Addr) {
	if len(l.queue) < maxLogins {
		l.queue = append(l.queue, addr)
		return
	}
	delete(l.last, l.queue[l.next])
	l.queue[l.next] = addr
	l.next = (l.next + 1) % maxLogins
}

// inside lists logins from inside p, for people; at most maxCautions.
func (l *recentLogins) inside(p netip.Prefix) []string {
	var out []string
	for _, addr := range l.queue {
		if p.Contains(addr) && len(out) < maxCautions {
			out = append(out, loginText(addr, l.last[addr]))
		}
	}
	return out
}

func loginText(addr netip.Addr, at time.Time) string {
	return fmt.Sprintf("logged in from %s at %s", addr, at.UTC().Format(time.RFC3339))
}
