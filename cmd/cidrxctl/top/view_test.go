package top

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	tea "charm.land/bubbletea/v2"

	"cidrx/agent/control"
)

func TestOverview(t *testing.T) { synctest.Test(t, testOverview) }

func testOverview(t *testing.T) {
	f := newFake()
	s := shown(t, f, 80, 24)
	s.wants("ENFORCING", "up 1m 40s", "bans 2 IPv4, 1 IPv6", "drift 1", "/var/log/nginx/access.log", "203.0.113.0/24", "480/600", "80 %", "banned")
	// What no ban covers comes first.
	if text := s.text(); strings.Index(text, "198.51.100.0/24") > strings.Index(text, "203.0.113.0/24") {
		t.Errorf("a banned network stands before one that is not:\n%s", text)
	}
	later := start.Add(2 * time.Second)
	f.top.At, f.top.Status.UptimeS, f.top.DroppedAt = later, 102, &later
	f.top.Status.Sources = append([]control.Source(nil), f.top.Status.Sources...)
	f.top.Status.Sources[0].Lines += 3000
	f.top.Dropped = []control.Count{{What: "host4", N: 900}}
	s.update(answered{top: f.top})
	s.wants("lines a second: 1.5k", "packets dropped a second: 400", "1.5k")
}

// The cursor stays on what it was put on though the order changes.
func TestCursorIsPinned(t *testing.T) { synctest.Test(t, testCursorIsPinned) }

func testCursorIsPinned(t *testing.T) {
	f := newFake()
	s := shown(t, f, 100, 30)
	s.press("down")
	chosen := s.Tabs[0].(*overview).hottest.chosen()
	f.top.Hottest = []control.Hot{f.top.Hottest[2], f.top.Hottest[0], f.top.Hottest[1]}
	f.top.Hottest[2].Requests = 1
	s.update(answered{top: f.top})
	s.text()
	if got := s.Tabs[0].(*overview).hottest.chosen(); got != chosen {
		t.Errorf("the cursor went from %s to %s", chosen, got)
	}
}

func TestBanAsksFirst(t *testing.T) { synctest.Test(t, testBanAsksFirst) }

