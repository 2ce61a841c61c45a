// Package doctor examines a host that cidrx runs on, or is to run on: kernel, permissions, configuration, logs, clock, neighbours. It
// changes nothing: what has to be tried is tried in a scratch table of the kernel that hooks nowhere.
package doctor

import (
	"context"
	"fmt"

	"cidrx/agent/config"
	"cidrx/agent/control"
)

// Level says how a check came out.
type Level string

// The levels, from good to bad.
const (
	OK      Level = "ok"
	Unknown Level = "unknown" // it could not be looked at, mostly for want of permission
	Warning Level = "warning" // works, but hardly as it is meant
	Problem Level = "problem" // something does not work
)

// Finding is the outcome of one check.
type Finding struct {
	Topic string `json:"topic"` // "kernel", "permissions", "logs" …
	Check string `json:"check"` // what was looked at; of a log its path
	Level Level  `json:"level"`
	Says  string `json:"says"`         // what is so
	Do    string `json:"do,omitempty"` // the next step
}

// Load reads the configuration, as config.Load does.
type Load func() (*config.Config, []config.Warning, error)

// Examine makes all checks. Text in the findings may come from log lines: whoever prints it makes it printable.
func Examine(ctx context.Context, sys *System, load Load) []Finding {
	x := &examination{ctx: ctx, sys: sys, explained: map[string]bool{}, skewed: map[string]bool{}}
	x.configuration(load)
	x.processes = x.sys.processes()
	x.agent = x.findAgent()
	x.account = x.agentAccount()
	for _, t := range []struct {
		topic string
		look  func()
	}{
		{"agent", x.agentProcess}, {"agent", x.state}, {"kernel", x.kernel}, {"kernel", x.fallback}, {"kernel", x.network},
		{"permissions", x.permissions}, {"logs", x.logs}, {"logs", x.journal}, {"logs", x.loginLogs}, {"logs", x.saidOfSources},
		{"clock", x.clock},
		{"neighbours", x.neighbours}, {"limits", x.limits},
	} {
		if ctx.Err() != nil {
			break
		}
		x.topic = t.topic
		t.look()
	}
	return x.found
}

// Worst counts the findings of each level.
func Worst(found []Finding) map[Level]int {
	n := map[Level]int{}
	for _, f := range found {
		n[f.Level]++
	}
	return n
}

// examination is one run.
type examination struct {
	ctx       context.Context
	sys       *System
	cfg       *config.Config // the defaults, if what is configured cannot be read
	valid     bool           // cfg is what is configured
	processes []process
	agent     *process         // that is running; nil: none is seen
	account   account          // whom the agent runs as, or will
	used      []control.Limit  // by the agent that answers
	sources   []control.Source // as it sees them
	backend   string           // with which it says that it enforces; empty: it does not, or does not answer
	explained map[string]bool  // sources of which it was found why nothing, or nothing that counts, comes from them
	skewed    map[string]bool  // sources whose stamps were found to be off
	topic     string
	found     []Finding
}

func (x *examination) add(level Level, check, do, says string, args ...any) {
	x.found = append(x.found, Finding{x.topic, check, level, fmt.Sprintf(says, args...), do})
}

func (x *examination) ok(check, says string, args ...any) { x.add(OK, check, "", says, args...) }

// configuration loads the configuration, and takes the defaults where that fails.
func (x *examination) configuration(load Load) {
	x.topic = "configuration"
	cfg, warnings, err := load()
	if err != nil {
		x.configurationErrors(err)
		cfg, _, err = config.Parse("defaults", nil, config.Inputs{})
		if err != nil { // the defaults are ours, and good
			panic(err)
		}
		x.cfg = cfg
		return
	}
	x.cfg, x.valid = cfg, true
	x.ok("configuration", "valid; sources: %d, strategies: %d, mode: %s", len(cfg.Sources), len(cfg.Live), cfg.Agent.Mode)
	for _, w := range warnings {
		x.add(Warning, "configuration", "cidrx check --config, with --logfile, says more", "%s", w.Error())
	}
}

func (x *examination) configurationErrors(err error) {
	list, ok := err.(config.Errors)
	if !ok {
		x.add(Problem, "configuration", "", "%v", err)
		return
	}
	for i, e := range list {
		x.add(Problem, "configuration", x.only(i == len(list)-1, "mend that; logs and strategies are looked at when the configuration is valid"), "%s", e.Error())
	}
}
