package explore

import (
	"net/netip"

	"cidrx/cmd/internal/term"
)

// finding is how a prefix lies to the ranges that were found.
type finding struct {
	by     string       // the tiers that found it; empty: none found just this
	around netip.Prefix // the narrowest range found that holds it, if none found just this
	tiers  string       // that found around
	holds  int          // ranges found in it, if none holds it
}

// findingOf looks a prefix up in a list sorted by address.
func findingOf(list []found, prefix netip.Prefix) finding {
	var f finding
	for i := range list {
		switch one := &list[i]; {
		case one.Prefix == prefix:
			return finding{by: one.names()}
		case !one.Prefix.Overlaps(prefix):
		case one.Prefix.Bits() > prefix.Bits():
			f.holds++
		case !f.around.IsValid() || one.Prefix.Bits() > f.around.Bits():
			f.around, f.tiers = one.Prefix, one.names()
		}
	}
	return f
}

// line says it in a few words.
func (f finding) line() string {
	switch {
	case f.by != "":
		return term.Faint("tier ") + f.by
	case f.holds > 0:
		return term.Faint("holds ") + term.Plural(f.holds, "range")
	}
	return term.Faint("found by no tier")
}

// inside names the range around, which needs a line of its own; empty: there is none.
func (f finding) inside() string {
	if !f.around.IsValid() {
		return ""
	}
	return term.Faint("inside ") + f.around.String() + term.Faint(", found by tier ") + f.tiers
}
