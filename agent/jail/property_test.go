package jail_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"sort"
	"strings"
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

type disk struct {
	bans, ended map[netip.Prefix]jail.Ban
	graces      map[netip.Prefix]jail.Grace
}

func save[V any](m map[netip.Prefix]V, entries []jail.Entry[V]) {
	for _, e := range entries {
		if delete(m, e.Prefix); e.Value != nil {
			m[e.Prefix] = *e.Value
		}
	}
}

// universe is a few addresses, the prefixes around them that things happen to, and how full it may get.
type universe struct {
	addresses []netip.Addr
	bits      func(netip.Addr) []int
	maxBans   []int
	steps     int // at most
	checks    int // how often rapid's number of checks is run
}

func v4(c, d int) netip.Addr { return netip.AddrFrom4([4]byte{198, 51, byte(c), byte(d)}) }

func v6(network, host int) netip.Addr {
	return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 5: byte(network), 7: byte(host), 15: 1})
}

// wide has 10 bits of IPv4 in four /24, 64 /64 in each of two /48, some hosts behind NAT64 and some private ones.
func wide() *universe {
	u := &universe{maxBans: []int{4, 12, 70, 1000}, steps: 60, checks: 1}
	for i := range 1024 {
		u.addresses = append(u.addresses, v4(100+i/256, i))
	}
	for i := range 128 {
		u.addresses = append(u.addresses, v6(i/64, i%64))
	}
	for i := range 16 {
		u.addresses = append(u.addresses, netip.AddrFrom16([16]byte{0, 0x64, 0xff, 0x9b, 12: 198, 13: 51, 14: 100, 15: byte(i)}))
		u.addresses = append(u.addresses, netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}))
	}
	u.bits = func(addr netip.Addr) []int {
		switch {
		case netip.MustParsePrefix("64:ff9b::/96").Contains(addr):
			return []int{128, 128, 126, 124}
		case addr.Is6():
			return []int{64, 64, 64, 63, 62, 61, 60, 58, 56, 48, 47, 46}
		}
		return []int{32, 32, 32, 31, 30, 29, 28, 27, 26, 25, 24, 24, 23, 22, 21}
	}
	return u
}

// narrow has four addresses, so that things happen to the same ones again and again.
func narrow() *universe {
	u := &universe{maxBans: []int{2, 3, 50}, steps: 60, checks: 10}
	for i := range 4 {
		u.addresses = append(u.addresses, v4(100, i))
	}
	u.bits = func(netip.Addr) []int { return []int{32, 32, 31, 30} }
	return u
}

// crowd has two /48 with so many banned /64 that there is hardly room for more.
func crowd() *universe {
	u := &universe{maxBans: []int{66, 68, 100, 133}, steps: 25, checks: 1}
	for i := range 160 {
		u.addresses = append(u.addresses, v6(i/80, i%80))
	}
	u.bits = func(netip.Addr) []int { return []int{64, 64, 64, 64, 63, 60, 48} }
	return u
}

func (u *universe) prefix(t *rapid.T) netip.Prefix {
	addr := rapid.SampledFrom(u.addresses).Draw(t, "addr")
	return netip.PrefixFrom(addr, rapid.SampledFrom(u.bits(addr)).Draw(t, "bits")).Masked()
}

