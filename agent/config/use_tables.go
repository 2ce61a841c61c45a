package config

import (
	"os"
	"path/filepath"
	"strings"
)

// use is a file as the key at path names it.
func (p *problems) use(path, name string) Use {
	at, key := p.find(path), path
	if at.key != "" {
		key = at.key
	}
	return Use{Key: key, Path: name, at: at}
}

// writes is use of a file that is written.
func (p *problems) writes(path, name string) Use {
	u := p.use(path, name)
	u.Writes = true
	return u
}

// own are the files of the configuration itself.
func (in Inputs) own() (out []Use) {
	for _, name := range in.files {
		out = append(out, Use{Key: "the configuration", Path: name})
	}
	return out
}

// staticUses are all files that 'cidrx static' reads and writes.
func (b *builder) staticUses(doc staticDocument, part staticSection, logs []string) []Use {
	uses := b.in.own()
	for i, name := range logs {
		path := "static.logFile"
		if len(logs) > 1 {
			path = element(path, i)
		}
		uses = append(uses, b.logUses(path, name)...)
	}
	for i, name := range doc.Allow.Files {
		uses = append(uses, b.use(element("allow.files", i), name))
	}
	return append(append(uses,
		b.use("global.whitelist", doc.Global.Whitelist),
		b.use("global.blacklist", doc.Global.Blacklist),
		b.use("global.userAgentWhitelist", doc.Global.UserAgentWhitelist),
		b.use("global.userAgentBlacklist", doc.Global.UserAgentBlacklist),
		b.writes("global.jailFile", doc.Global.JailFile),
		b.writes("global.banFile", doc.Global.BanFile),
		b.writes("static.plotPath", part.PlotPath),
	), b.in.Uses...)
}

// logUses are the files that a log stands for: those that a glob matches now, by whatever name they are written to, and those it would
// match on the next run.
func (b *builder) logUses(path, name string) []Use {
	u := b.use(path, name)
	switch u.Info = b.in.Stdin; {
	case name != "-":
		u.Info = nil
	case u.Info == nil:
		return nil
	}
	if !isGlob(name) {
		return []Use{u}
	}
	var uses []Use
	found, _ := filepath.Glob(name) // a bad pattern is said where it is read
	for _, file := range found {
		one := u
		one.Path = file
		uses = append(uses, one)
	}
	u.Glob = true
	return append(uses, u)
}

// isGlob reports whether name stands for the files that match it: that may be the name of one, too.
func isGlob(name string) bool {
	_, err := os.Lstat(name)
	return err != nil && strings.ContainsAny(name, "*?[")
}

// agentUses are all files that the agent reads and writes.
func (b *builder) agentUses(cfg *Config) []Use {
	uses := b.in.own()
	for _, list := range []struct {
		path  string
		files []string
	}{{"allow.files", cfg.Allow.Files}, {"deny.files", cfg.Deny.Files}} {
		for i, name := range list.files {
			uses = append(uses, b.use(element(list.path, i), name))
		}
	}
	var sockets []Use
	for _, s := range cfg.Sources {
		section := "source." + s.Name
		for i, name := range s.Paths {
			u := b.use(element(section+".paths", i), name)
			if u.Glob = isGlob(name); name != "-" {
				uses = append(uses, u)
			}
		}
		if s.Listen.Network == "unixgram" {
			sockets = append(sockets, b.writes(section+".listen", s.Listen.Address))
		}
	}
	state, socket := cfg.Agent.StateFile(), cfg.Agent.Socket
	uses = append(uses, b.writes("agent.stateDir", state), b.writes("agent.stateDir", state+".new"))
	return append(append(uses, b.writes("agent.socket", socket), b.writes("agent.socket", socket+".lock")), sockets...)
}
