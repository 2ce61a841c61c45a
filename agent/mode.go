package agent

import (
	"context"
	"net/netip"
	"time"

	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/agent/jail"
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
		if mode.Enforce && !a.enforces() {
			return control.ModeReply{}, errNoFirewall()
		}
		same := mode.Enforce == a.mode.Enforce && a.mode.ConfirmBy.IsZero() && r.ConfirmS == 0
		if same && a.mode.By != byConfiguration {
			return a.modeReply(false), nil
		}
		if mode.Enforce == a.mode.Enforce {
			mode.Since = a.mode.Since
		}
		if mode.Enforce && r.ConfirmS > 0 {
			mode.ConfirmBy = now.Add(time.Duration(r.ConfirmS) * time.Second)
		}
		a.switchTo(now, mode, "")
		return a.modeReply(!same), nil // the same mode is now kept whatever the configuration says
	})
}

// errNoFirewall answers who wants to enforce, or to know what that would do, without a firewall.
func errNoFirewall() error {
	return control.Invalid(`firewall.backend is "none": there is nothing to enforce with`, `set it to "auto" and restart the agent`)
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
		a.kernel.holds = false
	}
	a.log.Info("mode", "mode", a.modeName(), "by", mode.By, "reason", reason)
	e := control.Event{At: now.UTC(), Event: "mode", State: a.modeName(), Until: instant(mode.ConfirmBy), By: mode.By, Reason: reason}
	a.order(now)
	a.file(entry{gen: a.gen, batch: state.Batch{Mode: a.savedMode(), Audit: []state.Event{auditEvent(e)}}})
}

// savedMode is the mode as it is kept across restarts: only one that somebody switched to.
func (a *Agent) savedMode() *state.Mode {
	if a.mode.By == byConfiguration {
		return nil
	}
	mode := a.mode
	return &mode
}

// expireMode goes back to observing when nobody confirmed in time.
func (a *Agent) expireMode(now time.Time) {
	if a.mode.ConfirmBy.IsZero() || now.Before(a.mode.ConfirmBy) {
		return
	}
	a.log.Warn("enforcing was not confirmed: back to observing; cidrxctl mode enforce --confirm starts again")
	a.liftSince(now, a.mode.Since)
	a.switchTo(now, state.Mode{Since: now, By: "the agent"}, "not confirmed in time")
}

// liftSince lifts the bans that were detected since t: they may be why nobody could confirm, and must not be there at the next try.
func (a *Agent) liftSince(now, t time.Time) {
	var made []netip.Prefix
	for _, b := range a.core.jail.Active() {
		if b.Origin == jail.Detected && !b.Start.Before(t) {
			made = append(made, b.Prefix)
		}
	}
	_, changes := a.core.jail.Unblock(now, made, a.cfg.Jail.UnblockGrace, "not confirmed")
	a.core.note(changes)
}

// Flush lifts all bans for good, takes everything of ours out of the kernel and observes from then on.
func (a *Agent) Flush(ctx context.Context, by control.Caller) (control.FlushReply, error) {
	return command(ctx, a, func(now time.Time) (control.FlushReply, error) {
		done := a.lift(func(c *core) (jail.Unblocked, []jail.Change) {
			return c.jail.UnblockAll(now, a.cfg.Jail.UnblockGrace, by.Name)
		})
		a.switchTo(now, state.Mode{Since: now, By: by.Name}, "flush")
		return control.FlushReply{Lifted: len(done.Done), Mode: a.modeName()}, nil
	})
}
