package static

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/gaissmai/bart"

	"cidrx/detect/cidr"
	"cidrx/detect/report"
)

// report puts together what was counted.
func (a *Analysis) report(began time.Time) *report.Report {
	everyone := a.counts.everyone
	r := &report.Report{
		Version: a.options.Version, ReadTook: a.now().Sub(began),
		Requests: a.counts.requests, Hosts: everyone.Hosts(), DeniedAgents: a.denied(),
	}
	laid := make(chan report.Space, 1)
	go func() { laid <- space(everyone) }() // takes as long as the tiers
	a.ofLogs(r)
	if a.counts.untimed < a.counts.requests {
		r.First, r.Last = time.Unix(a.counts.first, 0).UTC(), time.Unix(a.counts.last, 0).UTC()
	}
	for i := range a.sections {
		r.Sections = append(r.Sections, a.section(i))
	}
	a.tiers(r)
	r.Space = <-laid
	r.Warnings = a.warnings(r)
	r.Generated = a.now()
	r.Took = r.Generated.Sub(began)
	return r
}

// ofLogs adds what the logs are, and how many lines they have.
func (a *Analysis) ofLogs(r *report.Report) {
	var formats []string
	for i := range a.logs {
		l := &a.logs[i]
		r.Logs = append(r.Logs, l.Name)
		r.Lines, r.Skipped, r.Ignored = r.Lines+l.lines, r.Skipped+l.skipped, r.Ignored+l.ignored
		if l.lines > 0 && !slices.Contains(formats, l.format) {
			formats = append(formats, l.format)
		}
	}
	r.Format = strings.Join(formats, ",")
}

// denied are the hosts that sent a user agent of the deny list, without the allowed ones.
func (a *Analysis) denied() []netip.Prefix {
	var allowed bart.Lite
	for _, p := range a.options.Allow {
		allowed.Insert(p)
	}
	var out []netip.Prefix
	for k := range maps.Keys(a.counts.denied) {
		if host := k.Host(); !allowed.OverlapsPrefix(host) {
			out = append(out, host)
		}
	}
	slices.SortFunc(out, cidr.Compare)
	return out
}

// section answers all that a section asks.
func (a *Analysis) section(i int) report.Section {
	s := a.sections[i]
	p := a.counts.populations[s.who]
	out := report.Section{
		Name: s.Name, UserAgent: s.Filter.UserAgent, Endpoint: s.Filter.Endpoint, Methods: s.Filter.Methods, Statuses: s.Filter.Statuses,
		Hostnames: s.Filter.Hosts, Outcomes: s.Filter.Outcomes, Start: s.Start, End: s.End,
		Requests: p.total, Hosts: p.hosts.Hosts(), Allowed: p.allowed, CountTook: p.took,
	}
	for _, prefix := range s.Ranges {
		out.Asked = append(out.Asked, p.ranged(prefix))
	}
	for j := range s.Tiers {
		out.Balance = out.Balance || s.Tiers[j].Balance
	}
	out.Tiers = make([]report.Tier, len(s.Tiers))
	return out
}

// tiers holds all tiers of all sections against the counts. It takes as long as one of them that has nothing to report and looks for
// the nearest misses, so they share the processors.
func (a *Analysis) tiers(r *report.Report) {
	type place struct{ section, tier int }
	var places []place
	for i, s := range a.sections {
		for j := range s.Tiers {
			places = append(places, place{i, j})
		}
	}
	atOnce(a.workers(), len(places), func(i int) {
		at := places[i]
		r.Sections[at.section].Tiers[at.tier] = a.Try(at.section, a.sections[at.section].Tiers[at.tier])
	})
}

// ranged is what was counted inside a prefix.
func (p *population) ranged(prefix netip.Prefix) report.Range {
	requests, hosts := p.hosts.Count(prefix)
	first, last := p.hosts.Span(prefix)
	return report.Range{
		Prefix: prefix, Requests: requests, Share: share(requests, p.total), Hosts: hosts, First: timeOf(first), Last: timeOf(last),
	}
}

func share(part, total uint64) float64 {
	if total == 0 {
		return 0
	}
	return float64(part) / float64(total)
}
