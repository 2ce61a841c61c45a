package static

import (
	"fmt"
	"net/netip"
	"strconv"

	"cidrx/detect/cidr"
	"cidrx/detect/report"
)

// maxMissed is how many near misses a tier has at the most.
const maxMissed = 3

// Try asks a tier of a section's counts, which need not be one of its own. Its MaxCollateral is looked at only where a tier of the
// section's own has one too: else nobody counted the bystanders.
func (a *Analysis) Try(section int, t cidr.Tier) report.Tier {
	began := a.now()
	p := a.counts.populations[a.sections[section].who]
	q := a.query(section, &t)
	out := report.Tier{Tier: t, Needed: q.Need}
	var found []netip.Prefix
	for _, h := range p.hosts.Heavy(q) {
		found = append(found, h.Prefix())
		out.Detected = append(out.Detected, p.ranged(h.Prefix()))
	}
	for _, prefix := range cidr.Merge(found) {
		out.Merged = append(out.Merged, p.ranged(prefix))
	}
	out.Took = a.now().Sub(began)
	if len(found) == 0 {
		for _, m := range p.hosts.Nearest(q, maxMissed) {
			out.Missed = append(out.Missed, missed(m, &t, p.total))
		}
	}
	return out
}

// query is what is asked of the counts of a section.
func (a *Analysis) query(section int, t *cidr.Tier) cidr.Query {
	s := a.sections[section]
	q := cidr.Query{Tier: t, Need: t.Needed(a.counts.populations[s.who].total)}
	if t.MaxCollateral != cidr.NoCollateralLimit && s.all >= 0 {
		q.All = a.counts.populations[s.all].hosts
	}
	return q
}

// missed is a miss as it is shown.
func missed(m cidr.Miss, t *cidr.Tier, total uint64) report.Miss {
	out := report.Miss{
		Prefix: m.Net.Prefix(), Requests: m.Requests, Hosts: m.Hosts, Needed: m.Need, HostsNeeded: m.HostsNeeded,
		Bystanders: share(uint64(m.Bystanders), uint64(m.Bystanders+m.Hosts)), Uneven: m.Halves != [2]uint64{},
	}
	out.Why = why(m, out.Bystanders, t, total)
	if out.Uneven && m.Reason != cidr.Uneven {
		out.Why += "; " + uneven(m, t)
	}
	return out
}

// uneven says how far apart the halves of a prefix are.
func uneven(m cidr.Miss, t *cidr.Tier) string {
	return fmt.Sprintf("its halves have %s and %s requests: not even enough for threshold %s",
		report.Grouped(m.Halves[0]), report.Grouped(m.Halves[1]), millionths(t.Threshold))
}

// why says in words what a prefix fell short of.
func why(m cidr.Miss, bystanders float64, t *cidr.Tier, total uint64) string {
	switch m.Reason {
	case cidr.Uneven:
		return uneven(m, t)
	case cidr.TooFewHosts:
		return fmt.Sprintf("%d of %d hosts (minHosts)", m.Hosts, m.HostsNeeded)
	case cidr.Bystanders:
		return fmt.Sprintf("%.1f %% of its hosts sent nothing that matches, at most %.1f %% may (maxCollateral)",
			100*bystanders, float64(t.MaxCollateral)/1e4)
	case cidr.TooFewForShare:
		return fmt.Sprintf("%s of %s requests (threshold %s of %s)",
			report.Grouped(m.Requests), report.Grouped(m.Need), millionths(t.Threshold), report.Grouped(total))
	case cidr.TooFewAlone:
		return fmt.Sprintf("%s of %s requests (sizeAlone)", report.Grouped(m.Requests), report.Grouped(m.Need))
	}
	return fmt.Sprintf("%s of %s requests (minSize)", report.Grouped(m.Requests), report.Grouped(m.Need))
}

// millionths writes a share that is kept in millionths.
func millionths(n uint32) string { return strconv.FormatFloat(float64(n)/1e6, 'f', -1, 64) }
