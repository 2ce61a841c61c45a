package config

import (
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// builder turns a document into a Config, one section after the other. What is wrong is collected; the value then does not matter.
type builder struct {
	*problems
	in  Inputs
	doc *document
}

func build(p *problems, doc *document, static staticSection, in Inputs) *Config {
	b := &builder{p, in, doc}
	cfg := &Config{
		Agent:    b.agent(doc.Agent),
		Log:      b.log(doc.Log),
		Sources:  b.sources(),
		Firewall: b.firewall(doc.Firewall),
		Jail:     b.jail(doc.Jail),
		Live:     b.strategies(),
		Static:   b.analyses(static, b.timezone("static.timezone", static.Timezone)),
	}
	b.logFormat(static.LogFormat)
	cfg.Allow = b.list("allow", doc.Allow, 0, 0)
	cfg.Deny = b.list("deny", doc.Deny, cfg.Jail.MaxPrefix4, cfg.Jail.MaxPrefix6)
	p.overwritten(b.agentUses(cfg))
	return cfg
}

// choice checks that value is one of the words.
func (b *builder) choice(path, value string, words ...string) string {
	if !slices.Contains(words, value) {
		b.fail(path, "%q is not one of %s", value, strings.Join(words, ", "))
		b.errors[len(b.errors)-1].Nearest = nearest(words, value)
	}
	return value
}

// anyNumber is a bound that is none: everything that is multiplied with it later stays in 64 bits.
const anyNumber = 1 << 50

// number checks that least <= value <= most.
func (b *builder) number(path string, value, least, most int64) int {
	switch {
	case most == anyNumber && value < least:
		b.fail(path, "%d must be %d or more", value, least)
	case value < least || value > most:
		b.fail(path, "%d is outside %d to %d", value, least, most)
	}
	return int(value)
}

// absolute checks that value is an absolute path.
func (b *builder) absolute(path, value string) string {
	switch {
	case value == "":
		b.fail(path, "is empty; name a path")
	case !filepath.IsAbs(value):
		b.fail(path, "%q is relative; write the path from the root", value)
	}
	return value
}

// longestSocket is how many bytes the path of a unix socket has at most: sun_path less its end (unix(7)).
const longestSocket = 107

func (b *builder) agent(s agentSection) Agent {
	b.absolute("agent.socket", s.Socket)
	if len(s.Socket) > longestSocket {
		b.fail("agent.socket", "has %d bytes, but the path of a unix socket has at most %d", len(s.Socket), longestSocket)
	}
	if s.MetricsListen != "" {
		b.listen("agent.metricsListen", s.MetricsListen)
	}
	return Agent{
		Mode:          Mode(b.choice("agent.mode", s.Mode, string(Observe), string(Enforce))),
		StateDir:      b.absolute("agent.stateDir", s.StateDir),
		Socket:        s.Socket,
		MetricsListen: s.MetricsListen,
	}
}

// listen checks an address to listen at.
func (b *builder) listen(path, value string) {
	_, port, err := net.SplitHostPort(value)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		b.fail(path, `%q is not an address and a port, such as "127.0.0.1:9464"`, value)
	}
}

func (b *builder) log(s logSection) Log {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	return Log{
		Level:  levels[b.choice("log.level", s.Level, "debug", "info", "warn", "error")],
		Format: b.choice("log.format", s.Format, "text", "json"),
	}
}

func (b *builder) firewall(s firewallSection) Firewall {
	f := Firewall{
		Backend:         b.choice("firewall.backend", s.Backend, "auto", "nftables", "ipset", "none"),
		Hook:            b.choice("firewall.hook", s.Hook, "prerouting", "input"),
		Action:          b.choice("firewall.action", s.Action, "drop", "reject"),
		ProtectOutbound: s.ProtectOutbound,
	}
	for i, port := range s.Ports {
		f.Ports = append(f.Ports, uint16(b.number(element("firewall.ports", i), port, 1, 65535)))
	}
	slices.Sort(f.Ports)
	f.Ports = slices.Compact(f.Ports)
	return f
}

func (b *builder) jail(s jailSection) Jail {
	return Jail{
		Stages:       b.stages(s.Stages),
		ForgetAfter:  b.duration("jail.forgetAfter", s.ForgetAfter, time.Second),
		UnblockGrace: b.duration("jail.unblockGrace", s.UnblockGrace, 0),
		MaxPrefix4:   b.number("jail.maxPrefix4", s.MaxPrefix4, 8, 32),
		MaxPrefix6:   b.number("jail.maxPrefix6", s.MaxPrefix6, 16, 64),
		MaxBans:      b.number("jail.maxBans", s.MaxBans, 1, 10_000_000),
		BanPrivate:   s.BanPrivate,
	}
}

// stages checks that each stage is longer than the one before.
func (b *builder) stages(texts []duration) []time.Duration {
	const path = "jail.stages"
	if len(texts) == 0 {
		b.fail(path, `is empty; a first ban needs a length, such as ["10m"]`)
	}
	out := make([]time.Duration, len(texts))
	for i, text := range texts {
		out[i] = b.duration(element(path, i), text, time.Second)
		if i > 0 && out[i] <= out[i-1] && b.sound(path) {
			b.fail(element(path, i), "%q is not longer than the stage before it, %q", text, texts[i-1])
		}
	}
	return out
}

// element is the path of the i-th element of a list.
func element(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
