package agent

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/agent/state"
)

// byConfiguration is state.Mode.By of a mode that nobody switched to.
const byConfiguration = "configuration"

func (a *Agent) modeName() string {
	if a.mode.Enforce {
		return string(config.Enforce)
	}
	return string(config.Observe)
}

// Mode switches between observing and enforcing, or says what enforcing would do now.
func (a *Agent) Mode(ctx context.Context, by control.Caller, r control.ModeRequest) (control.ModeReply, error) {
	if r.Preview {
		return ask(ctx, a, a.preview)
	}
	return command(ctx, a, func(now time.Time) (control.ModeReply, error) {
		mode := state.Mode{Enforce: r.Mode == string(config.Enforce), Since: now, By: by.Name}
		if mode.Enforce && a.cfg.Firewall.Backend == "none" {
			return control.ModeReply{}, control.Invalid(`firewall.backend is "none": there is nothing to enforce with`, `set it to "auto" and reload`)
		}
		if mode.Enforce == a.mode.Enforce && a.mode.ConfirmBy.IsZero() && r.ConfirmS == 0 {
			return a.modeReply(false), nil
		}
		if mode.Enforce == a.mode.Enforce {
			mode.Since = a.mode.Since
		}
		if mode.Enforce && r.ConfirmS > 0 {
			mode.ConfirmBy = now.Add(time.Duration(r.ConfirmS) * time.Second)
		}
		a.switchTo(now, mode, "")
		return a.modeReply(true), nil
	})
}

// Confirm keeps a mode that would have gone back to observe.
func (a *Agent) Confirm(ctx context.Context, by control.Caller) (control.ModeReply, error) {
	return command(ctx, a, func(now time.Time) (control.ModeReply, error) {
		if a.mode.ConfirmBy.IsZero() {
			return a.modeReply(false), nil
		}
		mode := a.mode
		mode.ConfirmBy = time.Time{}
		a.switchTo(now, mode, "confirmed by "+by.Name)
		return a.modeReply(true), nil
	})
}

func (a *Agent) modeReply(changed bool) control.ModeReply {
	return control.ModeReply{Mode: a.modeName(), Changed: changed, ConfirmBy: instant(a.mode.ConfirmBy)}
}

// switchTo changes the mode for good: it is kept across restarts. Enforcing begins without what was only observed, and with empty windows.
func (a *Agent) switchTo(now time.Time, mode state.Mode, reason string) {
	begins := mode.Enforce && !a.mode.Enforce
	a.mode, a.fresh = mode, true
	a.core.note(a.core.jail.SetOptions(now, jailOptions(a.cfg, !mode.Enforce)))
	if begins {
		a.core.engine.Reset()
	}
	a.log.Info("mode", "mode", a.modeName(), "by", mode.By, "reason", reason)
	e := control.Event{At: now.UTC(), Event: "mode", State: a.modeName(), Until: instant(mode.ConfirmBy), By: mode.By, Reason: reason}
	saved := a.mode
	a.order(now)
	a.ledger.add(entry{gen: a.gen, batch: state.Batch{Mode: &saved, Audit: []state.Event{auditEvent(e)}}}, a.confirmed)
}

// expireMode goes back to observing when nobody confirmed in time.
func (a *Agent) expireMode(now time.Time) {
	if a.mode.ConfirmBy.IsZero() || now.Before(a.mode.ConfirmBy) {
		return
	}
	a.log.Warn("enforcing was not confirmed: back to observing; cidrxctl mode enforce --confirm starts again")
	a.switchTo(now, state.Mode{Since: now, By: a.mode.By}, "not confirmed in time")
}

// Flush lifts all bans for good, takes everything of ours out of the kernel and observes from then on.
func (a *Agent) Flush(ctx context.Context, by control.Caller) (control.FlushReply, error) {
	return command(ctx, a, func(now time.Time) (control.FlushReply, error) {
		out, changes := a.core.jail.UnblockAll(now, a.cfg.Jail.UnblockGrace, by.Name)
		a.core.note(changes)
		a.switchTo(now, state.Mode{Since: now, By: by.Name}, "flush")
		return control.FlushReply{Lifted: len(out.Done), Mode: a.modeName()}, nil
	})
}

// preview is what enforcing would ban now, with what speaks against it.
func (a *Agent) preview(now time.Time) (control.ModeReply, error) {
	reply := a.modeReply(false)
	for _, b := range a.core.jail.Active() {
		if !b.Observed || b.Exported {
			continue
		}
		item := control.PreviewItem{Ban: wireBan(b, now), Caution: a.logins.inside(b.Prefix)}
		if d := a.regulars.longest(b.Prefix, now); d >= 48*time.Hour {
			item.Caution = append(item.Caution, fmt.Sprintf("has been here for %d days", d/(24*time.Hour)))
		}
		reply.Preview = append(reply.Preview, item)
	}
	return reply, nil
}

// recentLogins remembers from where logins succeeded.
type recentLogins map[netip.Addr]time.Time

// maxLogins bounds recentLogins; beyond it the oldest goes.
const maxLogins = 4096

func (l *recentLogins) add(addr netip.Addr, at time.Time) {
	if *l == nil {
		*l = recentLogins{}
	}
	if _, known := (*l)[addr]; !known && len(*l) >= maxLogins {
		l.dropOldest()
	}
	(*l)[addr] = at
}

func (l recentLogins) dropOldest() {
	var oldest netip.Addr
	for a, t := range l {
		if !oldest.IsValid() || t.Before(l[oldest]) {
			oldest = a
		}
	}
	delete(l, oldest)
}

func (l recentLogins) inside(p netip.Prefix) []string {
	var out []string
	for a, t := range l {
		if p.Contains(a) {
			out = append(out, fmt.Sprintf("logged in from %s at %s", a, t.UTC().Format(time.RFC3339)))
		}
	}
	slices.Sort(out)
	return out[:min(len(out), 3)]
}