func testBanAsksFirst(t *testing.T) {
	f := newFake()
	s := shown(t, f, 80, 24)
	s.press("2", "b") // what is at the cursor
	s.wants("203.0.113.0/24", "an address or a CIDR")
	s.press("ctrl+u")
	s.typed("192.0.2.7/24")
	s.press("enter")
	s.wants("192.0.2.7/24 has host bits set", "did you mean 192.0.2.0/24 or 192.0.2.7/32?")
	s.press("ctrl+u")
	s.typed("192.0.2.0/24")
	s.press("tab")
	s.typed("forever")
	s.press("enter")
	s.wants(`invalid duration "forever"`)
	s.press("ctrl+u")
	s.typed("12h")
	s.press("tab")
	s.typed("abuse")
	s.press("enter")
	s.wants("Ban 192.0.2.0/24 for 12h 0m?")
	s.press("x", "u", "1") // nothing but an answer is one
	s.wants("Ban 192.0.2.0/24 for 12h 0m?")
	s.press("n")
	s.wants("Nothing was changed.")
	if len(f.calls) > 0 {
		t.Fatalf("without a yes: %q", f.calls)
	}
	s.press("b", "enter", "y")
	s.wants("203.0.113.0/24 is banned")
	s.press("3", "u")
	s.wants("Unblock 2001:db8:1234:5678::/64?")
	s.press("y")
	s.wants("2001:db8:1234:5678::/64: there was nothing to do")
	if diff := cmp.Diff([]string{"ban 203.0.113.0/24 0s ", "unblock 2001:db8:1234:5678::/64"}, f.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// Who may only look is not offered what only fails.
func TestReadersOnlyLook(t *testing.T) { synctest.Test(t, testReadersOnlyLook) }

func testReadersOnlyLook(t *testing.T) {
	f := newFake()
	f.top.MayAct = false
	s := shown(t, f, 80, 24)
	for _, tab := range []string{"1", "2", "3"} {
		s.press(tab)
		text := s.text()
		if keys := text[strings.LastIndex(text, "\n"):]; !strings.Contains(keys, "read only") || strings.Contains(keys, "unblock  ") {
			t.Errorf("keys are %q", keys)
		}
	}
	s.press("u")
	s.wants("You may look and not act: join group cidrx, or use sudo.")
	s.press("b")
	s.wants("You may look and not act")
	if len(s.Opened) > 0 || len(f.calls) > 0 {
		t.Errorf("opened %d pages, called %q", len(s.Opened), f.calls)
	}
}

func TestAgentGoesAwayAndComesBack(t *testing.T) { synctest.Test(t, testAgentGoesAwayAndComesBack) }

func testAgentGoesAwayAndComesBack(t *testing.T) {
	f := newFake()
	s := shown(t, f, 80, 24)
	s.second(start)
	s.update(answered{err: &control.Error{Message: "there is no agent socket at /run/x", Next: "is the agent running?"}})
	s.second(start.Add(5 * time.Second))
	s.wants("NO ANSWER", "there is no agent socket at /run/x since 5.0 s; trying again", "203.0.113.0/24")
	s.press("b")
	s.wants("there is no agent socket")
	if len(s.Opened) > 0 {
		t.Error("a ban is offered without an agent")
	}
	f.top.Status.UptimeS = 1
	s.update(answered{top: f.top})
	s.wants("The agent has been started anew.", "ENFORCING")
	s.update(answered{err: errors.New("broken")})
	s.update(answered{top: f.top})
	s.wants("The agent answers again.")
}

func TestWhy(t *testing.T) { synctest.Test(t, testWhy) }

func testWhy(t *testing.T) {
	s := shown(t, newFake(), 80, 24)
	s.press("2", "enter")
	s.wants("› why 203.0.113.0", "everything about 203.0.113.0")
	s.press("esc", "w")
	s.typed("2001:db8::7")
	s.press("enter")
	s.wants("everything about 2001:db8::7")
	s.press("u")
	s.wants("Unblock 2001:db8::7/128?")
	s.press("esc", "esc", "esc", "?")
	s.wants("explain what is chosen")
	if s.press("q"); !s.quit {
		t.Error("q does not quit")
	}
}

// Bans are asked for while they are looked at, and not more often than they can be had.
func TestBansAreAskedForSparingly(t *testing.T) { synctest.Test(t, testBansAreAskedForSparingly) }

func testBansAreAskedForSparingly(t *testing.T) {
	f := newFake()
	s := shown(t, f, 80, 24)
	s.now = start
	if s.renewBans() != nil {
		t.Error("bans are asked for on the overview")
	}
	s.press("3")
	s.wants("2 bans, newest first", "for ever", "12.3k")
	s.press("s", "s", "s")
	s.wants("by address")
	if s.renewBans() != nil {
		t.Error("they are asked for again at once")
	}
	s.bans.stale, s.now = true, start.Add(bansEarliest)
	if s.renewBans() == nil {
		t.Error("after a change they are not asked for again")
	}
	s.bans.take(s.session, listed{took: time.Minute})
	s.bans.stale, s.now = true, s.now.Add(5*time.Minute)
	if s.renewBans() != nil {
		t.Error("an agent that needs a minute is asked again after five")
	}
}

func TestEvents(t *testing.T) { synctest.Test(t, testEvents) }

func testEvents(t *testing.T) {
	s := shown(t, newFake(), 80, 24)
	s.press("4")
	s.wants("Nothing has happened for an hour")
	p := netip.MustParsePrefix("192.0.2.0/24")
	for i := range 3 * keptEvents {
		s.feed.add(control.Event{At: start.Add(time.Duration(i) * time.Second), Event: "ban", Prefix: &p, State: "observed", Reason: `strategy "nets", tier 1`})
	}
	s.events, s.seen = s.feed.newest()
	if len(s.events) != keptEvents || s.seen != 3*keptEvents || !s.events[0].At.Equal(start.Add((3*keptEvents-1)*time.Second)) {
		t.Errorf("%d of %d events are kept, the newest of %s", len(s.events), s.seen, s.events[0].At)
	}
	s.wants("20:24:59  observed  192.0.2.0/24", `"nets", tier 1`)
	s.press("down")
	s.feed.add(control.Event{At: start.Add(time.Hour), Event: "mode", Reason: "enforce", By: "root"})
	s.events, s.seen = s.feed.newest()
	s.wants("mode", "by root, enforce")
	if at := s.Tabs[3].(*eventsPage).table.Cursor(); at != 2 {
		t.Errorf("the cursor is at %d, not with its event at 2", at)
	}
}

func TestTooSmall(t *testing.T) { synctest.Test(t, testTooSmall) }

func testTooSmall(t *testing.T) {
	s := shown(t, newFake(), 59, 20)
	s.wants("This terminal is 59x20")
	s.update(tea.WindowSizeMsg{Width: 200, Height: 60})
	s.wants("tier 1 [600,16,25,0.06]")
	if s.press("ctrl+c"); !s.quit {
		t.Error("ctrl+c does not quit")
	}
}

func TestHistory(t *testing.T) { synctest.Test(t, testHistory) }

func testHistory(t *testing.T) {
	var h history
	at := func(second, uptime int, lines uint64) control.Top {
		return control.Top{At: start.Add(time.Duration(second) * time.Second), Status: control.Status{UptimeS: int64(uptime), Sources: []control.Source{{Name: "a", Lines: lines}}}}
	}
	for _, step := range []struct {
		top       control.Top
		restarted bool
		want      []uint64
	}{
		{at(0, 10, 1000), false, nil}, {at(2, 12, 1100), false, []uint64{50}}, {at(3, 13, 1100), false, []uint64{50, 0}},
		{at(3, 13, 1100), false, []uint64{50, 0}}, // the same answer once more
		{at(5, 1, 7), true, []uint64{50, 0}}, {at(6, 2, 17), false, []uint64{50, 0, 10}}, {at(7, 3, 2), false, []uint64{50, 0, 10, 0}},
	} {
		if got := h.add(step.top); got != step.restarted {
			t.Errorf("restarted: %v, want %v", got, step.restarted)
		}
		if diff := cmp.Diff(step.want, h.lines); diff != "" {
			t.Errorf("lines a second (-want +got):\n%s", diff)
		}
	}
}
