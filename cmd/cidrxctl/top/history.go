package top

import (
	"time"

	"cidrx/agent/control"
)

// keptSeconds is how far the charts go back.
const keptSeconds = 240

// history turns counters into what happens a second.
type history struct {
	before  control.Top
	known   bool
	sources map[string]float64 // lines a second, by name
	asked   map[string]float64 // requests a second that passed a strategy's filters, by name
	dropped float64            // packets a second
	lines   []uint64           // all sources' lines a second, oldest first
	packets []uint64           // dropped packets a second, oldest first

	dropsAt time.Time
	drops   uint64
}

// add takes the next state. It says whether the agent has been started anew since the last one: then its counters began anew, too.
func (h *history) add(t control.Top) (restarted bool) {
	restarted = h.known && t.Status.UptimeS < h.before.Status.UptimeS
	if restarted {
		h.known, h.dropsAt = false, time.Time{}
	}
	if seconds := t.At.Sub(h.before.At).Seconds(); h.known && seconds > 0 {
		h.rates(t, seconds)
	}
	h.kernel(t)
	h.before, h.known = t, true
	return restarted
}

func (h *history) rates(t control.Top, seconds float64) {
	old, tallies := map[string]uint64{}, map[string]uint64{}
	for _, s := range h.before.Status.Sources {
		old[s.Name] = s.Lines
	}
	for _, s := range h.before.Tallies {
		tallies[s.Name] = s.Requests
	}
	h.sources, h.asked = map[string]float64{}, map[string]float64{}
	var sum float64
	for _, s := range t.Status.Sources {
		if before, ok := old[s.Name]; ok {
			h.sources[s.Name] = rate(before, s.Lines, seconds)
			sum += h.sources[s.Name]
		}
	}
	for _, s := range t.Tallies {
		if before, ok := tallies[s.Name]; ok {
			h.asked[s.Name] = rate(before, s.Requests, seconds)
		}
	}
	h.lines = remember(h.lines, sum)
}

// kernel reckons with the moments at which the kernel was read: the agent does that less often than it is asked.
func (h *history) kernel(t control.Top) {
	if t.DroppedAt == nil {
		h.dropped = 0
		return
	}
	var sum uint64
	for _, c := range t.Dropped {
		sum += c.N
	}
	if seconds := t.DroppedAt.Sub(h.dropsAt).Seconds(); !h.dropsAt.IsZero() && seconds > 0 {
		h.dropped = rate(h.drops, sum, seconds)
	}
	if !t.DroppedAt.Equal(h.dropsAt) {
		h.drops, h.dropsAt = sum, *t.DroppedAt
	}
	if h.known {
		h.packets = remember(h.packets, h.dropped)
	}
}

// rate is 0 for a counter that began anew.
func rate(before, now uint64, seconds float64) float64 {
	if now < before {
		return 0
	}
	return float64(now-before) / seconds
}

func remember(values []uint64, v float64) []uint64 {
	n := uint64(v)
	if v > 0 && n == 0 {
		n = 1
	}
	values = append(values, n)
	return values[max(0, len(values)-keptSeconds):]
}
