package report

import (
	"fmt"
	"slices"
	"strings"

	"cidrx/detect/cidr"
)

func (p *plainPage) section(s *Section, all uint64) {
	p.heading("Section " + s.Name)
	p.filters(s)
	p.value("Requests", "%s (%.2f%% of all)", Grouped(s.Requests), percentage(share(s.Requests, all)))
	p.value("Hosts", "%s", Grouped(s.Hosts))
	if s.Allowed > 0 {
		p.value("Allowed", "%s, in the total only", counted(s.Allowed, "request"))
	}
	if s.CountTook > 0 {
		p.value("Counted in", "%s", lasted(s.CountTook))
	}
	if len(s.Asked) > 0 {
		p.line("")
		p.line("  CIDR ranges asked for:")
		p.ranges(s.Asked)
	}
	for i := range s.Tiers {
		p.line("")
		p.tier(i+1, &s.Tiers[i], s)
	}
}

func (p *plainPage) filters(s *Section) {
	if s.UserAgent != "" {
		p.value("User agent", "%s", s.UserAgent)
	}
	if s.Endpoint != "" {
		p.value("Endpoint", "%s", s.Endpoint)
	}
	lists := s.Lists()
	for _, l := range lists {
		p.value(strings.ToUpper(l.Noun[:1])+l.Noun[1:], "%s", strings.Join(l.Values, ", "))
	}
	start, end := rfc3339(s.Start), rfc3339(s.End)
	if start != "" {
		p.value("From", "%s", start)
	}
	if end != "" {
		p.value("To", "%s", end)
	}
	if s.UserAgent+s.Endpoint+start+end == "" && len(lists) == 0 {
		p.value("Filters", "none")
	}
}

// tier writes one set of numbers and what it found, or why it found nothing.
func (p *plainPage) tier(number int, t *Tier, s *Section) {
	p.text("  ", fmt.Sprintf("Set %d: min_size=%d, depth=%d-%d, threshold=%s", number, t.MinSize, t.MinDepth, t.MaxDepth, decimal(t.Threshold)))
	if given := conditions(t, s.Balance); len(given) > 0 {
		p.text("  Conditions: ", strings.Join(given, ", "))
	}
	p.text("  Needed: ", counted(t.Needed, "request"))
	p.text("  Execution Time: ", lasted(t.Took))
	if len(t.Detected) == 0 {
		p.line("  Detected Threat Ranges: none")
		p.misses(t, s)
		return
	}
	p.line("  Detected Threat Ranges:")
	p.ranges(t.Detected, total(t.Detected, s.Requests))
	if !slices.EqualFunc(t.Detected, t.Merged, samePrefix) {
		p.line("  Merged, to copy:")
		for i := range t.Merged {
			p.line("    %s", t.Merged[i].Prefix)
		}
	}
}

func samePrefix(a, b Range) bool { return a.Prefix == b.Prefix }

// conditions are those of t that go beyond its four numbers.
func conditions(t *Tier, balance bool) []string {
	var given []string
	add := func(is bool, format string, args ...any) {
		if is {
			given = append(given, fmt.Sprintf(format, args...))
		}
	}
	add(balance || t.Balance, "mode=balance")
	add(t.MinHosts > 0, "minHosts=%d", t.MinHosts)
	add(t.MinHosts == 0 && t.HostsByLength, "minHosts by length")
	add(t.MaxCollateral != cidr.NoCollateralLimit, "maxCollateral=%s", decimal(t.MaxCollateral))
	add(t.SizeAlone > 0, "sizeAlone=%d", t.SizeAlone)
	add(t.Depth6 != [2]int{}, "depth6=%d-%d", t.Depth6[0], t.Depth6[1])
	return given
}

// total sums disjoint ranges up.
func total(ranges []Range, all uint64) Range {
	var t Range
	for i := range ranges {
		t.Requests += ranges[i].Requests
		t.Hosts += ranges[i].Hosts
	}
	t.Share = share(t.Requests, all)
	return t
}
