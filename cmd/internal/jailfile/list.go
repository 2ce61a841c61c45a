package jailfile

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"go4.org/netipx"

	"cidrx/agent/jail"
)

// banned is what is banned now: what the jail holds, and the deny list less the allowlist. Sorted by address, IPv4 first, and disjoint;
// what is on the deny list has no end.
func banned(holds []jail.Hold, deny, allow []netip.Prefix) ([]jail.Hold, error) {
	listed, err := less(deny, allow)
	if err != nil {
		return nil, err
	}
	var out []jail.Hold
	for _, p := range listed.Prefixes() {
		out = append(out, jail.Hold{Prefix: p})
	}
	for _, h := range holds {
		if !listed.OverlapsPrefix(h.Prefix) {
			out = append(out, h)
			continue
		}
		rest, err := less([]netip.Prefix{h.Prefix}, listed.Prefixes())
		if err != nil {
			return nil, err
		}
		for _, p := range rest.Prefixes() {
			out = append(out, jail.Hold{Prefix: p, Until: h.Until})
		}
	}
	slices.SortFunc(out, func(a, b jail.Hold) int { return a.Prefix.Compare(b.Prefix) })
	return out, nil
}

// less is what is in a and not in b.
func less(a, b []netip.Prefix) (*netipx.IPSet, error) {
	var s netipx.IPSetBuilder
	for _, p := range a {
		s.AddPrefix(p)
	}
	for _, p := range b {
		s.RemovePrefix(p)
	}
	return s.IPSet()
}

// writeList writes one range a line, each behind a comment with the end of its ban. Comments have lines of their own, for the shell
// loops that read such files.
func writeList(w io.Writer, list []jail.Hold, now time.Time) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "# Written by cidrx static at %s. One range a line, each behind the time at which its ban ends.\n", stamp(now))
	for _, h := range list {
		end := "as long as it is on the blacklist"
		if !h.Until.IsZero() {
			end = "until " + stamp(h.Until)
		}
		fmt.Fprintf(out, "# %s\n%s\n", end, h.Prefix)
	}
	return out.Flush()
}

// stamp writes a time in UTC, to the second.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
