//go:build linux

package firewalltest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"cidrx/firewall"
	"cidrx/firewall/netlab"

	gocmp "github.com/google/go-cmp/cmp"
)

// LoneHost makes a host without a network.
func LoneHost(t testing.TB) *netlab.Namespace {
	t.Helper()
	lab := netlab.New()
	t.Cleanup(func() { Check(t, lab.Close()) })
	return Host(t, lab, "edge")
}

// Holds checks that exactly what is wanted is in force, with the timeouts that are left.
func (b Backend) Holds(t testing.TB, ns *netlab.Namespace, w firewall.Want) {
	t.Helper()
	before := time.Now()
	bans, allow := b.Listed(t, ns)
	after := time.Now()
	var wanted, got []netip.Prefix
	for _, e := range w.Elements {
		wanted = append(wanted, e.Prefix)
		expires, slack := bans[e.Prefix], 3*time.Second // whole seconds are printed, and an element is given one at the least
		least, most := e.Until.Sub(after)-slack, e.Until.Sub(before)+slack
		if b.Longest > 0 {
			least, most = min(least, b.Longest-10*time.Minute), min(most, b.Longest) // it may have been given some states ago
		}
		if expires < least || expires > most {
			t.Errorf("%v expires in %v, want %v to %v", e.Prefix, expires, least, most)
		}
	}
	for p := range bans {
		got = append(got, p)
	}
	slices.SortFunc(got, netip.Prefix.Compare)
	if diff := gocmp.Diff(Text(wanted), Text(got)); diff != "" {
		t.Errorf("bans (-want +got)\n%s", diff)
	}
	if diff := gocmp.Diff(Text(w.Allow), Text(allow)); diff != "" {
		t.Errorf("allowlist (-want +got)\n%s", diff)
	}
}

// Text is the prefixes as text.
func Text(prefixes []netip.Prefix) []string {
	var out []string
	for _, p := range prefixes {
		out = append(out, p.String())
	}
	return out
}

// randomWant draws disjoint prefixes from a few places of the address spaces, so that one state often overlaps the next: whole spaces, their ends,
// a /24, a /64.
func randomWant(r *rand.Rand, now time.Time) firewall.Want {
	var w firewall.Want
	for range r.IntN(14) {
		p := randomPrefix(r)
		if slices.ContainsFunc(w.Elements, func(e firewall.Element) bool { return e.Prefix.Overlaps(p) }) {
			continue
		}
		// Some ends are over, some stay the same from state to state.
		ends := []time.Duration{-time.Hour, 0, time.Hour, time.Hour, 2 * time.Hour, 24 * time.Hour, 20 * 365 * 24 * time.Hour}
		w.Elements = append(w.Elements, firewall.Element{Prefix: p, Until: now.Add(ends[r.IntN(len(ends))])})
	}
	slices.SortFunc(w.Elements, func(a, b firewall.Element) int { return a.Prefix.Addr().Compare(b.Prefix.Addr()) })
	for range r.IntN(4) {
		w.Allow = append(w.Allow, randomPrefix(r))
	}
	slices.SortFunc(w.Allow, netip.Prefix.Compare)
	return w
}

func randomPrefix(r *rand.Rand) netip.Prefix {
	places := []struct {
		addr string
		bits []int
		low  int
	}{
		{"203.0.113.0", []int{24, 26, 28, 30, 31, 32, 32, 32}, 256},
		{"255.255.255.0", []int{24, 28, 32}, 256},
		{"0.0.0.0", []int{0, 1, 8, 32}, 4},
		{"2001:db8:0:1::", []int{48, 60, 63, 64, 64, 65, 127, 128}, 8},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ff00", []int{0, 16, 64, 120, 128}, 256},
		{"::", []int{0, 1, 64, 128}, 4},
	}
	place := places[r.IntN(len(places))]
	raw := netip.MustParseAddr(place.addr).AsSlice()
	raw[len(raw)-1] += byte(r.IntN(place.low))
	addr, _ := netip.AddrFromSlice(raw)
	return netip.PrefixFrom(addr, place.bits[r.IntN(len(place.bits))]).Masked()
}

// RandomStates takes the kernel and the fake through the same states, and has the system's own tools say what the kernel holds. vandalise does something to
// it that the Firewall is to notice when it is told of it.
func (b Backend) RandomStates(t *testing.T, vandalise func(t *testing.T, r *rand.Rand, ns *netlab.Namespace)) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			b.randomStates(t, rand.New(rand.NewPCG(seed, 1)), LoneHost(t), vandalise)
		})
	}
}

