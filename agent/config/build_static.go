package config

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"time"

	"cidrx/detect/static"
)

// buildStatic turns a document for 'cidrx static' into what it runs by.
func buildStatic(p *problems, doc staticDocument, part staticSection, in Inputs) (*Static, []Warning, error) {
	b := &builder{p, in, &document{}}
	s := &Static{
		Logs: b.logFiles(part.LogFile), Format: part.LogFormat, PlotPath: part.PlotPath,
		Timezone: b.timezone("static.timezone", part.Timezone),
		JailFile: doc.Global.JailFile, BanFile: doc.Global.BanFile,
		Jail: b.jail(doc.Jail),
	}
	if len(part.Named) == 0 && b.sound("static") {
		b.fail("static", "has no sections, so nothing would be looked for; write a [static.NAME] section with clusterArgSets")
	}
	b.logFormat(part.LogFormat)
	s.Sections = b.analyses(part, s.Timezone)
	s.Allow = List{Entries: append(b.list("allow", doc.Allow, 0, 0).Entries, b.addresses("global.whitelist", doc.Global.Whitelist)...)}.sorted()
	s.Deny = List{Entries: b.addresses("global.blacklist", doc.Global.Blacklist)}.sorted()
	s.AllowAgents = b.agents("global.userAgentWhitelist", doc.Global.UserAgentWhitelist)
	s.DenyAgents = b.agents("global.userAgentBlacklist", doc.Global.UserAgentBlacklist)
	p.overwritten(b.staticUses(doc, part, s.Logs))
	if err := p.err(); err != nil {
		return nil, nil, err
	}
	warnStatic(p, s)
	return s, p.warnings, nil
}

// sorted are the prefixes of a list that may hold them in any order and several times.
func (l List) sorted() []netip.Prefix {
	out := l.Prefixes()
	slices.SortFunc(out, netip.Prefix.Compare)
	return slices.Compact(out)
}

// logFiles reads static.logFile, in either form.
func (b *builder) logFiles(value texts) []string {
	const path = "static.logFile"
	out := textList(value)

	if len(out) == 0 && b.sound("static") {
		b.fail(path, `is missing; name the log, such as "/var/log/nginx/access.log", or several: ["access.log*"]`)
	}
	for i, name := range out {
		if name == "" {
			b.fail(element(path, i), "is empty; name a log")
		}
	}
	return out
}

func (b *builder) logFormat(format string) {
	const path = "static.logFormat"
	if format == "" {
		b.fail(path, `is empty; name a format such as "combined", or write "auto"`)
	} else if b.in.CheckFormat != nil {
		if err := b.in.CheckFormat(format); err != nil {
			b.fail(path, "%v", err)
		}
	}
}

// addresses reads a list of addresses and networks.
func (b *builder) addresses(path, name string) []ListEntry {
	if name == "" {
		return nil
	}
	return b.addressFile(path, name, func(netip.Prefix) error { return nil })
}

// agents reads a file of parts of user agents, one a line; a line that begins with # is a comment.
func (b *builder) agents(path, name string) []string {
	if name == "" {
		return nil
	}
	var out []string
	for line := range bytes.Lines(b.lines(path, name)) {
		if text := strings.TrimSpace(string(line)); text != "" && text[0] != '#' {
			out = append(out, text)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// analyses builds all [static.NAME] sections, in order of name. zone is that of their times; nil: the host's.
func (b *builder) analyses(s staticSection, zone *time.Location) []static.Section {
	if n := len(s.Named); n > MaxAnalyses {
		b.fail("static", "has %d sections, but there may be at most %d", n, MaxAnalyses)
		return nil
	}
	if zone == nil {
		zone = time.Local
	}
	var out []static.Section
	for _, name := range names(s.Named) {
		out = append(out, b.analysis(name, s.Named[name], zone))
	}
	return out
}

func (b *builder) analysis(name string, s analysisSection, zone *time.Location) static.Section {
	path := "static." + name
	out := static.Section{
		Name:   name,
		Filter: b.filter(path, s.live()),
		Start:  b.moment(path+".startTime", s.StartTime, zone, false),
		End:    b.moment(path+".endTime", s.EndTime, zone, true),
		Ranges: b.ranges(path+".cidrRanges", s.CidrRanges),
	}
	if len(s.ClusterArgSets)+len(s.Tier) > 0 || len(s.CidrRanges) == 0 && !b.in.tierless {
		out.Tiers = b.tiers(path, s.live())
	}
	if !out.Start.IsZero() && !out.End.IsZero() && out.End.Before(out.Start) {
		b.fail(path+".endTime", "%s is before startTime, %s", momentText(s.EndTime), momentText(s.StartTime))
	}
	for i := range out.Tiers {
		t := &out.Tiers[i]
		t.HostsByLength = false // whole logs are looked at by people: no condition that nobody asked for
	}
	return out
}

// ranges reads the prefixes to be counted, in the order written.
func (b *builder) ranges(path string, texts []string) []netip.Prefix {
	var out []netip.Prefix
	for i, text := range texts {
		p, err := parsePrefix(text)
		if err != nil {
			b.fail(element(path, i), "%v", err)
		}
		out = append(out, p)
	}
	return out
}

// warnStatic adds what is allowed but hardly meant.
func warnStatic(p *problems, s *Static) {
	for _, a := range s.Allow {
		if a.Bits() == 0 {
			p.warn("", "%s is on the allowlist, so nothing of that kind is ever reported", a)
		}
	}
	var rails Jail
	if s.JailFile != "" || s.BanFile != "" {
		rails = s.Jail
	}
	for _, section := range s.Sections {
		path := "static." + section.Name
		warnFilter(p, path, section.Filter)
		for i, t := range section.Tiers {
			warnTier(p, path, i, section.Filter, t, rails)
		}
	}
}
