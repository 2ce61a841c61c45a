package agent

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/gaissmai/bart"

	"cidrx/agent/control"
)

// preview is what enforcing would ban, going by what is banned in observe mode, with what speaks against it.
func (a *Agent) preview(now time.Time) (control.ModeReply, error) {
	reply := a.modeReply(false)
	index := &bart.Table[int]{}
	for _, b := range a.core.jail.Active() {
		if !b.Exported {
			index.Insert(b.Prefix, len(reply.Preview))
			reply.Preview = append(reply.Preview, control.PreviewItem{Ban: wireBan(b, now)})
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
