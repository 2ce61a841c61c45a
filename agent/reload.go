package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"cidrx/agent/config"
	"cidrx/agent/control"
)

// Reload reads the configuration again. Bans, windows and positions stay; a bad configuration changes nothing.
func (a *Agent) Reload(ctx context.Context, by control.Caller) (control.ReloadReply, error) {
	if a.o.Load == nil {
		return control.ReloadReply{}, control.Invalid("this agent was not started from a configuration file", "")
	}
	cfg, warnings, err := a.o.Load() // not on the loop: files may be slow
	if err != nil {
		err = control.Invalid(err.Error(), "cidrx check shows the same")
	}
	for _, w := range warnings {
		a.log.Warn("configuration", "warning", w.Error())
	}
	var started []*source
	reply, err := ask(ctx, a, func(now time.Time) (control.ReloadReply, error) {
		var changed []string
		if err == nil {
			changed, started, err = a.reload(now, cfg)
		}
		e := control.Event{At: now, Event: "reload", By: by.Name, Reason: fmt.Sprintf("%d sections changed: %v", len(changed), changed)}
		if err != nil {
			err = refusedReload(err)
			e.Reason, _ = control.Advice(err)
		}
		a.audit(e)
		return control.ReloadReply{Changed: changed, Lifted: a.core.jail.Lifted()}, err
	})
	wait, cancel := context.WithTimeout(ctx, placePatience)
	defer cancel()
	awaitPlaces(wait, started) // what is logged after the answer is counted
	return reply, err
}

const reloadRefused = "reload refused, nothing has changed"

// refusedReload says once, to whoever hears of it, what has become of a reload.
func refusedReload(err error) error {
	message, next := control.Advice(err)
	return &control.Error{Message: reloadRefused + ": " + message, Next: next, Err: err}
}

// placePatience is how long a reload waits for new sources to find their places. One that takes longer (a journal that hangs) goes on
// trying, and the status shows it.
const placePatience = 2 * time.Second

// reloadOnSignal reloads at every SIGHUP: nobody waits for an answer.
func (a *Agent) reloadOnSignal(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-a.o.Reload:
		}
		if reply, err := a.Reload(ctx, control.Caller{Name: "SIGHUP"}); err != nil {
			message, next := control.Advice(err)
			a.log.Error(reloadRefused, "error", strings.TrimPrefix(message, reloadRefused+": "), "next", next)
		} else {
			a.log.Info("reloaded", "changed", reply.Changed)
		}
	}
}

// reload puts cfg into force and returns the names of the sections that differ and the sources that it started.
func (a *Agent) reload(now time.Time, cfg *config.Config) (changed []string, started []*source, err error) {
	if err := a.fixed(cfg); err != nil {
		return nil, nil, err
	}
	a.o.Notify("RELOADING=1")
	defer a.o.Notify("READY=1")
	changed = config.Diff(a.cfg, cfg)
	if started, err = a.apply(cfg, now); err != nil {
		return nil, nil, control.Invalid(err.Error(), "")
	}
	return changed, started, nil
}

// fixed refuses what only a restart can change.
func (a *Agent) fixed(cfg *config.Config) error {
	switch {
	case cfg.Agent.StateDir != a.cfg.Agent.StateDir:
		return control.Invalid("agent.stateDir cannot change in a running agent", "systemctl restart cidrx")
	case cfg.Agent.Socket != a.cfg.Agent.Socket:
		return control.Invalid("agent.socket cannot change in a running agent", "systemctl restart cidrx")
	case cfg.Agent.MetricsListen != a.cfg.Agent.MetricsListen:
		return control.Invalid("agent.metricsListen cannot change in a running agent", "systemctl restart cidrx")
	case cfg.Log != a.cfg.Log:
		return control.Invalid("the [log] section cannot change in a running agent", "systemctl restart cidrx")
	case !slices.Equal(cfg.Firewall.Ports, a.cfg.Firewall.Ports), cfg.Firewall.Backend != a.cfg.Firewall.Backend, cfg.Firewall.Hook != a.cfg.Firewall.Hook,
		cfg.Firewall.Action != a.cfg.Firewall.Action, cfg.Firewall.ProtectOutbound != a.cfg.Firewall.ProtectOutbound:
		return control.Invalid("the [firewall] section cannot change in a running agent", "systemctl restart cidrx: the bans stay in the kernel meanwhile")
	}
	return nil
}

// apply puts a checked configuration into force and returns the sources that it started.
func (a *Agent) apply(cfg *config.Config, now time.Time) ([]*source, error) {
	list, err := a.replaceSources(cfg)
	if err != nil {
		return nil, err
	}
	for _, c := range a.cores() {
		if err := c.engine.Reconfigure(a.strategies(cfg)); err != nil {
			return nil, err
		}
	}
	old := a.cfg
	a.cfg = cfg
	a.metrics.expect(cfg.Live)
	if old.Agent.Mode != cfg.Agent.Mode && a.mode.By == byConfiguration {
		mode := a.mode
		mode.Enforce, mode.Since = cfg.Agent.Mode == config.Enforce, now
		a.switchTo(now, mode, "reload")
	} else {
		a.core.note(a.core.jail.SetOptions(now, jailOptions(cfg, !a.mode.Enforce)))
	}
	if a.shadow != nil {
		a.shadow.note(a.shadow.jail.SetOptions(now, jailOptions(cfg, true)))
	}
	a.setAllow(now)
	a.setProtected(now)
	a.core.note(a.core.jail.SetDeny(now, cfg.Deny.Prefixes()))
	return a.swapSources(list), nil
}
