package agent

import (
	"time"

	"cidrx/agent/config"
	"cidrx/agent/jail"
	"cidrx/detect"
	"cidrx/detect/parse"
)

// core is detection and jail together: what runs live and in replay alike. It has no clock, no firewall and no file.
type core struct {
	engine  *detect.Engine
	jail    *jail.Jail
	now     time.Time
	changes []jail.Change // since they were last taken
	raise   func(detect.Verdict)
	report  func(detect.Verdict) // verdicts of tiers that may not ban
}

func newCore(strategies []detect.Strategy, o jail.Options) (*core, error) {
	engine, err := detect.New(strategies)
	if err != nil {
		return nil, err
	}
	c := &core{engine: engine, jail: jail.New(o), report: func(detect.Verdict) {}}
	c.raise = c.judge
	engine.Exempt(c.jail.Exempt)
	return c, nil
}

// observe counts one event; what follows from it has happened when it returns.
func (c *core) observe(now time.Time, ev *parse.Event, mask detect.Mask) {
	c.now = now
	c.engine.Observe(now, ev, mask, c.raise) // also where no strategy matches: some ask for the bystanders
}

// advance does what time brings: bans end, windows move on.
func (c *core) advance(now time.Time) {
	c.now = now
	c.note(c.jail.Advance(now))
	c.engine.Advance(now, c.raise)
}

func (c *core) judge(v detect.Verdict) {
	if !v.Jail {
		c.report(v)
		return
	}
	c.note(c.jail.Judge(c.now, v))
}

// note keeps changes for the audit trail. Evidence ends with its ban: the engine forgets at once.
func (c *core) note(changes []jail.Change) {
	for _, ch := range changes {
		if ch.Forgets() {
			c.engine.Forget(ch.Prefix)
		}
	}
	c.changes = append(c.changes, changes...)
}

// take hands out the changes since the last call.
func (c *core) take() []jail.Change {
	out := c.changes
	c.changes = nil
	return out
}

// jailOptions are the jail's options as configured.
func jailOptions(cfg *config.Config, observe bool) jail.Options {
	o := jail.Options{
		Stages: cfg.Jail.Stages, ForgetAfter: cfg.Jail.ForgetAfter, UnblockGrace: cfg.Jail.UnblockGrace,
		MaxPrefix4: cfg.Jail.MaxPrefix4, MaxPrefix6: cfg.Jail.MaxPrefix6, MaxBans: cfg.Jail.MaxBans,
		BanPrivate: cfg.Jail.BanPrivate, Observe: observe,
	}
	for _, s := range cfg.Live {
		o.Window = max(o.Window, s.Window)
	}
	return o
}
