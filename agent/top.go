package agent

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cidrx/agent/control"
	"cidrx/firewall"
)

// Views ask for the same thing once a second, so they are answered from one reading, unless somebody has ordered something since: what a
// view costs the loop does not grow with the number of those who look.
const (
	topAge = 500 * time.Millisecond
	// topDropAge is how old the kernel's counters may be for a view: to read those of 100,000 elements takes the kernel half a second.
	topDropAge = 5 * time.Second
)

// topCache is what views were last told.
type topCache struct {
	mu      sync.Mutex
	at      time.Time
	last    control.Top
	orders  uint64     // answered of what people ordered, when that was read
	reading sync.Mutex // held while the kernel's counters are read for views

	answered atomic.Uint64 // orders answered: whoever ordered something shall see it done
}

// Top tells a view how it stands.
func (a *Agent) Top(ctx context.Context) (control.Top, error) {
	a.tops.mu.Lock()
	defer a.tops.mu.Unlock()
	orders := a.tops.answered.Load()
	if age := a.o.Clock().Sub(a.tops.at); age >= 0 && age < topAge && orders == a.tops.orders {
		return a.tops.last, nil
	}
	t, err := a.top(ctx)
	if err != nil {
		return t, err
	}
	a.tops.last, a.tops.at, a.tops.orders = t, t.At, orders
	return t, nil
}

// top asks the loop for the state, and then for each strategy on its own: batches get their turn between.
func (a *Agent) top(ctx context.Context) (control.Top, error) {
	drops, at := a.drops.newest()
	a.refreshDrops(at)
	used := usage()
	t, err := ask(ctx, a, func(now time.Time) (control.Top, error) {
		top := control.Top{At: now, Status: a.status(now, drops, used), DroppedAt: instant(at)}
		for _, s := range a.core.engine.Stats() {
			if s.Name != selftestName {
				top.Tallies = append(top.Tallies, control.Tally{Name: s.Name, Requests: s.Seen})
			}
		}
		return top, nil
	})
	if err != nil {
		return t, err
	}
	t.Dropped = dropsBySet(drops)
	for _, s := range t.Tallies {
		hot, err := ask(ctx, a, func(now time.Time) ([]control.Hot, error) { return a.hottest(now, s.Name), nil })
		if err != nil {
			return t, err
		}
		t.Hottest = append(t.Hottest, hot...)
	}
	return t, nil
}

// hottest are the prefixes of a strategy that are nearest to a ban, or banned and still in its window.
func (a *Agent) hottest(now time.Time, strategy string) []control.Hot {
	var out []control.Hot
	for _, s := range standings(a.core.engine.Hottest(now, strategy, control.MaxHottest)) {
		out = append(out, control.Hot{Standing: s, State: a.coverOf(s.Prefix, now)})
	}
	return out
}

// coverOf is the state of the ban that covers all of p, empty if there is none.
func (a *Agent) coverOf(p netip.Prefix, now time.Time) string {
	for _, b := range a.core.jail.Lookup(p.Addr()).Bans {
		if b.Prefix.Bits() > p.Bits() {
			continue
		}
		state := wireBan(b, now).State
		if state == "in_force" {
			state = a.stateNow(b)
		}
		return state
	}
	return ""
}

// refreshDrops reads the kernel's counters again if they are old. Nobody waits for it, and there is one reading at a time.
func (a *Agent) refreshDrops(at time.Time) {
	if age := a.o.Clock().Sub(at); age >= 0 && age < topDropAge || !a.tops.reading.TryLock() {
		return
	}
	go func() {
		defer a.tops.reading.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
		defer cancel()
		a.dropped(ctx)
	}()
}

func dropsBySet(c firewall.Counters) []control.Count {
	out := []control.Count{}
	for set, n := range c.Sets {
		out = append(out, control.Count{What: set, N: n})
	}
	slices.SortFunc(out, func(x, y control.Count) int { return strings.Compare(x.What, y.What) })
	return out
}