func (u *universe) options(t *rapid.T) jail.Options {
	return jail.Options{
		Stages:      rapid.SampledFrom([][]time.Duration{{10 * time.Minute, time.Hour, 12 * time.Hour}, {time.Minute}, {5 * time.Minute, 30 * time.Minute}}).Draw(t, "stages"),
		ForgetAfter: rapid.SampledFrom([]time.Duration{20 * time.Minute, 6 * time.Hour, 30 * time.Hour}).Draw(t, "forgetAfter"),
		MaxPrefix4:  rapid.SampledFrom([]int{16, 16, 22, 23, 24}).Draw(t, "maxPrefix4"),
		MaxPrefix6:  rapid.SampledFrom([]int{32, 32, 47, 56}).Draw(t, "maxPrefix6"),
		MaxBans:     rapid.SampledFrom(u.maxBans).Draw(t, "maxBans"),
		BanPrivate:  rapid.Bool().Draw(t, "banPrivate"),
		Observe:     rapid.IntRange(0, 4).Draw(t, "observe") == 0,
	}
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

// time is mostly later, sometimes at an end, sometimes earlier than before.
func (x *world) time() time.Time {
	now := x.w.now
	switch rapid.IntRange(0, 9).Draw(x.t, "clock") {
	case 0:
		return now.Add(-rapid.SampledFrom([]time.Duration{time.Millisecond, 30 * time.Second, time.Hour, 9 * time.Hour}).Draw(x.t, "back"))
	case 1, 2:
		if next, ok := x.j.Next(); ok {
			return next.Add(rapid.SampledFrom([]time.Duration{-1, 0, 1}).Draw(x.t, "off"))
		}
	case 3:
		return now.Add(rapid.SampledFrom([]time.Duration{time.Hour, 7 * time.Hour, 40 * time.Hour, 100 * time.Hour}).Draw(x.t, "far"))
	}
	return now.Add(time.Duration(rapid.IntRange(0, 300).Draw(x.t, "s")) * time.Second)
}

func drawVerdict(t *rapid.T, p netip.Prefix) detect.Verdict {
	hosts := rapid.IntRange(0, 5).Draw(t, "hosts")
	return detect.Verdict{
		Prefix: p, Jail: rapid.IntRange(0, 19).Draw(t, "jail") > 0, Enforceable: rapid.IntRange(0, 5).Draw(t, "enforceable") > 0,
		Needed: 10, Reason: fmt.Sprintf("tier %d", hosts%3),
		Evidence: detect.Evidence{Requests: uint64(rapid.IntRange(40, 60).Draw(t, "requests")), Hosts: hosts},
	}
}

func drawGrace(t *rapid.T) time.Duration {
	return rapid.SampledFrom([]time.Duration{0, time.Minute, time.Hour, 50 * time.Hour}).Draw(t, "grace")
}

func (x *world) entries(now time.Time) []jail.AllowEntry {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) jail.AllowEntry {
		e := jail.AllowEntry{Prefix: x.prefix(t)}
		if rapid.Bool().Draw(t, "ends") {
			e.Until = now.Add(time.Duration(rapid.IntRange(-600, 6000).Draw(t, "until")) * time.Second)
		}
		return e
	}), 0, 4).Draw(x.t, "entries")
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

// restart makes a new jail of what is on the disk, perhaps with a clock that was set back.
func (x *world) restart() {
	back := rapid.SampledFrom([]time.Duration{0, 0, time.Minute, 20 * time.Hour}).Draw(x.t, "back")
	x.w.now = x.w.now.Add(-back)
	now := x.w.now
	j := jail.New(x.w.o)
	first := rapid.Bool().Draw(x.t, "allow first")
	if first {
		j.SetAllow(now, x.w.allow)
		j.SetProtected(now, x.w.protected)
	}
	changes := j.Restore(now, x.disk.snapshot(x.t))
	if !first {
		changes = append(changes, j.SetAllow(now, x.w.allow)...)
		changes = append(changes, j.SetProtected(now, x.w.protected)...)
	}
	changes = append(changes, j.SetDeny(now, x.w.deny)...)
	x.w.restart()
	x.w.step(now)
	x.w.redeny()
	x.ends(changes)
	for _, b := range j.Active() { // evidence that was merely refreshed is not on the disk
		x.w.get(b.Prefix).hosts = b.Evidence.Hosts
	}
	x.j, x.version, x.held, x.copied = j, 0, nil, nil
	x.w.refused = refusals(j.Counts())
}

// restart moves what began in the future to now.
func (w *twin) restart() {
	move := func(first, other *time.Time) {
		if back := first.Sub(w.now); back > 0 {
			*first = first.Add(-back)
			if !other.IsZero() {
				*other = other.Add(-back)
			}
		}
	}
	for _, b := range w.bans {
		move(&b.start, &b.until)
	}
	for p, b := range w.past {
		move(&b.until, &b.start)
		w.past[p] = b
	}
	for p, g := range w.graces {
		move(&g.Since, &g.Until)
		w.graces[p] = g
	}
}

