//go:build linux

package nftables

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"cidrx/firewall"
)

// dumpTries is how often a set is read again when it changes meanwhile.
const dumpTries = 10

// tolerance is how far the end of an element in the kernel may be from what was asked for: timeouts are counted in ticks, and never under
// minTimeout.
const tolerance = minTimeout + 500*time.Millisecond

// readBack replaces what we believe the kernel has by what it has, so that the next difference repairs it. If that is not possible the state
// becomes unknown.
func (f *Firewall) readBack() {
	f.state = unknown
	have, err := f.readElements(banSets...)
	if err != nil {
		f.o.Logger.Warn("nftables: elements cannot be read back; writing everything anew", "error", err)
		if err := f.reopen(); err != nil {
			f.o.Logger.Warn("nftables: no connection", "error", err)
		}
		return
	}
	f.held, f.state, f.anew = settle(have, f.held), verified, true
}

// readElements reads the bans that the kernel has in some sets, sorted. Bans that are in two sets, or in the wrong one, are an error: nothing of
// ours.
func (f *Firewall) readElements(sets ...firewall.Set) ([]firewall.Element, error) {
	have := make([]firewall.Element, 0, len(f.held))
	for _, set := range sets {
		var err error
		if have, err = f.readSet(have, set); err != nil {
			return nil, fmt.Errorf("read set %s: %w", set, err)
		}
	}
	slices.SortFunc(have, byPrefix)
	for i := 1; i < len(have); i++ {
		if have[i-1].Prefix.Overlaps(have[i].Prefix) {
			return nil, fmt.Errorf("%v and %v overlap", have[i-1].Prefix, have[i].Prefix)
		}
	}
	return have, nil
}

// readSet appends the elements of a set, once it could be read without a change in between.
//
// A hash that grows while it is read is such a change, and the kernel does not tell of it: it gives as many elements as there are, but those that it
// has moved since its last message twice or not at all. So an element that comes twice means that another is missing.
func (f *Firewall) readSet(have []firewall.Element, set firewall.Set) ([]firewall.Element, error) {
	first := len(have)
	for try := 1; ; try++ {
		var wrong error
		have = have[:first]
		err := f.writer.eachPrefix(f.o.Table, set, func(p netip.Prefix, d dumped) {
			if firewall.SetOf(p) != set {
				wrong = fmt.Errorf("%v in set %s", p, set)
			}
			have = append(have, firewall.Element{Prefix: p, Until: f.o.Now().Add(d.expires)}) // the time of this moment: reading takes a while
		})
		read := len(have)
		slices.SortFunc(have[first:], byPrefix)
		have = append(have[:first], slices.CompactFunc(have[first:], func(a, b firewall.Element) bool { return a.Prefix == b.Prefix })...)
		changed := errors.Is(err, errInterrupted) || len(have) < read
		if !changed || try == dumpTries {
			return have, errors.Join(err, wrong)
		}
	}
}

func byPrefix(a, b firewall.Element) int { return a.Prefix.Compare(b.Prefix) }

// settle gives the elements read the exact ends that were asked for, where they are close to them.
func settle(have, asked []firewall.Element) []firewall.Element {
	j := 0
	for i := range have {
		for j < len(asked) && asked[j].Prefix.Compare(have[i].Prefix) < 0 {
			j++
		}
		if j < len(asked) && asked[j].Prefix == have[i].Prefix && isClose(asked[j].Until, have[i].Until) {
			have[i].Until = asked[j].Until
		}
	}
	return have
}

func isClose(a, b time.Time) bool { return a.Sub(b).Abs() <= tolerance }

// same says whether the elements read are those held, but for those that end just now.
func same(have, held []firewall.Element, now time.Time) bool {
	ending := func(e firewall.Element) bool { return e.Until.Before(now.Add(tolerance)) }
	have = slices.DeleteFunc(settle(have, held), ending)
	held = slices.DeleteFunc(slices.Clone(held), ending)
	return slices.EqualFunc(have, held, func(a, b firewall.Element) bool { return a.Prefix == b.Prefix && a.Until.Equal(b.Until) })
}

// sameAllow says whether the allowlist in the kernel is the one that was written.
func (f *Firewall) sameAllow() bool {
	var have []netip.Prefix
	for _, set := range allowSets {
		if err := f.writer.eachPrefix(f.o.Table, set, func(p netip.Prefix, _ dumped) { have = append(have, p) }); err != nil {
			return false
		}
	}
	slices.SortFunc(have, netip.Prefix.Compare)
	return slices.Equal(have, widest(f.allow))
}
