package top

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cidrx/agent/control"
)

// keeper is an agent that does what it is asked to.
type keeper struct{ *fake }

var hot = netip.MustParsePrefix("198.51.100.0/24") // the fake has it among the hottest

func (k keeper) Ban(_ context.Context, r control.BanRequest) (control.Done, error) {
	end := start.Add(time.Hour)
	k.mark(r.Prefix, "in_force")
	return control.Done{Done: []netip.Prefix{r.Prefix}, State: "in_force", Until: &end}, nil
}

func (k keeper) Unblock(_ context.Context, r control.UnblockRequest) (control.Done, error) {
	end := start.Add(time.Hour)
	k.mark(r.Prefixes[0], "")
	return control.Done{Done: r.Prefixes, Until: &end}, nil
}

// mark gives the ban of p a state; "": there is none.
func (k keeper) mark(p netip.Prefix, state string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.bans = k.bans[:0:0]
	if state != "" {
		k.bans = append(k.bans, control.Ban{Prefix: p, Start: start, State: state, Stage: -1, RemainingS: 600, Until: &start})
	}
	k.top.Hottest = append([]control.Hot(nil), k.top.Hottest...)
	for i := range k.top.Hottest {
		if k.top.Hottest[i].Prefix == p {
			k.top.Hottest[i].State = state
		}
	}
}

// row is the line of the screen that shows p, without the note below.
func (s *screen) row(p netip.Prefix) string {
	lines := strings.Split(s.text(), "\n")
	for _, line := range lines {
		if strings.Contains(line, p.String()) && !strings.Contains(line, p.String()+" is ") {
			return line
		}
	}
	return ""
}

// What the note says is done the rows say too, also when an older answer comes late.
func TestRowsAgreeWithTheNote(t *testing.T) { synctest.Test(t, testRowsAgreeWithTheNote) }

func testRowsAgreeWithTheNote(t *testing.T) {
	for _, page := range []string{"1", "2", "3"} {
		k := keeper{newFake()}
		s := shownBy(t, k, k.top, 120, 30)
		s.press(page, "b", "ctrl+u")
		s.typed(hot.String())
		s.press("enter")
		k.mark(hot, "pending") // as others see it until the kernel has confirmed it
		old, oldBans := s.askTop(), s.listBans(s.now)
		s.update(old)
		s.update(oldBans)
		s.press("y")
		s.wants(hot.String() + " is banned until 2026-11-21 21:00:00 UTC")
		s.rowSays(page, hot, "banned", "pending")
		s.update(old)
		s.update(oldBans)
		s.rowSays(page, hot, "banned", "pending")

		old, oldBans = s.askTop(), s.listBans(s.now)
		old.deeds, oldBans.deeds = s.deeds, s.deeds
		s.choose(page, hot)
		s.press("u", "y")
		s.wants(hot.String() + " is unblocked; grace until 2026-11-21 21:00:00 UTC")
		s.update(old)
		s.update(oldBans)
		if row := s.row(hot); page == "3" && row != "" || strings.Contains(row, "banned") {
			t.Errorf("page %s: unblocked, and its row says %q", page, row)
		}
	}
}

// choose puts the cursor of a page on p.
func (s *screen) choose(page string, p netip.Prefix) {
	s.t.Helper()
	for range 5 {
		if s.press("u"); strings.Contains(s.text(), "Unblock "+p.String()+"?") {
			s.press("esc")
			return
		}
		s.press("esc", "down")
	}
	s.t.Fatalf("page %s: %s cannot be chosen:\n%s", page, p, s.text())
}

func (s *screen) rowSays(page string, p netip.Prefix, want, not string) {
	s.t.Helper()
	if row := s.row(p); !strings.Contains(row, want) || strings.Contains(row, not) {
		s.t.Errorf("page %s: the row is %q, want %q in it\n%s", page, row, want, s.text())
	}
}

// A list of bans that was out of view when something was done is asked for as soon as it is looked at.
func TestListIsRenewedAfterADeed(t *testing.T) { synctest.Test(t, testListIsRenewedAfterADeed) }

func testListIsRenewedAfterADeed(t *testing.T) {
	k := keeper{newFake()}
	s := shownBy(t, k, k.top, 120, 30)
	s.press("3", "1", "b", "ctrl+u")
	s.typed(hot.String())
	s.press("enter", "y", "3")
	s.rowSays("3", hot, "banned", "pending")
}
