package static

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"

	"cidrx/detect/cidr"
	"cidrx/detect/report"
)

// Suggest proposes tiers for each section of the options, which need no tiers for it. It reads the logs again for what requests look
// like, tries tiers for single hosts, small networks, networks and wide networks on the counts, and keeps those that catch what does not
// look ordinary and hardly anything that does. The error names the log.
func (a *Analysis) Suggest(ctx context.Context) (*report.Suggestion, error) {
	seen, sampled, err := a.readKinds(ctx)
	if err != nil {
		return nil, err
	}
	r := a.Report
	out := &report.Suggestion{
		Logs: r.Logs, Format: r.Format, Requests: r.Requests, Hosts: r.Hosts, First: r.First, Last: r.Last,
		Approximate: sampled > 0, Sampled: sampled, Rule: ordinaryRule, Agents: seen.agents,
	}
	if !seen.agents {
		out.Rule = muteRule
	}
	for i := range a.sections {
		out.Sections = append(out.Sections, a.suggest(i, a.kindsOf(a.sections[i].who, seen)))
	}
	return out, nil
}

// suggest proposes tiers for a section, one class after the other: what a narrow one catches is no gain of a wider one.
func (a *Analysis) suggest(section int, kinds *kindsOf) report.SuggestedSection {
	s, found := a.sections[section], &a.Report.Sections[section]
	everything := kinds.everything()
	out := report.SuggestedSection{
		Name: s.Name, UserAgent: s.Filter.UserAgent, Endpoint: s.Filter.Endpoint, Methods: s.Filter.Methods, Statuses: s.Filter.Statuses,
		Hostnames: s.Filter.Hosts, Outcomes: s.Filter.Outcomes, Start: s.Start, End: s.End, Requests: found.Requests, Hosts: found.Hosts, PerDay: a.perDay(found),
		Ordinary: everything.Ordinary, Crawlers: everything.Crawlers, Others: everything.Others,
	}
	for _, bits := range []int{32, 28, 24, 16} {
		out.Busiest = append(out.Busiest, report.Busiest{
			Bits: bits, All: kinds.busiest(kinds.all, bits), Ordinary: kinds.busiest(kinds.people, bits),
		})
	}
	find := &search{
		a: a, section: section, kinds: kinds, total: found.Requests,
		floor: max(leastRequests, found.Requests/leastShare),
	}
	for i, c := range classes {
		find.high = out.Busiest[i].All.Requests
		best, sizes, refused := find.best(c)
		if best == nil {
			out.Without = append(out.Without, find.without(c, refused))
			out.Aside = append(out.Aside, inTheWay(refused)...)
			continue
		}
		t := find.proposal(c, best)
		t.Why = find.reasons(c, best, sizes, &out.Busiest[i])
		out.Tiers = append(out.Tiers, t)
		find.cover(best)
	}
	out.Aside = widest(out.Aside)
	return out
}

// perDay is how many requests a section has in a day, 0 if its time is not known.
func (a *Analysis) perDay(s *report.Section) uint64 {
	length := a.Report.Last.Sub(a.Report.First)
	if a.Report.First.IsZero() || length < time.Minute {
		return 0
	}
	return uint64(float64(s.Requests) / length.Hours() * 24)
}

// proposal shows a trial.
func (s *search) proposal(c class, t *trial) report.SuggestedTier {
	t.tier.Threshold = shareBelow(t.tier.MinSize, s.total)
	out := report.SuggestedTier{Tier: t.tier, What: c.name, Ranges: len(t.ranges), New: t.gain, Of: t.of}
	for _, r := range t.ranges {
		out.Caught = report.Traffic{Requests: out.Caught.Requests + r.Requests, Hosts: out.Caught.Hosts + r.Hosts}
	}
	largest := slices.SortedFunc(slices.Values(t.ranges), byRequests)
	out.Largest = largest[:min(len(largest), report.MaxSuggestedFound)]
	return out
}

func byRequests(a, b report.CaughtRange) int {
	return cmp.Or(cmp.Compare(b.Requests, a.Requests), cidr.Compare(a.Prefix, b.Prefix))
}

// cover adds what a proposal catches to what is caught.
func (s *search) cover(t *trial) {
	var found []netip.Prefix
	for _, r := range t.ranges {
		found = append(found, r.Prefix)
	}
	s.covered = cidr.Merge(append(found, s.covered...))
}

// shareBelow is the largest share that people write, in millionths, of which total gives at most n.
func shareBelow(n, total uint64) uint32 {
	for _, share := range sizesBetween(1, million) {
		if t := (cidr.Tier{Threshold: uint32(share)}); t.Needed(total) <= n {
			return uint32(share)
		}
	}
	return 0
}

const million = 1_000_000

// inTheWay are those ranges that look ordinary, or like a crawler, for the most part.
func inTheWay(refused []report.CaughtRange) (out []report.CaughtRange) {
	for _, r := range refused {
		if 2*(r.Of.Ordinary.Requests+r.Of.Crawlers.Requests) >= r.Requests {
			out = append(out, r)
		}
	}
	return out
}

// widest lists the largest of ranges, each address once: the narrowest range that says it all.
func widest(all []report.CaughtRange) (out []report.CaughtRange) {
	slices.SortFunc(all, byRequests)
	for _, r := range all {
		again := func(o report.CaughtRange) bool { return o.Prefix.Overlaps(r.Prefix) }
		if !slices.ContainsFunc(out, again) && len(out) < report.MaxAside {
			out = append(out, r)
		}
	}
	return out
}
