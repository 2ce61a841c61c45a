package main

import (
	"fmt"
	"slices"
	"strings"

	"cidrx/agent/config"
	"cidrx/cmd/internal/sample"
	"cidrx/detect"
	"cidrx/detect/match"
)

// mismatches are settings that are valid each for itself and do not go together: formats without what others ask of them.
func mismatches(cfg *config.Config) []string {
	var out []string
	for _, src := range cfg.Sources {
		if len(src.TrustedProxies) > 0 && !sample.ForwardedList(src.Format) {
			out = append(out, fmt.Sprintf("source.%s.trustedProxies: %s has no forwarded list, so every client behind the proxy is the proxy, which is never banned; %s",
				src.Name, src.Format, sample.ProxyAdvice(src)))
		}
	}
	for _, s := range cfg.Live {
		for _, missing := range neverThere(cfg, s) {
			out = append(out, fmt.Sprintf("live.%s.%s: no source that it looks at logs this, so it never matches", s.Name, missing))
		}
		if wide := allSourcesOfSSH(cfg, s); wide {
			out = append(out, fmt.Sprintf(`live.%s: counts sshd's successful logins too; write outcomes = ["failure"]`, s.Name))
		}
	}
	return out
}

// fieldsOf are the fields that a format has: a letter each for user agent, endpoint, method, status, host and outcome.
func fieldsOf(format string) string {
	switch format {
	case "sshd":
		return "o"
	case "common":
		return "ems"
	case "nginx-error":
		return "emh"
	case "apache-error":
		return ""
	case "combined", "traefik", "haproxy":
		return "uems"
	}
	if !strings.Contains(format, "%") {
		return "uemsho" // others can have everything, and auto may be anything
	}
	fields := ""
	for specifier, has := range map[string]string{"%u": "u", "%r": "em", "%U": "e", "%m": "m", "%s": "s", "%v": "h"} {
		if strings.Contains(format, specifier) {
			fields += has
		}
	}
	return fields
}

// neverThere names the filters of a strategy that are on fields which none of its sources logs.
func neverThere(cfg *config.Config, s detect.Strategy) []string {
	sources := sourcesOf(cfg, s.Filter)
	if len(sources) == 0 {
		return nil
	}
	fields := ""
	for _, src := range sources {
		fields += fieldsOf(src.Format)
	}
	var missing []string
	for _, f := range []struct {
		field, key string
		asked      bool
	}{
		{"u", "useragentRegex", s.Filter.UserAgent != ""}, {"e", "endpointRegex", s.Filter.Endpoint != ""}, {"m", "methods", len(s.Filter.Methods) > 0},
		{"s", "statuses", len(s.Filter.Statuses) > 0}, {"h", "hosts", len(s.Filter.Hosts) > 0}, {"o", "outcomes", len(s.Filter.Outcomes) > 0},
	} {
		if f.asked && !strings.Contains(fields, f.field) {
			missing = append(missing, f.key)
		}
	}
	return missing
}

// sourcesOf are the sources that a filter lets in.
func sourcesOf(cfg *config.Config, o match.Options) []config.Source {
	var out []config.Source
	for _, src := range cfg.Sources {
		if len(o.Sources) == 0 || slices.Contains(o.Sources, src.Name) {
			out = append(out, src)
		}
	}
	return out
}

// allSourcesOfSSH says that a strategy that bans looks at nothing but sshd, whatever the outcome.
func allSourcesOfSSH(cfg *config.Config, s detect.Strategy) bool {
	sources := sourcesOf(cfg, s.Filter)
	onlySSH := len(sources) > 0 && !slices.ContainsFunc(sources, func(src config.Source) bool { return src.Format != "sshd" })
	return onlySSH && len(s.Filter.Outcomes) == 0
}
