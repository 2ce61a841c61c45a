package detect

import (
	"time"

	"cidrx/detect/cidr"
)

// told names a reported prefix.
type told struct {
	strategy, tier uint8
	net            cidr.Net
}

// maxTold is how many reported prefixes of a second are remembered. Beyond it some are raised twice.
const maxTold = 1 << 16

// report raises a verdict on h unless it was raised in this second already and its count has not doubled since: once a second is
// enough to keep the evidence of a ban fresh.
func (e *Engine) report(at place, h cidr.Heavy, need uint64, o occasion) {
	id := told{at.strategy, at.tier, h.Net}
	if before, ok := e.told[id]; ok && h.Requests/2 < before {
		return
	}
	if len(e.told) >= maxTold {
		clear(e.told)
	}
	e.told[id] = h.Requests
	s := &e.strategies[at.strategy]
	t := &s.tiers[at.tier]
	s.verdicts++
	e.raised = append(e.raised, Verdict{
		Prefix:      h.Prefix(),
		Strategy:    s.Name,
		Tier:        int(at.tier),
		Reason:      t.reason,
		Jail:        t.Jail,
		Enforceable: !h.Net.Contains(o.key) || o.enforceable(),
		Needed:      need,
		Time:        e.now,
		Evidence:    e.evidence(int(at.strategy), h, o),
	})
}

// evidence collects what is known of h.
func (e *Engine) evidence(i int, h cidr.Heavy, o occasion) Evidence {
	win := e.strategies[i].win
	first, last := win.Span(h.Net)
	ev := Evidence{
		Requests: h.Requests,
		Hosts:    h.Hosts,
		Share:    float64(h.Requests) / float64(max(1, win.Total())),
		First:    time.Unix(first, 0).UTC(),
		Last:     time.Unix(last, 0).UTC(),
	}
	pick := picker{net: h.Net, mask: 1 << i}
	if o.ev != nil && len(o.ev.Line) > 0 && h.Net.Contains(o.key) {
		pick.take(o.key, o.ev.Line)
	}
	e.lines.pick(&pick, e.sec)
	ev.Samples = pick.samples
	return ev
}
