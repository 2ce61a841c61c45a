package report

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"strings"
)

// PlainSuggestion writes s for reading, in 80 columns: the traffic, each proposed tier with the reason for each number and what it would
// have caught, why there are no others, and at the end the flags and the configuration to paste.
func PlainSuggestion(w io.Writer, s *Suggestion) error {
	p := &plainPage{out: bufio.NewWriter(w), width: usualWidth}
	p.text("", "cidrx: tiers proposed for a log")
	p.line("%s", strings.Repeat("=", p.width))
	p.logs(s.Logs)
	p.value("Format", "%s", s.Format)
	p.value("Requests", "%s", Grouped(s.Requests))
	p.value("Hosts", "%s", Grouped(s.Hosts))
	if first, last := rfc3339(s.First), rfc3339(s.Last); first != "" {
		p.value("Time range", "%s to %s", first, last)
	}
	if s.Approximate {
		p.value("Approximate", "what looks ordinary was learnt from a sample of %s, as the log can be read only once", counted(s.Sampled, "line"))
	}
	p.line("")
	p.text("", s.Rule)
	for i := range s.Sections {
		p.suggested(&s.Sections[i])
	}
	return p.out.Flush()
}

func (p *plainPage) suggested(s *SuggestedSection) {
	p.heading("Section " + s.Name)
	p.filters(s.filtered())
	p.value("Requests", "%s", Grouped(s.Requests)+perDay(s.PerDay))
	p.value("Ordinary", "%s", s.portion(s.Ordinary))
	p.value("Crawlers", "%s", s.portion(s.Crawlers))
	p.value("Others", "%s", s.portion(s.Others))
	p.busiest(s)
	for i := range s.Tiers {
		p.suggestedTier(i+1, &s.Tiers[i], s)
	}
	p.list("Not proposed:", s.Without)
	p.aside(s.Aside)
	if len(s.Tiers) == 0 {
		p.line("")
		p.text("", "No tier is proposed.")
		return
	}
	p.flags(s)
	p.line("")
	p.line("As configuration:")
	p.line("")
	for _, line := range configuration(s) {
		p.line("%s", line)
	}
}

func perDay(n uint64) string {
	if n == 0 {
		return ""
	}
	return ", " + Grouped(n) + " a day"
}

// portion is a part of the section's traffic.
func (s *SuggestedSection) portion(t Traffic) string {
	return fmt.Sprintf("%s (%.2f%%) of %s", counted(t.Requests, "request"), percentage(share(t.Requests, s.Requests)), counted(t.Hosts, "host"))
}

// busiest shows how large the largest prefixes are.
func (p *plainPage) busiest(s *SuggestedSection) {
	p.line("")
	p.line("  Busiest prefixes:")
	for _, b := range s.Busiest {
		lead := fmt.Sprintf("    /%d  ", b.Bits)
		for _, r := range []struct {
			at   netip.Prefix
			n    uint64
			what string
		}{{b.All.Prefix, b.All.Requests, "of all"}, {b.Ordinary.Prefix, b.Ordinary.Of.Ordinary.Requests, "ordinary-looking"}} {
			if r.at.IsValid() && r.n > 0 {
				p.line("%s%-18s %11s requests %6.2f%%  %s", lead, r.at, Grouped(r.n), percentage(share(r.n, s.Requests)), r.what)
				lead = strings.Repeat(" ", len(lead))
			}
		}
	}
}

func (p *plainPage) suggestedTier(number int, t *SuggestedTier, s *SuggestedSection) {
	p.line("")
	p.text("  ", fmt.Sprintf("Tier %d, for %s: %s", number, t.What, compact(t)))
	for _, r := range t.Why {
		p.text("    ", fmt.Sprintf("%s %s: %s.", r.Name, r.Value, r.Text))
	}
	p.text("    ", fmt.Sprintf("It would have caught %s with %s (%.2f%%) of %s.", counted(t.Ranges, "range"),
		counted(t.Caught.Requests, "request"), percentage(share(t.Caught.Requests, s.Requests)), counted(t.Caught.Hosts, "host")))
	p.text("    ", fmt.Sprintf("Of these, %s of %s look ordinary, %s of %s are a crawler's; %s that look like neither are new.",
		counted(t.Of.Ordinary.Requests, "request"), counted(t.Of.Ordinary.Hosts, "host"), Grouped(t.Of.Crawlers.Requests),
		counted(t.Of.Crawlers.Hosts, "host"), Grouped(t.New)))
	p.caught(t.Largest, t.Ranges)
}

// caught lists ranges, and says how many there are besides.
func (p *plainPage) caught(list []CaughtRange, all int) {
	prefix, requests := 0, 0
	for i := range list {
		prefix, requests = max(prefix, len(list[i].Prefix.String())), max(requests, len(Grouped(list[i].Requests)))
	}
	for i := range list {
		r := &list[i]
		p.line("      %-*s  %*s requests  %-12s %6.2f%% ordinary", prefix, r.Prefix, requests, Grouped(r.Requests), hostsColumn(r.Hosts),
			percentage(share(r.Of.Ordinary.Requests, r.Requests)))
	}
	if more := all - len(list); more > 0 {
		p.line("      and %s more", Grouped(more))
	}
}

// list writes sentences under a title.
func (p *plainPage) list(title string, sentences []string) {
	if len(sentences) == 0 {
		return
	}
	p.line("")
	p.line("  %s", title)
	for _, s := range sentences {
		p.text("    ", s+".")
	}
}

// aside lists what is in the way.
func (p *plainPage) aside(list []CaughtRange) {
	if len(list) == 0 {
		return
	}
	p.line("")
	p.text("  ", "These look like people or a crawler, and are in the way. Those that are (a crawler's user agent proves nothing: look its "+
		"address up) go on the allowlist; ask again with --whitelist.")
	p.caught(list, len(list))
}

// compact is the short form of a tier, with what does not fit it.
func compact(t *SuggestedTier) string {
	if t.MinHosts == 0 {
		return joined(t)
	}
	return fmt.Sprintf("%s with %s or more", joined(t), counted(t.MinHosts, "host"))
}

// joined is the short form of a tier.
func joined(t *SuggestedTier) string {
	return fmt.Sprintf("%d,%d,%d,%s", t.MinSize, t.MinDepth, t.MaxDepth, decimal(t.Threshold))
}
