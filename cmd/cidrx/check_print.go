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
	m.printHead(&b)
	for _, s := range m.Strategies {
		s.print(&b)
	}
	if len(m.Warnings) > 0 {
		fmt.Fprintln(&b)
	}
	for _, w := range m.Warnings {
		printField(&b, "Warning", w)
	}
	_, err := out.Write(b.Bytes())
	return err
}

func (m *measurement) printHead(b *bytes.Buffer) {
	fmt.Fprintln(b)
	for _, l := range m.Logs {
		printField(b, "Log", fmt.Sprintf("%s: %s, %s failed, as %s of source %s", l.Name, plural(l.Lines, "line"), thousands(l.Failed), l.Format, l.Source))
	}
	if m.From == nil {
		printField(b, "Time", "none: not one line is a request or a login")
		return
	}
	printField(b, "Time", fmt.Sprintf("%s to %s, %s", stamp(*m.From), stamp(*m.To), short(m.To.Sub(*m.From))))
	printField(b, "Requests", fmt.Sprintf("%s; %s look ordinary", thousands(m.Requests), thousands(m.Ordinary)))
	if m.Unmeasured > 0 {
		printField(b, "", fmt.Sprintf("%s, of too many clients, are left out of all shares", plural(m.Unmeasured, "request")))
	}
	printField(b, "Measured", "in the log's own time, with nobody banned. Typical is the median of the requests in a window, over the seconds in which there are some.")
}

func (s measuredStrategy) print(b *bytes.Buffer) {
	window := short(time.Duration(s.WindowS) * time.Second)
	fmt.Fprintf(b, "\n%s: %s pass its filters\n", s.Name, plural(s.Passed, "request"))
	if s.Passed == 0 {
		return
	}
	fmt.Fprintf(b, "  in %s: typically %s, at most %s (%s), at most %s\n", window, thousands(s.Typical), thousands(s.Busiest), stamp(*s.BusiestAt), plural(s.Hosts, "host"))
	for _, t := range s.Tiers {
		t.print(b)
	}
}

func (t measuredTier) print(b *bytes.Buffer) {
	note := ""
	if !t.Bans {
		note = " (reports only)"
	}
	fmt.Fprintf(b, "  %s%s\n", t.Tier, note)
	at := fmt.Sprintf("T is %s (%s)", thousands(t.Typical.T), t.Typical.Decides)
	if t.Typical != t.Busiest {
		at += fmt.Sprintf(" typically, %s (%s) in the busiest window", thousands(t.Busiest.T), t.Busiest.Decides)
	}
	fmt.Fprintln(b, "    "+at)
	if t.Reported == 0 {
		fmt.Fprintln(b, "    reports nothing")
		return
	}
	fmt.Fprintf(b, "    reports %s: %s of all requests, %s of the ordinary ones\n", plural(t.Reported, "network"), percent(t.Share), percent(t.Ordinary))
	for _, r := range t.Largest {
		fmt.Fprintf(b, "      %-18s %s of %s, from %s on\n", r.Prefix, plural(r.Requests, "request"), plural(r.Hosts, "host"), stamp(r.First))
	}
	if more := t.Reported - len(t.Largest); more > 0 {
		fmt.Fprintf(b, "      and %s more\n", thousands(more))
	}
}
