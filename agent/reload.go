package agent

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cidrx/agent/config"
	"cidrx/agent/control"
)

// Reload reads the configuration again. Bans, windows and positions stay; a bad configuration changes nothing.
func (a *Agent) Reload(ctx context.Context, by control.Caller) (control.ReloadReply, error) {
	return command(ctx, a, func(now time.Time) (control.ReloadReply, error) {
		changed, err := a.reload(now, by.Name)
		return control.ReloadReply{Changed: changed}, err
	})
}

// reloadLogged is Reload by signal: nobody waits for an answer.
func (a *Agent) reloadLogged(now time.Time) {
	if changed, err := a.reload(now, "SIGHUP"); err != nil {
		a.log.Error("reload refused; nothing has changed", "error", err)
	} else {
		a.log.Info("reloaded", "changed", changed)
	}
}

func (a *Agent) reload(now time.Time, by string) ([]string, error) {
	if a.o.Load == nil {
		return nil, control.Invalid("this agent was not started from a configuration file", "")
	}
	a.o.Notify("RELOADING=1")
	defer a.o.Notify("READY=1")
	cfg, warnings, err := a.o.Load()
	if err != nil {
		return nil, control.Invalid(err.Error(), "cidrx check shows the same; nothing has changed")
	}
	if err := a.fixed(cfg); err != nil {
		return nil, err
	}
	for _, w := range warnings {
		a.log.Warn("configuration", "warning", w.Error())
	}
	changed := config.Diff(a.cfg, cfg)
	if err := a.apply(cfg, now); err != nil {
		return nil, control.Invalid(err.Error(), "nothing has changed")
	}
	a.audit(control.Event{At: now, Event: "reload", By: by, Reason: fmt.Sprintf("%d sections changed: %v", len(changed), changed)})
	return changed, nil
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
	case !slices.Equal(cfg.Firewall.Ports, a.cfg.Firewall.Ports), cfg.Firewall.Backend != a.cfg.Firewall.Backend, cfg.Firewall.Hook != a.cfg.Firewall.Hook,
		cfg.Firewall.Action != a.cfg.Firewall.Action, cfg.Firewall.ProtectOutbound != a.cfg.Firewall.ProtectOutbound:
		return control.Invalid("the [firewall] section cannot change in a running agent", "systemctl restart cidrx: the bans stay in the kernel meanwhile")
	}
	return nil
}

// apply puts a checked configuration into force.
func (a *Agent) apply(cfg *config.Config, now time.Time) error {
	list, err := a.replaceSources(cfg)
	if err != nil {
		return err
	}
	for _, c := range a.cores() {
		if err := c.engine.Reconfigure(a.strategies(cfg)); err != nil {
			return err
		}
	}
	old := a.cfg
	a.cfg = cfg
	if old.Agent.Mode != cfg.Agent.Mode && a.mode.By == byConfiguration {
		mode := a.mode
		mode.Enforce, mode.Since = cfg.Agent.Mode == config.Enforce, now
		a.switchTo(now, mode, "reload")
	} else {
		a.core.note(a.core.jail.SetOptions(now, jailOptions(cfg, !a.mode.Enforce)))
	}
	a.setAllow(now)
	a.setProtected(now)
	a.core.note(a.core.jail.SetDeny(now, cfg.Deny.Prefixes()))
	a.swapSources(list)
	return nil
}
