package jail_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cidrx/agent/jail"
	"cidrx/detect"
)

// world is a jail, its twin, and a disk that only knows what Unsaved said.
type world struct {
	*universe
	t       *rapid.T
	j       *jail.Jail
	w       *twin
	disk    disk
	version uint64
	held    []jail.Hold
	copied  []jail.Hold
}

func TestJailIsItsTwin(t *testing.T) {
	for name, u := range map[string]*universe{"wide": wide(), "narrow": narrow(), "crowd": crowd()} {
		t.Run(name, func(t *testing.T) {
			for range u.checks {
				rapid.Check(t, u.check)
			}
		})
	}
}

// check lets a jail and its twin live through the same things.
func (u *universe) check(t *rapid.T) {
	o := u.options(t)
	x := &world{universe: u, t: t, j: jail.New(o), w: newTwin(o)}
	x.disk = disk{map[netip.Prefix]jail.Ban{}, map[netip.Prefix]jail.Ban{}, map[netip.Prefix]jail.Grace{}}
	x.w.now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	x.j.Advance(x.w.now)
	for range rapid.IntRange(1, u.steps).Draw(t, "steps") {
		x.act()
		x.compare()
	}
}

// act does one thing to both.
func (x *world) act() {
	now := x.time()
	if len(x.addresses) == 160 && rapid.IntRange(0, 4).Draw(x.t, "crowd") == 0 {
		x.flood(now)
		return
	}
	switch rapid.SampledFrom([]string{"judge", "judge", "judge", "judge", "judge", "judge", "flood", "ban", "unblock", "unblock",
		"all", "allow", "protect", "deny", "options", "restart", "leak", "advance", "advance"}).Draw(x.t, "act") {
	case "judge":
		x.judge(now, drawVerdict(x.t, x.prefix(x.t)))
	case "flood":
		if len(x.addresses) > 66 {
			x.flood(now)
		}
	case "ban":
		x.order(now)
	case "unblock":
		x.unblock(now)
	case "all":
		if rapid.IntRange(0, 3).Draw(x.t, "really") == 0 {
			x.w.step(now)
			grace := drawGrace(x.t)
			_, changes := x.j.UnblockAll(now, grace, "root")
			x.w.unblockAll(grace)
			x.ends(changes)
		}
	case "allow":
		entries := x.entries(now)
		x.w.step(now)
		changes := x.j.SetAllow(now, entries)
		x.learn(changes)
		x.w.setAllow(entries)
		x.ends(changes)
	case "protect":
		var entries []jail.Protected
		for _, e := range x.entries(now) {
			entries = append(entries, jail.Protected{Prefix: e.Prefix, Until: e.Until, Why: "gateway"})
		}
		x.w.step(now)
		changes := x.j.SetProtected(now, entries)
		x.learn(changes)
		x.w.setProtected(entries)
		x.ends(changes)
	case "deny":
		x.w.step(now)
		list := rapid.SliceOfN(rapid.Custom(x.prefix), 0, 4).Draw(x.t, "deny")
		changes := x.j.SetDeny(now, list)
		x.learn(changes)
		slices.SortFunc(list, netip.Prefix.Compare)
		x.w.deny = slices.Compact(list)
		x.w.redeny()
		x.ends(changes)
	case "options":
		o := x.options(x.t)
		x.w.step(now)
		changes := x.j.SetOptions(now, o)
		x.learn(changes)
		x.w.setOptions(o)
		x.ends(changes)
	case "restart":
		x.restart()
	case "leak":
		x.leak(now)
	case "advance":
		x.w.step(now)
		x.ends(x.j.Advance(now))
	}
}

// learn tells the twin the ends of new bans.
func (x *world) learn(changes []jail.Change) {
	x.w.untils = map[netip.Prefix]time.Time{}
	for _, c := range changes {
		_, known := x.w.untils[c.Prefix] // a /48 made for want of room may then be what an order or the deny list is about
		if !known && (c.Kind == jail.Banned || c.Kind == jail.Extended) {
			x.w.untils[c.Prefix] = c.Ban.Until
		}
	}
}

func (x *world) judge(now time.Time, v detect.Verdict) {
	x.w.step(now)
	changes := x.j.Judge(now, v)
	x.learn(changes)
	x.w.judge(v)
	x.ends(changes)
}

// flood bans many /64 of a /48.
func (x *world) flood(now time.Time) {
	x.w.step(now)
	x.j.Advance(now)
	x.w.log = nil
	network := rapid.IntRange(0, 1).Draw(x.t, "network")
	exported := rapid.SampledFrom([]int{0, 0, 0, 3}).Draw(x.t, "exported")
	for i := range 66 {
		v := drawVerdict(x.t, netip.PrefixFrom(v6(network, i), 64).Masked())
		v.Jail, v.Enforceable = true, i >= exported
		x.judge(now, v)
	}
}

func (x *world) order(now time.Time) {
	o := jail.Order{
		Prefix: x.prefix(x.t), By: "root",
		For: rapid.SampledFrom([]time.Duration{0, time.Minute, 36 * time.Hour}).Draw(x.t, "for"),
	}
	x.w.step(now)
	changes, err := x.j.Ban(now, o)
	x.learn(changes)
	if ok := x.w.order(o); ok != (err == nil) {
		x.t.Fatalf("ban %v: %v, the twin says %v", o, err, ok)
	}
	x.ends(changes)
}

func (x *world) unblock(now time.Time) {
	list := rapid.SliceOfNDistinct(rapid.Custom(x.prefix), 1, 3, rapid.ID).Draw(x.t, "unblock")
	grace := drawGrace(x.t)
	x.w.step(now)
	u, changes := x.j.Unblock(now, list, grace, "root")
	var done, nothing []netip.Prefix
	for _, p := range list {
		if x.w.unblock(p, grace) {
			done = append(done, p)
		} else {
			nothing = append(nothing, p)
		}
	}
	if diff := cmp.Diff([][]netip.Prefix{done, nothing}, [][]netip.Prefix{u.Done, u.Nothing}, prefixes); diff != "" {
		x.t.Fatalf("unblock (-want +got):\n%s", diff)
	}
	x.ends(slices.DeleteFunc(changes, func(c jail.Change) bool { return !c.Ban.Ended }))
	holds, _ := x.j.Holds()
	for _, h := range holds {
		if slices.ContainsFunc(list, h.Prefix.Overlaps) {
			x.t.Fatalf("%s is held after unblocking %v", h.Prefix, list)
		}
	}
}

func (x *world) leak(now time.Time) {
	addr := rapid.SampledFrom(x.addresses).Draw(x.t, "addr")
	x.w.step(now)
	x.ends(x.j.Advance(now))
	got, want := x.j.Leaks(addr, now), false
	for _, b := range x.w.bans {
		if x.w.o.Observe || b.observed || !b.prefix.Contains(addr) || now.Sub(b.start) <= 5*time.Second {
			continue
		}
		p := netip.PrefixFrom(addr, addr.BitLen())
		if !twinFull(b.except, p) && !twinFull(x.w.exempt(), p) {
			b.leaked = true
			want = want || !b.exported
		}
	}
	if got != want {
		x.t.Fatalf("Leaks(%s) = %v", addr, got)
	}
}
