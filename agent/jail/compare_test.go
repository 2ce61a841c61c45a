package jail_test

import (
	"fmt"
	"net/netip"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cidrx/agent/jail"
)

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
	x.checkHolders(holds)
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

// checkHolders: what is held counts for the narrowest ban in force around it, and a ban is within what is held if that is wider.
func (x *world) checkHolders(holds []jail.Hold) {
	active := x.j.Active()
	for _, h := range holds {
		var want netip.Prefix
		for _, b := range active { // widest first
			in := func(p netip.Prefix) bool { return p.Bits() <= h.Prefix.Bits() && p.Contains(h.Prefix.Addr()) }
			if in(b.Prefix) && !b.Observed && !b.Exported && !slices.ContainsFunc(b.Except, in) {
				want = b.Prefix
			}
		}
		if got, ok := x.j.Holder(h.Prefix); !ok || got != want {
			x.t.Fatalf("%s counts for %s (%v), want %s\nbans %s", h.Prefix, got, ok, want, x.w.text())
		}
	}
	for _, b := range active {
		i := slices.IndexFunc(holds, func(h jail.Hold) bool { return h.Prefix.Bits() < b.Prefix.Bits() && h.Prefix.Contains(b.Prefix.Addr()) })
		if got, ok := x.j.HeldWithin(b.Prefix); ok != (i >= 0) || ok && got != holds[i].Prefix {
			x.t.Fatalf("%s is within %s (%v)\nholds %v", b.Prefix, got, ok, holds)
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
