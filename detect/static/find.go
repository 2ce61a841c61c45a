package static

import "cidrx/detect/cidr"

// find holds the tiers that may ban against what is not spent. The totals stay.
func (a *Analysis) find() {
	for i, s := range a.sections {
		for j := range s.Tiers {
			if s.Tiers[j].Jail {
				a.findings(i, j)
			}
		}
	}
}

// findings adds those of one tier.
func (a *Analysis) findings(section, tier int) {
	s := a.sections[section]
	p := a.counts.populations[s.who]
	q := a.query(section, &s.Tiers[tier])
	if q.All != nil {
		q.All = a.counts.populations[s.all].unspent
	}
	for _, h := range p.unspent.Heavy(q) {
		a.Findings = append(a.Findings, p.finding(h, q.Need, section, tier))
	}
}

func (p *population) finding(h cidr.Heavy, need uint64, section, tier int) Finding {
	first, last := p.unspent.Span(h.Prefix())
	return Finding{
		Section: section, Tier: tier, Prefix: h.Prefix(), Needed: need, Requests: h.Requests, Hosts: h.Hosts,
		Share: share(h.Requests, p.total), First: timeOf(first), Last: timeOf(last),
	}
}
