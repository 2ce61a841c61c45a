package main

import (
	"context"
	"net/netip"
	"time"

	"cidrx/agent/config"
	"cidrx/agent/host"
	"cidrx/agent/jail"
	"cidrx/detect/cidr"
)

// standing is whether an address can be banned at all. Each text is empty where it is not so.
type standing struct {
	Allowed   string `json:"allowed,omitempty"`   // the network of the allowlist, where it is written, and its note
	Protected string `json:"protected,omitempty"` // why it is never banned
	Denied    string `json:"denied,omitempty"`    // the network of the deny list
}

// standingOf asks the lists of the configuration and what this host is now. What cidrxctl added to a running agent is not known here.
func standingOf(ctx context.Context, cfg *config.Config, addr netip.Addr, now time.Time) standing {
	j := jail.New(jail.Options{
		Stages: cfg.Jail.Stages, MaxPrefix4: cfg.Jail.MaxPrefix4, MaxPrefix6: cfg.Jail.MaxPrefix6, MaxBans: cfg.Jail.MaxBans, BanPrivate: cfg.Jail.BanPrivate,
	})
	var allow []jail.AllowEntry
	for _, e := range cfg.Allow.Entries {
		allow = append(allow, jail.AllowEntry{Prefix: e.Prefix, Note: e.Note, Origin: e.Origin})
	}
	j.SetAllow(now, allow)
	j.SetProtected(now, protectedHere(ctx, cfg))
	found := j.Lookup(addr)
	var s standing
	if e := found.Allowed; e.Prefix.IsValid() {
		s.Allowed = e.Prefix.String() + " of " + e.Origin
		if e.Note != "" {
			s.Allowed += " (" + e.Note + ")"
		}
	}
	if p := found.Protected; p.Prefix.IsValid() {
		s.Protected = p.Why
	}
	for _, e := range cfg.Deny.Entries {
		if e.Prefix.Overlaps(cidr.Host(addr)) {
			s.Denied = e.Prefix.String() + " of " + e.Origin
		}
	}
	return s
}

// protectedHere is what an agent on this host would never ban.
func protectedHere(ctx context.Context, cfg *config.Config) []jail.Protected {
	var out []jail.Protected
	for _, s := range cfg.Sources {
		for _, p := range s.TrustedProxies {
			out = append(out, jail.Protected{Prefix: p, Why: "trusted proxy of source " + s.Name})
		}
	}
	facts, _ := host.New(host.Options{}).Facts(ctx) // what cannot be read is left out
	for _, f := range facts {
		out = append(out, jail.Protected{Prefix: cidr.Host(f.Addr), Why: f.Why})
	}
	return out
}

// words says for people what an address may expect.
func (s standing) words() string {
	switch {
	case s.Allowed != "":
		return "is never banned: allowed by " + s.Allowed + "; it counts in totals only"
	case s.Protected != "":
		return "is never banned: " + s.Protected + "; it counts in totals only"
	case s.Denied != "":
		return "is banned whatever it does: denied by " + s.Denied
	}
	return "can be banned: on no list, and not this host's own"
}