func (b Backend) randomStates(t *testing.T, r *rand.Rand, ns *netlab.Namespace, vandalise func(*testing.T, *rand.Rand, *netlab.Namespace)) {
	begin := func() (Firewall, *firewall.Fake) {
		return b.Open(t, ns, Options{ProtectOutbound: r.IntN(2) == 0}), firewall.NewFake(time.Now)
	}
	f, fake := begin()
	now := time.Now()
	for range 12 {
		switch r.IntN(8) {
		case 0:
			Check(t, f.Close())
			f, fake = begin()
		case 1:
			if fake.Commits() > 0 {
				vandalise(t, r, ns)
				f.Distrust()
				fake.Flush("nft[1]")
			}
		}
		w := randomWant(r, now)
		got, want := Sync(t, f, w), Sync(t, fake, w)
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("result (-fake +kernel)\n%s", diff)
		}
		b.sameAsFake(t, ns, fake)
		if t.Failed() {
			t.Fatalf("wanted: %v", w)
		}
	}
}

func (b Backend) sameAsFake(t *testing.T, ns *netlab.Namespace, fake *firewall.Fake) {
	t.Helper()
	w := firewall.Want{Elements: fake.Elements()}
	for _, p := range fake.Allowed() { // the widest only: no interval set holds more
		if n := len(w.Allow); n == 0 || !w.Allow[n-1].Overlaps(p) {
			w.Allow = append(w.Allow, p)
		}
	}
	b.Holds(t, ns, w)
}

// WantThatNoKernelHoldsChangesNothing asks for prefixes that overlap.
func (b Backend) WantThatNoKernelHoldsChangesNothing(t *testing.T) {
	ns := LoneHost(t)
	f := b.Open(t, ns, Options{})
	bad := firewall.Want{Elements: append(Ban("203.0.113.0/24").Elements, Ban("203.0.113.7/32").Elements...)}
	if _, err := f.Sync(t.Context(), bad); err == nil {
		t.Error("overlaps are accepted at the start")
	}
	good := Ban("203.0.113.0/24")
	Sync(t, f, good)
	if _, err := f.Sync(t.Context(), bad); err == nil {
		t.Error("overlaps are accepted")
	}
	b.Holds(t, ns, good)
	if r := Sync(t, f, good); r != (firewall.Result{}) {
		t.Errorf("afterwards: %+v", r)
	}
}

// CancelledAndClosed uses what is over.
func (b Backend) CancelledAndClosed(t *testing.T) {
	ns := LoneHost(t)
	f := b.Open(t, ns, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Sync(ctx, Ban("203.0.113.0/24")); !errors.Is(err, context.Canceled) {
		t.Errorf("Sync: %v, want cancelled", err)
	}
	watched := make(chan error)
	go func() { watched <- f.Watch(context.Background(), func(firewall.Drift) {}) }()
	Check(t, f.Close())
	if err := <-watched; err != nil {
		t.Errorf("Watch of a closed one: %v", err)
	}
	if _, err := f.Sync(t.Context(), Ban("203.0.113.0/24")); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Sync: %v, want closed", err)
	}
	if _, err := f.Counters(t.Context()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Counters: %v, want closed", err)
	}
	Check(t, f.Close())
}

// CountersSurviveARefresh shows what Counters promises. renews is false where a refresh begins them anew.
func (b Backend) CountersSurviveARefresh(t *testing.T, renews func(Firewall) bool) {
	n := NewNetwork(t)
	in := Listen(t, n.Edge, To4)
	f := b.Open(t, n.Edge, Options{ProtectOutbound: true})
	w := Ban("203.0.113.0/25", "203.0.113.200/32")
	Sync(t, f, w)
	Dropped(t, n.Attackers, f, in, "203.0.113.7", To4)
	Dropped(t, n.Attackers, f, in, "203.0.113.200", To4)
	for i := range w.Elements {
		w.Elements[i].Until = w.Elements[i].Until.Add(time.Hour)
	}
	if r := Sync(t, f, w); r != (firewall.Result{Refreshed: 2}) {
		t.Errorf("%+v", r)
	}
	b.Holds(t, n.Edge, w)
	if renews(f) && (Drops(t, f, "203.0.113.7") != 1 || Drops(t, f, "203.0.113.200") != 1) {
		t.Error("the counters of refreshed elements are gone")
	}
	c, err := f.Counters(t.Context())
	Check(t, err)
	if c.Sets["host4"] != 1 || c.Sets["net4"] != 1 || len(c.Sets) != 4 {
		t.Errorf("counters of sets: %v", c.Sets)
	}
}

// Many makes hosts and networks that all end in a day or so, spread over the address space.
func Many(hosts, networks int) firewall.Want {
	r := rand.New(rand.NewPCG(1, 2))
	n := hosts + networks
	until := time.Now().Add(24 * time.Hour)
	var w firewall.Want
	step := uint32((1<<32 - 1<<25) / n)
	for i := range n {
		a := 1<<24 + uint32(i)*step
		addr := netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)})
		bits := 32
		if networks > 0 && i%(n/networks) == 0 {
			bits = 24
		}
		w.Elements = append(w.Elements, firewall.Element{Prefix: netip.PrefixFrom(addr, bits).Masked(), Until: until.Add(time.Duration(r.IntN(3600)) * time.Second)})
	}
	return w
}
