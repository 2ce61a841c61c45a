package detect_test

import (
	"net/netip"
	"testing"
	"time"

	"cidrx/detect"
	"cidrx/detect/cidr"
	"cidrx/detect/parse"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// at returns the time so many seconds after the start.
func at(sec int) time.Time { return start.Add(time.Duration(sec) * time.Second) }

// tier returns the agent's tier [size, lo, hi, threshold], which may ban.
func tier(size uint64, lo, hi int, threshold float64) cidr.Tier {
	return cidr.Tier{
		MinSize: size, MinDepth: lo, MaxDepth: hi, Threshold: uint32(threshold * 1e6),
		HostsByLength: true, MaxCollateral: cidr.NoCollateralLimit, Jail: true,
	}
}

// strategyOf returns a strategy without filters.
func strategyOf(name string, window time.Duration, tiers ...cidr.Tier) detect.Strategy {
	return detect.Strategy{Name: name, Window: window, Tiers: tiers}
}

func engine(t testing.TB, strategies ...detect.Strategy) *detect.Engine {
	t.Helper()
	e, err := detect.New(strategies)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func event(client string, sec int) *parse.Event {
	return &parse.Event{Time: at(sec), Client: netip.MustParseAddr(client), Line: []byte(client), Repeat: 1}
}

// observe feeds n events of a client at a second, seen in that second, and returns what was raised.
func observe(e *detect.Engine, client string, sec, n int) (raised []detect.Verdict) {
	for range n {
		e.Observe(at(sec), event(client, sec), ^detect.Mask(0), func(v detect.Verdict) { raised = append(raised, v) })
	}
	return raised
}

func prefixesOf(vs []detect.Verdict) []string {
	ps := []string{}
	for _, v := range vs {
		ps = append(ps, v.Prefix.String())
	}
	return ps
}
