package detect_test

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cidrx/detect"
	"cidrx/detect/internal/cputime"
	"cidrx/detect/parse"
)

// TestExpectChangesNothing feeds the same traffic with and without announcing it, in windows that overflow, and announces some that
// does not come.
func TestExpectChangesNothing(t *testing.T) {
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 3))
		hits := realTraffic(r)
		strategies := realStrategies()
		for i := range strategies {
			strategies[i].MaxEntries = 500 + r.IntN(2000)
		}
		strategies[0].Tiers[0].MaxCollateral = 500_000
		plain, announced := engine(t, strategies...), engine(t, strategies...)
		var want, got []detect.Verdict
		for len(hits) > 0 {
			n := min(len(hits), 1+r.IntN(3*detect.Ahead))
			events, masks := events(hits[:n])
			for i := range events {
				if i%detect.Ahead == 0 {
					announced.Expect(events[i:], masks[i:])
				}
				plain.Observe(events[i].Time, &events[i], masks[i], func(v detect.Verdict) { want = append(want, v) })
				announced.Observe(events[i].Time, &events[i], masks[i], func(v detect.Verdict) { got = append(got, v) })
			}
			hits = hits[n-min(n-1, r.IntN(2)):]
		}
		if len(want) == 0 {
			t.Fatal("no verdicts to compare")
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
			t.Errorf("seed %d: verdicts (-without +with):\n%s", seed, diff)
		}
		if diff := cmp.Diff(plain.Stats(), announced.Stats()); diff != "" {
			t.Errorf("seed %d: stats (-without +with):\n%s", seed, diff)
		}
	}
}

func events(hits []hit) (events []parse.Event, masks []detect.Mask) {
	for _, h := range hits {
		events = append(events, parse.Event{Time: at(h.sec), Client: h.client, Line: []byte(h.client.String()), Repeat: 1})
		masks = append(masks, h.mask)
	}
	return events, masks
}

// BenchmarkObserveExpected is BenchmarkObserve with Expect, as the agent does it.
func BenchmarkObserveExpected(b *testing.B) {
	const perSecond = 500_000
	e, clients := busy(b)
	r := rand.New(rand.NewPCG(3, 4))
	events, masks := make([]parse.Event, 1<<18), make([]detect.Mask, 1<<18)
	for i := range events {
		events[i] = parse.Event{Client: clients[r.IntN(len(clients))], Line: make([]byte, 237), Repeat: 1}
		masks[i] = 1
		if i%20 == 0 {
			masks[i] |= 2
		}
		if i%10 == 0 {
			masks[i] |= 4
		}
	}
	cputime.Report(b, func() {
		for n := 0; b.Loop(); n++ {
			i := n % len(events)
			now := start.Add(time.Duration(100+n/perSecond) * time.Second)
			if i%detect.Ahead == 0 {
				e.Expect(events[i:], masks[i:])
			}
			events[i].Time = now
			e.Observe(now, &events[i], masks[i], func(detect.Verdict) {})
		}
	})
}
