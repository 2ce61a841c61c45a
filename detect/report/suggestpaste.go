package report

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// flags writes the command line of each group of tiers that one run can have: minHosts holds for all tiers of a command.
func (p *plainPage) flags(s *SuggestedSection) {
	var groups []int
	lines := map[int][]string{}
	for i := range s.Tiers {
		t := &s.Tiers[i]
		if lines[t.MinHosts] == nil {
			groups = append(groups, t.MinHosts)
		}
		lines[t.MinHosts] = append(lines[t.MinHosts], "--clusterArgSets "+joined(t))
	}
	p.line("")
	if len(groups) == 1 {
		p.line("As flags:")
	} else {
		p.text("", "As flags (--minHosts holds for all tiers of a command, so each line is a run of its own; the configuration below does "+
			"it in one):")
	}
	p.line("")
	for _, minHosts := range groups {
		if minHosts > 0 {
			lines[minHosts] = append(lines[minHosts], fmt.Sprintf("--minHosts %d", minHosts))
		}
		p.line("  %s", strings.Join(lines[minHosts], " "))
	}
}

// configuration is the section in TOML.
func configuration(s *SuggestedSection) []string {
	out := []string{"[static." + tomlKey(s.Name) + "]"}
	set := func(name, value string) { out = append(out, name+" = "+value) }
	for _, f := range []struct{ name, value string }{{"useragentRegex", s.UserAgent}, {"endpointRegex", s.Endpoint}} {
		if f.value != "" {
			set(f.name, tomlString(f.value))
		}
	}
	for _, l := range s.filtered().Lists() {
		set(l.Key, tomlList(l.Values))
	}
	for _, f := range []struct {
		name string
		at   time.Time
	}{{"startTime", s.Start}, {"endTime", s.End}} {
		if at := rfc3339(f.at); at != "" {
			set(f.name, tomlString(at))
		}
	}
	for i := range s.Tiers {
		out = append(out, tierTable(s, &s.Tiers[i])...)
	}
	return out
}

// tierTable is a tier as a table.
func tierTable(s *SuggestedSection, t *SuggestedTier) []string {
	out := []string{
		"", "[[static." + tomlKey(s.Name) + ".tier]]  # " + t.What,
		fmt.Sprintf("minSize = %d", t.MinSize), fmt.Sprintf("minDepth = %d", t.MinDepth), fmt.Sprintf("maxDepth = %d", t.MaxDepth),
		"threshold = " + decimal(t.Threshold),
	}
	if t.MinHosts > 0 {
		out = append(out, fmt.Sprintf("minHosts = %d", t.MinHosts))
	}
	return append(out, "jail = true")
}

// tomlKey writes a key bare where TOML 1.0 allows it.
func tomlKey(name string) string {
	bare := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-'
	}
	if name != "" && strings.IndexFunc(name, func(r rune) bool { return !bare(r) }) < 0 {
		return name
	}
	return tomlString(name)
}

// tomlString writes a string so that it can be pasted and seen: literal where it can be, as expressions read best that way.
func tomlString(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, hidden) && !strings.Contains(s, "'") {
		return "'" + s + "'"
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case hidden(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}

func tomlList(values []string) string {
	var out []string
	for _, v := range values {
		out = append(out, tomlString(v))
	}
	return "[" + strings.Join(out, ", ") + "]"
}
