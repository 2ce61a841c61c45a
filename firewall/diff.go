package firewall

import (
	"fmt"
	"net/netip"
	"time"
)

// OpKind says what an Op does to its element.
type OpKind uint8

const (
	Remove  OpKind = iota // held, not wanted
	Add                   // wanted, not held
	Refresh               // held with another Until
)

// Op is one step from the held to the wanted state.
type Op struct {
	Element Element // as wanted; for Remove as held
	Kind    OpKind
	Joined  bool // must be in the same commit as the Op before it, or an address that is banned before and after would be free in between
}

// AppendDiff appends to dst what turns have into want, in the order of addresses, and returns it. Both are sorted by address, IPv4 first, and
// disjoint; have is taken to be so, want is checked wherever it differs from have. An element of want whose Until is not after now is not wanted.
//
// A prefix that takes the place of prefixes inside it, or that is carved into some, makes one group of joined Ops.
// The cost is linear: two sorted lists are merged.
func AppendDiff(dst []Op, have, want []Element, now time.Time) ([]Op, error) {
	i, j := 0, 0
	for i < len(have) && j < len(want) {
		h, w := &have[i], &want[j]
		switch {
		case !w.Until.After(now):
			j++
		case h.Prefix == w.Prefix:
			if !h.Until.Equal(w.Until) {
				dst = append(dst, Op{Element: *w, Kind: Refresh})
			}
			i, j = i+1, j+1
		case covers(h.Prefix, w.Prefix):
			var err error
			if dst, j, err = carve(dst, *h, want, j, now); err != nil {
				return dst, err
			}
			i++
		case covers(w.Prefix, h.Prefix):
			if err := checkAt(want, j); err != nil {
				return dst, err
			}
			dst, i = replace(dst, *w, have, i)
			j++
		case h.Prefix.Addr().Less(w.Prefix.Addr()):
			dst = append(dst, Op{Element: *h, Kind: Remove})
			i++
		default:
			if err := checkAt(want, j); err != nil {
				return dst, err
			}
			dst = append(dst, Op{Element: *w, Kind: Add})
			j++
		}
	}
	for ; i < len(have); i++ {
		dst = append(dst, Op{Element: have[i], Kind: Remove})
	}
	return appendRest(dst, want, j, now)
}

// carve removes a held prefix and adds all wanted ones inside it, from want[j] on.
func carve(dst []Op, parent Element, want []Element, j int, now time.Time) ([]Op, int, error) {
	dst = append(dst, Op{Element: parent, Kind: Remove})
	for ; j < len(want) && covers(parent.Prefix, want[j].Prefix); j++ {
		if err := checkAt(want, j); err != nil {
			return dst, j, err
		}
		if want[j].Until.After(now) {
			dst = append(dst, Op{Element: want[j], Kind: Add, Joined: true})
		}
	}
	return dst, j, nil
}

// replace adds a wanted prefix and removes all held ones inside it, from have[i] on.
func replace(dst []Op, parent Element, have []Element, i int) ([]Op, int) {
	dst = append(dst, Op{Element: parent, Kind: Add})
	for ; i < len(have) && covers(parent.Prefix, have[i].Prefix); i++ {
		dst = append(dst, Op{Element: have[i], Kind: Remove, Joined: true})
	}
	return dst, i
}

func appendRest(dst []Op, want []Element, j int, now time.Time) ([]Op, error) {
	for ; j < len(want); j++ {
		if !want[j].Until.After(now) {
			continue
		}
		if err := checkAt(want, j); err != nil {
			return dst, err
		}
		dst = append(dst, Op{Element: want[j], Kind: Add})
	}
	return dst, nil
}

// AppendLive appends the elements of want that end after now to dst, and checks that they are sorted and disjoint: what a kernel holds after it was
// given all of want.
func AppendLive(dst, want []Element, now time.Time) ([]Element, error) {
	for j := range want {
		if err := checkAt(want, j); err != nil {
			return dst, err
		}
		if want[j].Until.After(now) {
			dst = append(dst, want[j])
		}
	}
	return dst, nil
}

// checkAt says whether want[j] is a prefix the kernel can hold, and lies between its neighbours.
func checkAt(want []Element, j int) error {
	p := want[j].Prefix
	if !p.IsValid() || p.Masked() != p || p.Addr().Is4In6() {
		return fmt.Errorf("firewall: element %d of what is wanted, %v: not a masked IPv4 or IPv6 prefix", j, p)
	}
	if j > 0 && !before(want[j-1].Prefix, p) {
		return fmt.Errorf("firewall: what is wanted is not sorted and disjoint: %v, then %v", want[j-1].Prefix, p)
	}
	if j+1 < len(want) && !before(p, want[j+1].Prefix) {
		return fmt.Errorf("firewall: what is wanted is not sorted and disjoint: %v, then %v", p, want[j+1].Prefix)
	}
	return nil
}

// before says whether all of p lies before all of q, both masked.
func before(p, q netip.Prefix) bool {
	return p.Addr().Less(q.Addr()) && !covers(p, q)
}

// covers says whether q lies inside p, or equals it. Both are masked.
func covers(p, q netip.Prefix) bool {
	return p.Bits() <= q.Bits() && p.Contains(q.Addr())
}
