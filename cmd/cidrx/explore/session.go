package explore

import (
	"net/netip"
	"strings"
	"time"

	"cidrx/cmd/internal/term"
	"cidrx/detect/report"
)

// at is a section of the report; an empty one where there is none.
func (s *session) at(section int) *report.Section {
	if section < 0 || section >= len(s.report.Sections) {
		return &report.Section{}
	}
	return &s.report.Sections[section]
}

// current is the section that is looked at.
func (s *session) current() *report.Section { return s.at(s.section) }

func (s *session) sectionName(section int) string { return term.Printable(s.at(section).Name) }

// ranges are what the tiers of a section found.
func (s *session) ranges(section int) []found {
	list, ok := s.found[section]
	if !ok {
		list = collect(s.at(section))
		s.found[section] = list
	}
	return list
}

// show opens the page of a range.
func (s *session) show(p netip.Prefix) {
	s.Open(newRangePage(s, s.section, p))
}

// logNames are the logs in a few words.
func (s *session) logNames() string {
	switch n := len(s.report.Logs); n {
	case 0:
		return ""
	case 1:
		return term.Printable(s.report.Logs[0])
	default:
		return term.Printable(s.report.Logs[0]) + " and " + term.Count(n-1) + " more"
	}
}

// period is a time range in words.
func period(first, last time.Time) string {
	if first.IsZero() || last.IsZero() {
		return "the log has no times"
	}
	return term.Stamp(first) + " to " + term.Stamp(last) + " UTC (" + term.Span(last.Sub(first)) + ")"
}

// joined puts the parts that are not empty together.
func joined(separator string, parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, separator)
}

// minute writes t in UTC to the minute, for tables.
func minute(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04")
}
