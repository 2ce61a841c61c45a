package report

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"strings"
)

// Widths of the text form, in columns.
const (
	usualWidth = 80
	leastWidth = 40
	nameWidth  = 16 // of the names in front of the values, with the gap
	maxNamed   = 20 // logs, and hosts with a denied user agent, that are listed by name
)

// Plain writes the report for reading, without colour: an overview, each section with its filters and what its tiers found or why they
// found nothing, and the warnings. width is in columns, 0: 80. Texts are wrapped to it, and columns that have no room are left out; only
// numbers that are too large for a line are not cut.
func Plain(w io.Writer, r *Report, width int) error {
	if width <= 0 {
		width = usualWidth
	}
	p := &plainPage{out: bufio.NewWriter(w), width: max(width, leastWidth)}
	p.overview(r)
	for i := range r.Sections {
		p.section(&r.Sections[i], r.Requests)
	}
	p.denied(r.DeniedAgents)
	p.warnings(r.Warnings)
	return p.out.Flush() // has the first error of all writes
}

// plainPage is a report that is being written.
type plainPage struct {
	out   *bufio.Writer
	width int
}

func (p *plainPage) line(format string, args ...any) { fmt.Fprintf(p.out, format+"\n", args...) }

// text writes s behind lead, wrapped, with what follows the first line as far in as that began.
func (p *plainPage) text(lead, s string) {
	in := columns(lead)
	for i, line := range wrap(Printable(s), p.width-in) {
		if i > 0 {
			lead = strings.Repeat(" ", in)
		}
		p.line("%s", strings.TrimRight(lead+line, " "))
	}
}

// value writes a named value.
func (p *plainPage) value(name, format string, args ...any) {
	p.text(fmt.Sprintf("%-*s", nameWidth, name), fmt.Sprintf(format, args...))
}

// heading writes an underlined title behind an empty line.
func (p *plainPage) heading(title string) {
	p.line("")
	p.text("", title)
	p.line("%s", strings.Repeat("-", p.width))
}

func (p *plainPage) overview(r *Report) {
	p.text("", strings.TrimRight("cidrx "+r.Version, " ")+": analysis of a log")
	p.line("%s", strings.Repeat("=", p.width))
	p.logs(r.Logs)
	if r.Format != "" {
		p.value("Format", "%s", r.Format)
	}
	p.value("Requests", "%s", Grouped(r.Requests))
	p.value("Hosts", "%s", Grouped(r.Hosts))
	p.value("Skipped", "%s of %s (%.2f%%)", Grouped(r.Skipped), counted(r.Lines, "line"), percentage(share(r.Skipped, r.Lines)))
	if r.Ignored > 0 {
		p.value("Ignored", "%s of other programs", counted(r.Ignored, "line"))
	}
	if first, last := rfc3339(r.First), rfc3339(r.Last); first != "" || last != "" {
		p.value("Time range", "%s to %s", first, last)
	} else {
		p.value("Time range", "no line has a time")
	}
	if r.ReadTook > 0 {
		p.value("Rate", "%s requests/s, read in %s", Grouped(perSecond(r.Requests, r.ReadTook)), lasted(r.ReadTook))
	}
	p.generated(r)
}

func (p *plainPage) generated(r *Report) {
	at := rfc3339(r.Generated)
	switch {
	case at != "" && r.Took > 0:
		p.value("Generated", "%s, in %s", at, lasted(r.Took))
	case at != "":
		p.value("Generated", "%s", at)
	}
}

func (p *plainPage) logs(names []string) {
	named := names[:min(len(names), maxNamed)]
	for i, name := range named {
		label := ""
		if i == 0 {
			label = "Log"
		}
		p.value(label, "%s", name)
	}
	if more := len(names) - len(named); more > 0 {
		p.value("", "and %s more", Grouped(more))
	}
}

// denied lists hosts that sent a denied user agent.
func (p *plainPage) denied(hosts []netip.Prefix) {
	if hosts == nil {
		return
	}
	p.heading("Hosts with a denied user agent: " + Grouped(len(hosts)))
	for i := range hosts[:min(len(hosts), maxNamed)] {
		p.line("  %s", addressOf(&hosts[i]))
	}
	if more := len(hosts) - maxNamed; more > 0 {
		p.line("  and %s more: the JSON report lists them all", Grouped(more))
	}
}

func (p *plainPage) warnings(list []Warning) {
	if len(list) == 0 {
		return
	}
	p.heading("Warnings")
	for _, g := range list {
		text := g.Type
		if g.Count > 0 {
			text += " (" + Grouped(g.Count) + ")"
		}
		p.text("  ", text+": "+g.Message)
	}
}