// snapshot is what is on the disk, written and read.
func (d disk) snapshot(t *rapid.T) (s jail.Snapshot) {
	for _, b := range d.bans {
		s.Bans = append(s.Bans, b)
	}
	for _, b := range d.ended {
		s.Ended = append(s.Ended, b)
	}
	for _, g := range d.graces {
		s.Graces = append(s.Graces, g)
	}
	text, err := json.Marshal(s)
	if err == nil {
		s = jail.Snapshot{}
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ends compares the ends that were reported with the twin's.
func (x *world) ends(changes []jail.Change) {
	var got []string
	for _, c := range changes {
		if c.Kind == jail.Unbanned {
			got = append(got, "unban "+c.Prefix.String()+" "+c.Reason)
		}
	}
	slices.Sort(got)
	slices.Sort(x.w.log)
	if diff := cmp.Diff(x.w.log, got); diff != "" && len(got)+len(x.w.log) > 0 {
		x.t.Fatalf("ends (-want +got):\n%s", diff)
	}
	x.w.log = nil
}

// compare compares everything that can be seen.
func (x *world) compare() {
	if x.w.bad != "" {
		x.t.Fatal(x.w.bad)
	}
	holds, version := x.j.Holds()
	x.checkShape(holds)
	x.checkVersion(holds, version)
	x.checkCovered(holds)
	x.checkBans()
	x.checkRails()
	if got := refusals(x.j.Counts()); got != x.w.refused {
		x.t.Fatalf("refused %d, want %d", got, x.w.refused)
	}
	u := x.j.Unsaved()
	save(x.disk.bans, u.Bans)
	save(x.disk.ended, u.Ended)
	save(x.disk.graces, u.Graces)
}

func refusals(c jail.Counts) uint64 { return c.TooWide + c.Exempt + c.Graced + c.Full }

// checkShape: sorted, disjoint, IPv4 first, masked, nothing exempt, nothing wider than the rails.
func (x *world) checkShape(holds []jail.Hold) {
	exempt := x.w.exempt()
	for i, h := range holds {
		if i > 0 && (holds[i-1].Prefix.Compare(h.Prefix) >= 0 || holds[i-1].Prefix.Overlaps(h.Prefix)) {
			x.t.Fatalf("%s before %s", holds[i-1].Prefix, h.Prefix)
		}
		if h.Prefix != h.Prefix.Masked() || x.w.wide(h.Prefix) || slices.ContainsFunc(exempt, h.Prefix.Overlaps) {
			x.t.Fatalf("%s is held", h.Prefix)
		}
		if !h.Until.IsZero() && !h.Until.After(x.w.now) {
			x.t.Fatalf("%s is held until %s, and it is %s", h.Prefix, h.Until, x.w.now)
		}
	}
}

// checkVersion: the number changes exactly with the list, and a list that was handed out is never written to.
func (x *world) checkVersion(holds []jail.Hold, version uint64) {
	if same := slices.Equal(holds, x.copied); same != (version == x.version) {
		x.t.Fatalf("version %d after %d, the list is the same: %v", version, x.version, same)
	}
	if !slices.Equal(x.held, x.copied) {
		x.t.Fatal("the list that was handed out has been written to")
	}
	x.version, x.held, x.copied = version, holds, slices.Clone(holds)
}

// checkCovered: now and at every end to come, what is held, if nobody calls again, is what the twin's bans cover.
func (x *world) checkCovered(holds []jail.Hold) {
	times := []time.Time{x.w.now}
	for _, b := range x.w.bans {
		if !b.until.IsZero() {
			times = append(times, b.until.Add(-1), b.until)
		}
	}
	step := max(1, len(times)/6)
	for _, addr := range x.addresses {
		i := sort.Search(len(holds), func(i int) bool { return addr.Less(holds[i].Prefix.Addr()) })
		var in *jail.Hold
		if i > 0 && holds[i-1].Prefix.Contains(addr) {
			in = &holds[i-1]
		}
		bans := x.w.held(addr)
		for k := 0; k < len(times); k += step {
			at := times[k]
			got := in != nil && (in.Until.IsZero() || in.Until.After(at))
			want := slices.ContainsFunc(bans, func(b *twinBan) bool { return b.until.IsZero() || b.until.After(at) })
			if got != want {
				x.t.Fatalf("%s at %s: held %v, want %v\nholds %v\nbans %s", addr, at, got, want, holds, x.w.text())
			}
		}
	}
}

func (w *twin) text() string {
	var s strings.Builder
	for _, b := range w.bans {
		fmt.Fprintf(&s, "%+v\n", *b)
	}
	return s.String()
}

var prefixes = cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })

