package static

import (
	"fmt"
	"net/netip"
	"slices"

	"cidrx/detect/report"
)

// muteRule is ordinaryRule for logs without user agents.
const muteRule = "The log has no user agents, so a request looks ordinary when its status is below 400 and its target is not one that " +
	"only scanners ask for: an attack that the site answers cannot be told from people. A host counts where most of its requests do."

// reasons says why each number of a proposal is what it is.
func (s *search) reasons(c class, t *trial, sizes [2]uint64, b *report.Busiest) []report.Reason {
	return append([]report.Reason{
		{Name: "minSize", Value: fmt.Sprint(t.tier.MinSize), Text: whySize(c, t, sizes, b)},
		{Name: "minDepth", Value: fmt.Sprint(t.tier.MinDepth), Text: whyWide(c)},
		{Name: "maxDepth", Value: fmt.Sprint(t.tier.MaxDepth), Text: whyNarrow(c, t.tier.MaxDepth)},
		{Name: "threshold", Value: millionths(t.tier.Threshold), Text: s.whyShare(t)},
	}, whyHosts(t)...)
}

// whySize says what the busiest of the ordinary ask, and which sizes would do as well.
func whySize(c class, t *trial, sizes [2]uint64, b *report.Busiest) string {
	text := fmt.Sprintf("no %s of this log looks ordinary; ", c.one)
	switch r := b.Ordinary; {
	case r.Of.Ordinary.Requests == 0:
	case b.Bits == 32:
		text = fmt.Sprintf("the busiest ordinary-looking host, %s, asked %s times; ", bare(r.Prefix), report.Grouped(r.Requests))
	default:
		text = fmt.Sprintf("the %s with the most ordinary-looking requests, %s, has %s", c.one, r.Prefix, report.Grouped(r.Of.Ordinary.Requests))
		if r.Hosts < t.tier.MinHosts {
			text += ", and so few hosts that minHosts keeps it out"
		}
		text += "; "
	}
	if sizes[0] == sizes[1] {
		return text + "larger sizes catch less, smaller ones nothing more, or what looks ordinary"
	}
	return text + fmt.Sprintf("sizes from %s to %s catch about the same, and this is the middle", report.Grouped(sizes[0]), report.Grouped(sizes[1]))
}

func whyWide(c class) string {
	if c.minDepth == 32 {
		return "single addresses only: a loud host does not put its neighbours under suspicion (an IPv6 /64 counts as one host)"
	}
	return fmt.Sprintf("nothing wider than a /%d (IPv6: /%d) is reported", c.minDepth, 2*c.minDepth)
}

func whyNarrow(c class, maxDepth int) string {
	switch {
	case c.minDepth == 32:
		return "the same"
	case maxDepth == c.minDepth:
		return fmt.Sprintf("each /%d is counted as a whole", maxDepth)
	}
	return fmt.Sprintf("down to /%d, so what one narrow part explains is reported as that part and not held against the rest", maxDepth)
}

// whyShare says what the share comes to.
func (s *search) whyShare(t *trial) string {
	if t.tier.Threshold == 0 {
		return "minSize is less than a millionth of the log's requests"
	}
	need := uint64(float64(s.total)*float64(t.tier.Threshold)/million + 0.5)
	return fmt.Sprintf("%s of this log's %s requests, no more than minSize: here minSize decides, in a longer log the share, as "+
		"people's requests add up too", report.Grouped(need), report.Grouped(s.total))
}

// whyHosts says why so many hosts are asked for.
func whyHosts(t *trial) []report.Reason {
	if t.tier.MinHosts == 0 {
		return nil
	}
	least := t.ranges[0].Hosts
	for _, r := range t.ranges {
		least = min(least, r.Hosts)
	}
	return []report.Reason{{
		Name: "minHosts", Value: fmt.Sprint(t.tier.MinHosts),
		Text: fmt.Sprintf("a few busy hosts must not condemn their neighbours; what is caught has at least %s", report.Grouped(uint64(least))),
	}}
}

// without says why nothing is proposed for a class.
func (s *search) without(c class, refused []report.CaughtRange) string {
	worst := report.CaughtRange{}
	for _, r := range inTheWay(refused) {
		if r.Requests > worst.Requests {
			worst = r
		}
	}
	if worst.Requests > 0 {
		return fmt.Sprintf("%s: %s, with %s requests, looks like people or a crawler, and no number catches more that is new without "+
			"it or others like it", c.name, bare(worst.Prefix), report.Grouped(worst.Requests))
	}
	if len(refused) > 0 {
		r := slices.MinFunc(refused, byRequests)
		return fmt.Sprintf("%s: %s, with %s requests of %s, is too ordinary to be caught (%s), "+
			"and no number catches more that is new without it or others like it; look at it with --rangesCidr, and if it is no attacker ask again with --whitelist",
			c.name, r.Prefix, report.Grouped(r.Requests), countedHosts(r.Hosts), ordinaryPart(&r))
	}
	if len(s.covered) > 0 {
		return c.name + ": hardly anything that the tiers above do not catch"
	}
	return fmt.Sprintf("%s: none with %s requests or more that look like an attack", c.name, report.Grouped(s.floor))
}

// countedHosts writes "1 host" and "1,234 hosts".
func countedHosts(n int) string {
	if n == 1 {
		return "1 host"
	}
	return report.Grouped(uint64(n)) + " hosts"
}

// ordinaryPart says how much of a range looks ordinary.
func ordinaryPart(r *report.CaughtRange) string {
	part := fmt.Sprintf("%.0f %% of its requests", 100*share(r.Of.Ordinary.Requests, r.Requests))
	if r.Hosts > 1 { // else the host is the range
		part += fmt.Sprintf(", %s of its hosts", report.Grouped(uint64(r.Of.Ordinary.Hosts)))
	}
	return part
}

// bare writes a single address without its length.
func bare(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}
