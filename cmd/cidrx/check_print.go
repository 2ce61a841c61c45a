package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"cidrx/detect"
)

func (m *measurement) warn(format string, args ...any) {
	m.Warnings = append(m.Warnings, fmt.Sprintf(format, args...))
}

// The shares of requests from which on a tier is said to report everybody: of those that look ordinary, or, where none does, of all.
const (
	tooOrdinary = 0.5
	nearlyAll   = 0.9
)

// doubt warns of settings that report everybody or nobody at this traffic.
func (m *measurement) doubt(st measuredStrategy, s detect.Strategy) {
	if st.Passed == 0 && !m.measures(s) {
		m.warn("live.%s: not measured: it looks at %s, and none of the logs is of that source", st.Name, strings.Join(s.Filter.Sources, ", "))
		return
	}
	if st.Passed == 0 {
		m.warn("live.%s: not one request passes its filters; cidrx explain --line says which keeps a line out", st.Name)
		return
	}
	for j, t := range st.Tiers {
		tier := s.Tiers[j]
		switch {
		case t.Reported > 0 && m.Ordinary == 0 && t.Share > nearlyAll:
			m.warn("live.%s, %s: reports the clients of %s of all requests; raise minSize, threshold or minHosts, or filter", st.Name, t.Tier, percent(t.Share))
		case t.Reported > 0 && t.Ordinary > tooOrdinary:
			m.warn("live.%s, %s: reports the clients of %s of the requests that look ordinary; raise minSize, threshold or minHosts, or filter", st.Name, t.Tier, percent(t.Ordinary))
		case t.Reported > 0:
		case t.Busiest.T > st.Busiest:
			m.warn("live.%s, %s: nobody could reach it: it takes %s (%s), and the busiest window has %s", st.Name, t.Tier, plural(t.Busiest.T, "request"), t.Busiest.Decides, thousands(st.Busiest))
		case tier.MinHosts > st.Hosts:
			m.warn("live.%s, %s: nobody could reach it: it takes %d hosts (minHosts), and no window has more than %d", st.Name, t.Tier, tier.MinHosts, st.Hosts)
		}
	}
}

// measures says whether one of the logs is of a source that a strategy looks at.
func (m *measurement) measures(s detect.Strategy) bool {
	return len(s.Filter.Sources) == 0 || slices.ContainsFunc(m.Logs, func(l measuredLog) bool { return slices.Contains(s.Filter.Sources, l.Source) })
}

func (m *measurement) print(out io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(out, m)
	}
	var b bytes.Buffer
	page := sheet{&b, width(out)}
	m.printHead(page)
	for _, s := range m.Strategies {
		s.print(page)
	}
	if len(m.Warnings) > 0 {
		page.blank()
	}
	for _, w := range m.Warnings {
		page.field("Warning", "%s", w)
	}
	_, err := out.Write(b.Bytes())
	return err
}

func (m *measurement) printHead(page sheet) {
	page.blank()
	for _, l := range m.Logs {
		page.field("Log", "%s: %s, %s failed, as %s of source %s", l.Name, plural(l.Lines, "line"), thousands(l.Failed), l.Format, l.Source)
	}
	if m.From == nil {
		page.field("Time", "none: not one line is a request or a login")
		return
	}
	page.field("Time", "%s to %s, %s", stamp(*m.From), stamp(*m.To), short(m.To.Sub(*m.From)))
	page.field("Requests", "%s; %s look ordinary", thousands(m.Requests), thousands(m.Ordinary))
	if m.Unmeasured > 0 {
		page.field("", "%s, of too many clients, are left out of all shares", plural(m.Unmeasured, "request"))
	}
	page.field("Measured", "in the log's own time, with nobody banned. Typical is the median of the requests in a window, over the seconds in which there are some.")
}

func (s measuredStrategy) print(page sheet) {
	window := short(time.Duration(s.WindowS) * time.Second)
	page.blank()
	page.say("", "%s: %s pass its filters", s.Name, plural(s.Passed, "request"))
	if s.Passed == 0 {
		return
	}
	page.say("  ", "in %s: typically %s, at most %s (%s), at most %s", window, thousands(s.Typical), thousands(s.Busiest), stamp(*s.BusiestAt), plural(s.Hosts, "host"))
	for _, t := range s.Tiers {
		t.print(page)
	}
}

func (t measuredTier) print(page sheet) {
	note := ""
	if !t.Bans {
		note = " (reports only)"
	}
	page.say("  ", "%s%s", t.Tier, note)
	at := fmt.Sprintf("T is %s (%s)", thousands(t.Typical.T), t.Typical.Decides)
	if t.Typical != t.Busiest {
		at += fmt.Sprintf(" typically, %s (%s) in the busiest window", thousands(t.Busiest.T), t.Busiest.Decides)
	}
	page.say("    ", "%s", at)
	if t.Reported == 0 {
		page.say("    ", "reports nothing")
		return
	}
	page.say("    ", "reports %s: %s of all requests, %s of the ordinary ones", plural(t.Reported, "network"), percent(t.Share), percent(t.Ordinary))
	for _, r := range t.Largest {
		page.say(fmt.Sprintf("      %-18s ", r.Prefix), "%s of %s, from %s on", plural(r.Requests, "request"), plural(r.Hosts, "host"), stamp(r.First))
	}
	if more := t.Reported - len(t.Largest); more > 0 {
		page.say("      ", "and %s more", thousands(more))
	}
}