// checkBans: active and ended bans, graces, what is forgotten, and the time of the next end.
func (x *world) checkBans() {
	w := x.w
	w.sort()
	var want, got []string
	for _, b := range w.bans {
		want = append(want, b.line())
	}
	for _, b := range x.j.Active() {
		got = append(got, line(b))
	}
	if diff := differ(want, got); diff != "" {
		x.t.Fatalf("active at %s (-want +got):\n%s", w.now, diff)
	}
	want, got = nil, nil
	for _, b := range w.past {
		want = append(want, b.line())
	}
	for _, b := range x.j.History() {
		got = append(got, line(b))
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := differ(want, got); diff != "" {
		x.t.Fatalf("ended at %s (-want +got):\n%s", w.now, diff)
	}
	x.checkAddress()
}

// differ is cmp.Diff, which takes its time even to find nothing.
func differ(want, got []string) string {
	if slices.Equal(want, got) {
		return ""
	}
	return cmp.Diff(want, got)
}

func (b *twinBan) line() string {
	except := []netip.Prefix{}
	if b.except != nil {
		except = union(b.except)
	}
	return fmt.Sprint(b.prefix, except, b.start.UnixNano(), b.until.UnixNano(), b.stage, b.next, b.origin, b.observed, b.exported, b.leaked, b.ending)
}

func line(b jail.Ban) string {
	return fmt.Sprint(b.Prefix, b.Except, b.Start.UnixNano(), b.Until.UnixNano(), b.Stage, b.Next, b.Origin, b.Observed, b.Exported, b.Leaked, b.Ending)
}

// checkAddress asks about one address.
func (x *world) checkAddress() {
	addr := rapid.SampledFrom(x.addresses).Draw(x.t, "ask")
	p := netip.PrefixFrom(addr, addr.BitLen())
	if got, want := x.j.Exempt(addr), twinFull(x.w.exempt(), p); got != want {
		x.t.Fatalf("Exempt(%s) = %v", addr, got)
	}
	at := x.w.now.Add(-time.Duration(rapid.IntRange(0, 3600).Draw(x.t, "ago")) * time.Second)
	if got, want := x.j.Forgotten(addr, at), x.w.forgotten(addr, at); got != want {
		x.t.Fatalf("Forgotten(%s, %s) = %v", addr, at, got)
	}
	var next time.Time
	sooner := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for _, b := range x.w.bans {
		sooner(b.until)
	}
	for _, e := range x.w.allow {
		sooner(e.Until)
	}
	for _, e := range x.w.protected {
		sooner(e.Until)
	}
	if got, _ := x.j.Next(); !got.Equal(next) {
		x.t.Fatalf("Next() = %s, want %s", got, next)
	}
}

// checkRails: at most MaxBans, unless those that may not go are more.
func (x *world) checkRails() {
	kept := 0
	for _, b := range x.j.Active() {
		if b.Origin != jail.Detected {
			kept++
		}
		if x.w.wide(b.Prefix) {
			x.t.Fatalf("%s is banned", b.Prefix)
		}
	}
	if v4, v6 := x.j.Count(); v4+v6 > max(kept, x.w.o.MaxBans) {
		x.t.Fatalf("%d bans", v4+v6)
	}
}
