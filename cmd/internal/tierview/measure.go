package tierview

import (
	"net/netip"
	"slices"
	"time"

	"cidrx/detect"
	"cidrx/detect/cidr"
	"cidrx/detect/parse"
	"cidrx/detect/static"
)

// Measure looks on at a replay in which nobody is banned, and measures the traffic of each strategy. It is an agent.Onlooker.
type Measure struct {
	Requests   uint64 // of the log
	Ordinary   uint64 // of Requests, those that look like an ordinary visitor's
	Unmeasured uint64 // of Requests, those of clients beyond the first two million, of which Share knows nothing
	Strategies []Traffic

	looks         *static.Looks
	all, ordinary cidr.Trie
	start         time.Time
}

// Traffic is what passed the filters of one strategy.
type Traffic struct {
	Passed    uint64    // in all of the log
	Busiest   uint64    // most requests in one window
	BusiestAt time.Time // when that was
	Hosts     int       // most hosts in one window
	totals    thinned
	window    time.Duration
	fresh     bool // it got requests in this second
}

// maxMeasured bounds the clients whose requests are counted one by one: about 150 MiB.
const maxMeasured = 2_000_000

// NewMeasure makes a Measure for the strategies of a replay.
func NewMeasure(strategies []detect.Strategy) (*Measure, error) {
	looks, err := static.NewLooks()
	if err != nil {
		return nil, err
	}
	m := &Measure{looks: looks}
	for _, s := range strategies {
		m.Strategies = append(m.Strategies, Traffic{window: s.Window})
	}
	return m, nil
}

// Counted counts an event.
func (m *Measure) Counted(now time.Time, _ *detect.Engine, ev *parse.Event, mask detect.Mask, _ bool) {
	if m.start.IsZero() {
		m.start = now
	}
	n := uint64(ev.Repeat)
	m.Requests += n
	for i := range m.Strategies {
		if mask>>i&1 != 0 {
			m.Strategies[i].Passed += n
			m.Strategies[i].fresh = true
		}
	}
	ordinary := m.looks.Ordinary(ev)
	if ordinary {
		m.Ordinary += n
	}
	k := cidr.KeyOf(ev.Client)
	if m.all.Hosts() >= maxMeasured && m.all.Note(k) == nil {
		m.Unmeasured += n
		return
	}
	m.all.Add(k, n)
	if ordinary {
		m.ordinary.Add(k, n)
	}
}

// SecondOver looks at the windows. Until the first has filled they say too little.
func (m *Measure) SecondOver(now time.Time, e *detect.Engine) {
	for i, s := range e.Stats() {
		t := &m.Strategies[i]
		if s.Requests > t.Busiest {
			t.Busiest, t.BusiestAt = s.Requests, now.UTC()
		}
		t.Hosts = max(t.Hosts, s.Addresses)
		if t.fresh && now.Sub(m.start) >= t.window {
			t.totals.add(s.Requests)
		}
		t.fresh = false
	}
}

// Over has nothing left to do.
func (m *Measure) Over(time.Time, *detect.Engine) {}

// Typical is the median, over the seconds in which requests passed the filters and from the first full window on, of the requests in the
// window. A log that is shorter than the window has its busiest one only.
func (t *Traffic) Typical() uint64 {
	if len(t.totals.kept) == 0 {
		return t.Busiest
	}
	sorted := slices.Sorted(slices.Values(t.totals.kept))
	return sorted[len(sorted)/2]
}

// Share is how much of all requests, and of those that look ordinary, came from within the prefixes, 0 to 1.
func (m *Measure) Share(found []cidr.Net) (all, ordinary float64) {
	var a, o uint64
	for _, n := range found {
		requests, _ := m.all.CountNet(n)
		a += requests
		requests, _ = m.ordinary.CountNet(n)
		o += requests
	}
	return part(a, m.Requests), part(o, m.Ordinary)
}

// In returns the requests and the hosts of the whole log inside a prefix.
func (m *Measure) In(p netip.Prefix) (requests uint64, hosts int) { return m.all.Count(p) }

func part(n, of uint64) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// thinned keeps values that come in evenly, at most maxKept: when they are too many, every second one goes, and of those that follow
// only as few are kept.
type thinned struct {
	kept        []uint64
	every, seen int
}

const maxKept = 8192

func (t *thinned) add(v uint64) {
	t.every = max(t.every, 1)
	if t.seen++; t.seen%t.every != 0 {
		return
	}
	if len(t.kept) == maxKept {
		for i := range maxKept / 2 {
			t.kept[i] = t.kept[2*i+1]
		}
		t.kept = t.kept[:maxKept/2]
		t.every *= 2
		if t.seen%t.every != 0 {
			return
		}
	}
	t.kept = append(t.kept, v)
}
