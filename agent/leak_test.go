package agent

import (
	"net/netip"
	"testing"
	"time"
)

// TestLeaksOfManyClientsAreReportedOnce has ten times as many clients leak through one wide ban as can be remembered, again and again.
func TestLeaksOfManyClientsAreReportedOnce(t *testing.T) {
	var l leaks
	start := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	wide := netip.MustParsePrefix("10.0.0.0/8")
	lookUps, reports := 0, 0
	for i := range 10 * maxLeaks {
		now := start.Add(time.Duration(i) * time.Millisecond)
		if !l.due(hostNumber(i), now) {
			continue
		}
		lookUps++
		if l.report(wide, start, now) {
			reports++
		}
	}
	if lookUps != maxLeaks || reports != 1 || len(l.clients.at) > maxLeaks {
		t.Errorf("%d look-ups, want %d; %d reports, want 1; %d clients are remembered", lookUps, maxLeaks, reports, len(l.clients.at))
	}
	later := start.Add(leakEvery + time.Minute)
	if !l.due(hostNumber(1), later) || l.report(wide, start, later) {
		t.Error("after a while clients are looked up again, and the same ban is not reported again")
	}
	if !l.report(wide, start.Add(time.Hour), later) {
		t.Error("the next ban on the same prefix is not reported")
	}
}

// TestLeaksOfManyBansAreBounded has more bans leak than can be remembered.
func TestLeaksOfManyBansAreBounded(t *testing.T) {
	var l leaks
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	reports := 0
	for i := range 3 * maxLeaks {
		if l.report(hostNumber(i), now, now) {
			reports++
		}
	}
	if reports != maxLeaks || len(l.bans.at) != maxLeaks {
		t.Errorf("%d reports, %d remembered, want %d", reports, len(l.bans.at), maxLeaks)
	}
	if !l.report(hostNumber(3*maxLeaks), now, now.Add(leakEvery)) || len(l.bans.at) != 1 {
		t.Errorf("after a while there is room again; %d remembered", len(l.bans.at))
	}
}

func hostNumber(i int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
}
