package report

import (
	"fmt"
	"math"
	"math/bits"
	"strings"

	"cidrx/detect/cidr"
)

// misses says what came nearest to a tier that found nothing, what it fell short of, and the numbers that would have caught it.
func (p *plainPage) misses(t *Tier, s *Section) {
	if s.Requests == 0 {
		p.text("    ", "no request passed the filters of this section")
		return
	}
	if len(t.Missed) == 0 {
		return
	}
	p.line("  Nearest misses:")
	rows := make([]Range, len(t.Missed))
	for i, m := range t.Missed {
		rows[i] = Range{Prefix: m.Prefix, Requests: m.Requests, Share: share(m.Requests, s.Requests), Hosts: m.Hosts}
	}
	c := p.fit(rows, nil)
	for i := range rows {
		p.line("%s", strings.TrimRight(c.row(rows[i].Prefix.String(), &rows[i]), " "))
		if why := t.Missed[i].Why; why != "" {
			p.text("      ", why)
		}
		if caught := catching(t, &t.Missed[i], s.Requests); len(caught) > 0 {
			p.text("      would be caught with ", strings.Join(caught, ", "))
		}
	}
}

// catching is what t would have to be for m to meet its conditions. Nothing where no number would do, as with uneven halves in
// balance mode.
func catching(t *Tier, m *Miss, all uint64) []string {
	if m.Uneven {
		return nil
	}
	var out []string
	if m.Requests < m.Needed {
		if m.Requests < t.MinSize {
			out = append(out, fmt.Sprintf("min_size=%d", m.Requests))
		}
		if shareOnly := (cidr.Tier{Threshold: t.Threshold}); !t.Balance && m.Requests < shareOnly.Needed(all) {
			out = append(out, "threshold="+decimal(millionths(m.Requests, all)))
		}
	}
	if m.Hosts < m.HostsNeeded {
		out = append(out, fmt.Sprintf("minHosts=%d", m.Hosts))
	}
	if t.MaxCollateral != cidr.NoCollateralLimit && m.Bystanders*1e6 > float64(t.MaxCollateral) {
		out = append(out, "maxCollateral="+decimal(uint32(math.Ceil(min(1, m.Bystanders)*1e6))))
	}
	return out
}

// millionths is the share of part in all, rounded down: as a threshold it still lets part through.
func millionths(part, all uint64) uint32 {
	if part >= all {
		return 1_000_000
	}
	hi, lo := bits.Mul64(part, 1_000_000)
	quotient, _ := bits.Div64(hi, lo, all) // less than a million, as part < all
	return uint32(quotient)
}
