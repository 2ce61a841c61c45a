//go:build linux

package nftables_test

import (
	"testing"
	"time"

	"cidrx/firewall"
	"cidrx/firewall/nftables"
)

// TestClockSet sets the clock: what is left of the bans is given to the kernel again.
func TestClockSet(t *testing.T) {
	ns := loneHost(t)
	now, passed := time.Now(), time.Duration(0)
	f := open(t, ns, nftables.Options{Now: func() time.Time { return now }})
	f.Uptime(func() time.Duration { return passed })
	w := banFor(10*time.Hour, "203.0.113.0/25", "203.0.113.200/32")
	sync(t, f, w)
	passed += time.Minute
	now = now.Add(time.Minute)
	if r := sync(t, f, w); r != (firewall.Result{}) {
		t.Errorf("after a minute: %+v", r)
	}
	for _, step := range []time.Duration{2 * time.Hour, -3 * time.Hour} {
		now = now.Add(step)
		if r := sync(t, f, w); r != (firewall.Result{Refreshed: 2}) {
			t.Errorf("after a step of %v: %+v, want 2 refreshed", step, r)
		}
		bans, _ := listed(t, ns)
		for p, expires := range bans {
			// The kernel's clock goes on meanwhile.
			if d := w.Elements[0].Until.Sub(now) - expires; d < -3*time.Second || d > time.Minute {
				t.Errorf("after a step of %v: %v expires in %v, want %v", step, p, expires, w.Elements[0].Until.Sub(now))
			}
		}
	}
}

// TestSameTimeoutAgain bans for the same time again when some of it is gone: a kernel that compares the timeouts finds nothing to do.
func TestSameTimeoutAgain(t *testing.T) {
	for name, old := range map[string]bool{"this kernel": false, "as on an old kernel": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sameTimeoutAgain(t, old)
		})
	}
}

func sameTimeoutAgain(t *testing.T, old bool) {
	ns := loneHost(t)
	now, passed := time.Now(), time.Duration(0)
	f := open(t, ns, nftables.Options{Now: func() time.Time { return now }})
	f.Uptime(func() time.Duration { return passed })
	if old {
		f.OldKernel()
	}
	w := ban("198.51.100.0/24", "203.0.113.7/32", "2001:db8:bad:1::/64", "2001:db8:cafe::/56")
	banFor4s := func() {
		for i := range w.Elements {
			w.Elements[i].Until = now.Add(4 * time.Second)
		}
		sync(t, f, w)
	}
	banFor4s()
	eventually(t, "half of the time is gone", func() bool {
		bans, _ := listed(t, ns)
		return bans[w.Elements[0].Prefix] < 2*time.Second
	})
	now, passed = now.Add(2*time.Second), passed+2*time.Second
	again := time.Now()
	banFor4s()
	bans, _ := listed(t, ns)
	least := 3*time.Second - time.Since(again) // nft prints whole seconds
	for _, e := range w.Elements {
		if bans[e.Prefix] < least {
			t.Errorf("%v expires in %v, want %v", e.Prefix, bans[e.Prefix], least)
		}
	}
}
