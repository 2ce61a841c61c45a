//go:build linux

package nftables_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"cidrx/firewall"
	"cidrx/firewall/netlab"
	"cidrx/firewall/nftables"

	gocmp "github.com/google/go-cmp/cmp"
)

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

// vandalise does something to the table that the Firewall is to notice when it is told of it.
func vandalise(t *testing.T, r *rand.Rand, ns *netlab.Namespace) {
	t.Helper()
	commands := []string{"flush ruleset", "flush set inet cidrx host4", "flush set inet cidrx net6", "flush chain inet cidrx early",
		"add element inet cidrx host4 { 203.0.113.77 }", "add element inet cidrx host6 { 2001:db8:9:: timeout 5s }"}
	nft(t, ns, commands[r.IntN(len(commands))])
}

// TestRandomStates takes the kernel and the fake through the same states, and has nft say what the kernel holds.
func TestRandomStates(t *testing.T) {
	for name, old := range map[string]bool{"": false, "as on an old kernel": true} {
		for seed := range uint64(6) {
			t.Run(fmt.Sprint(seed, name), func(t *testing.T) {
				lab := netlab.New()
				t.Cleanup(func() { check(t, lab.Close()) })
				ns := host(t, lab, "edge")
				randomStates(t, rand.New(rand.NewPCG(seed, 1)), ns, old)
			})
		}
	}
}

func randomStates(t *testing.T, r *rand.Rand, ns *netlab.Namespace, old bool) {
	begin := func() (*nftables.Firewall, *firewall.Fake) {
		f := open(t, ns, nftables.Options{ProtectOutbound: r.IntN(2) == 0})
		if old {
			f.OldKernel()
		}
		return f, firewall.NewFake(time.Now)
	}
	f, fake := begin()
	now := time.Now()
	for range 12 {
		switch r.IntN(8) {
		case 0:
			check(t, f.Close())
			f, fake = begin()
		case 1:
			if fake.Commits() > 0 {
				vandalise(t, r, ns)
				f.Distrust()
				fake.Flush("nft[1]")
			}
		}
		w := randomWant(r, now)
		got, want := sync(t, f, w), sync(t, fake, w)
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("result (-fake +kernel)\n%s", diff)
		}
		sameAsFake(t, ns, fake)
		if t.Failed() {
			t.Fatalf("wanted: %v", w)
		}
	}
}

func sameAsFake(t *testing.T, ns *netlab.Namespace, fake *firewall.Fake) {
	t.Helper()
	w := firewall.Want{Elements: fake.Elements()}
	for _, p := range fake.Allowed() { // nft lists the widest only: no interval set holds more
		if n := len(w.Allow); n == 0 || !w.Allow[n-1].Overlaps(p) {
			w.Allow = append(w.Allow, p)
		}
	}
	holds(t, ns, w)
}
