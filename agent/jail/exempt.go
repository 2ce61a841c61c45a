package jail

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/gaissmai/bart"
)

// fixed is never banned, on any host.
var fixed = []Protected{
	{Prefix: netip.MustParsePrefix("0.0.0.0/8"), Why: "unspecified (this network)"},
	{Prefix: netip.MustParsePrefix("127.0.0.0/8"), Why: "loopback"},
	{Prefix: netip.MustParsePrefix("169.254.0.0/16"), Why: "link-local"},
	{Prefix: netip.MustParsePrefix("224.0.0.0/4"), Why: "multicast"},
	{Prefix: netip.MustParsePrefix("255.255.255.255/32"), Why: "broadcast"},
	{Prefix: netip.MustParsePrefix("::/128"), Why: "unspecified"},
	{Prefix: netip.MustParsePrefix("::1/128"), Why: "loopback"},
	{Prefix: netip.MustParsePrefix("fe80::/10"), Why: "link-local"},
	{Prefix: netip.MustParsePrefix("ff00::/8"), Why: "multicast"},
}

// private is never banned unless Options.BanPrivate (RFC 1918, RFC 6598, RFC 4193).
var private = []Protected{
	{Prefix: netip.MustParsePrefix("10.0.0.0/8"), Why: "private (banPrivate is off)"},
	{Prefix: netip.MustParsePrefix("172.16.0.0/12"), Why: "private (banPrivate is off)"},
	{Prefix: netip.MustParsePrefix("192.168.0.0/16"), Why: "private (banPrivate is off)"},
	{Prefix: netip.MustParsePrefix("100.64.0.0/10"), Why: "shared address space (banPrivate is off)"},
	{Prefix: netip.MustParsePrefix("fc00::/7"), Why: "private (banPrivate is off)"},
}

// exempt is what must not be banned. It is built anew whenever one of its lists changes.
type exempt struct {
	allow     []AllowEntry
	protected []Protected
	next      time.Time      // when the first entry of either list ends; zero: none does
	list      []netip.Prefix // all of it, merged and sorted
	set       *bart.Lite     // list
}

// newExempt is the built-in part.
func (j *Jail) newExempt() exempt {
	x := exempt{set: new(bart.Lite)}
	x.build(nil, nil, j.o.BanPrivate)
	return x
}

func (x *exempt) build(allow []AllowEntry, protected []Protected, banPrivate bool) {
	*x = exempt{allow: allow, protected: protected, set: new(bart.Lite)}
	var all []netip.Prefix
	for _, e := range allow {
		all = append(all, e.Prefix)
		x.ends(e.Until)
	}
	for _, e := range protected {
		all = append(all, e.Prefix)
		x.ends(e.Until)
	}
	for _, e := range builtIn(banPrivate) {
		all = append(all, e.Prefix)
	}
	x.list = merged(all)
	for _, p := range x.list {
		x.set.Insert(p)
	}
}

func (x *exempt) ends(until time.Time) {
	if !until.IsZero() && (x.next.IsZero() || until.Before(x.next)) {
		x.next = until
	}
}

func builtIn(banPrivate bool) []Protected {
	if banPrivate {
		return fixed
	}
	return append(slices.Clone(fixed), private...)
}

// Exempt says whether addr is on the allowlist or never banned: such clients count only in totals. It is asked once per event. IPv4-mapped
// addresses must have been unmapped.
func (j *Jail) Exempt(addr netip.Addr) bool { return j.exempt.set.Contains(addr) }

// exemption says why all of p is exempt, and how its bans end. Empty: it is not.
func (j *Jail) exemption(p netip.Prefix) (why string, ending Ending) {
	if !j.exempt.set.LookupPrefix(p) {
		return "", ""
	}
	if e := j.allowing(p); e.Prefix.IsValid() {
		return "on the allowlist: " + e.text(), ByAllowlist
	}
	if e := j.protecting(p); e.Prefix.IsValid() {
		return "never banned: " + e.Why, ByProtected
	}
	return "all of it is on the allowlist or never banned", ByAllowlist
}

func (e AllowEntry) text() string {
	if e.Note == "" {
		return e.Prefix.String()
	}
	return e.Prefix.String() + ", " + e.Note
}

// allowing is the narrowest entry of the allowlist that covers p; the zero entry if none does.
func (j *Jail) allowing(p netip.Prefix) (found AllowEntry) {
	for _, e := range j.exempt.allow {
		if covers(e.Prefix, p) && (!found.Prefix.IsValid() || e.Prefix.Bits() > found.Prefix.Bits()) {
			found = e
		}
	}
	return found
}

// protecting is the narrowest never banned prefix that covers p; the zero value if none does.
func (j *Jail) protecting(p netip.Prefix) (found Protected) {
	for _, e := range append(builtIn(j.o.BanPrivate), j.exempt.protected...) {
		if covers(e.Prefix, p) && (!found.Prefix.IsValid() || e.Prefix.Bits() > found.Prefix.Bits()) {
			found = e
		}
	}
	return found
}

// SetAllow replaces the allowlist, configured and run-time together. Entries that are no network, or have ended, are left out; those with
// an end go by themselves. What is newly allowed is free at once: bans inside it end, wider ones are carved around it.
func (j *Jail) SetAllow(now time.Time, entries []AllowEntry) []Change {
	changes := j.tick(now)
	var kept []AllowEntry
	for _, e := range entries {
		if p, ok := j.admit(e.Prefix, e.Until); ok {
			e.Prefix = p
			kept = append(kept, e)
		}
	}
	slices.SortStableFunc(kept, func(a, b AllowEntry) int { return a.Prefix.Compare(b.Prefix) })
	if !slices.Equal(kept, j.exempt.allow) {
		changes = append(changes, j.setExempt(kept, j.exempt.protected)...)
	}
	return append(changes, j.reconcile()...)
}

// SetProtected replaces what is never banned beyond the built-in ranges, on the same terms as SetAllow.
func (j *Jail) SetProtected(now time.Time, entries []Protected) []Change {
	changes := j.tick(now)
	var kept []Protected
	for _, e := range entries {
		if p, ok := j.admit(e.Prefix, e.Until); ok {
			e.Prefix = p
			kept = append(kept, e)
		}
	}
	slices.SortStableFunc(kept, func(a, b Protected) int { return a.Prefix.Compare(b.Prefix) })
	if !slices.Equal(kept, j.exempt.protected) { // it is set again and again, and seldom differs
		changes = append(changes, j.setExempt(j.exempt.allow, kept)...)
	}
	return append(changes, j.reconcile()...)
}

// admit says whether an entry holds. Of one that ended while nobody looked, requests until then stay out of the counts.
func (j *Jail) admit(p netip.Prefix, until time.Time) (netip.Prefix, bool) {
	p, ok := normal(p)
	if ok && !lasts(until, j.now) {
		j.forgetBefore(p, until)
		return p, false
	}
	return p, ok
}

func lasts(until, now time.Time) bool { return until.IsZero() || until.After(now) }

// AllowEntries are the entries of the allowlist that have not ended, sorted. They must not be written to.
func (j *Jail) AllowEntries() []AllowEntry { return j.exempt.allow }

// ProtectedEntries are what SetProtected gave, less what has ended, sorted. They must not be written to.
func (j *Jail) ProtectedEntries() []Protected { return j.exempt.protected }

// BuiltIn are the ranges that are never banned on any host.
func (j *Jail) BuiltIn() []Protected { return builtIn(j.o.BanPrivate) }

// expireExempt drops the entries that have ended.
func (j *Jail) expireExempt() []Change {
	var allow []AllowEntry
	var changes []Change
	for _, e := range j.exempt.allow {
		if lasts(e.Until, j.now) {
			allow = append(allow, e)
			continue
		}
		changes = append(changes, Change{At: e.Until, Kind: Allowed, Prefix: e.Prefix, Reason: "the entry of the allowlist has ended: " + e.text()})
	}
	protected := slices.DeleteFunc(slices.Clone(j.exempt.protected), func(e Protected) bool { return !lasts(e.Until, j.now) })
	return append(changes, j.setExempt(allow, protected)...)
}

// setExempt builds the exempt set anew and does what follows from the difference.
func (j *Jail) setExempt(allow []AllowEntry, protected []Protected) []Change {
	before := j.exempt
	j.exempt.build(allow, protected, j.o.BanPrivate)
	gone, come := difference(before.list, j.exempt.list)
	for _, p := range gone {
		j.firewall.touch(p)
		if !j.exempt.set.LookupPrefix(p) {
			j.forgetBefore(p, j.now) // while exempt its clients counted in totals only, and that must stay so when logs are read again
		}
	}
	var changes []Change
	for _, p := range come {
		j.firewall.touch(p)
		if before.set.LookupPrefix(p) {
			continue
		}
		for _, b := range j.inside(p) {
			_, ending := j.exemption(b.Prefix)
			changes = append(changes, j.end(b, j.now, ending, ""))
		}
		changes = append(changes, Change{At: j.now, Kind: Forgot, Prefix: p, Reason: "exempt from now on"})
	}
	return changes
}

// difference compares two sorted lists.
func difference(before, after []netip.Prefix) (gone, come []netip.Prefix) {
	for len(before) > 0 && len(after) > 0 {
		switch c := before[0].Compare(after[0]); cmp.Compare(c, 0) {
		case -1:
			gone, before = append(gone, before[0]), before[1:]
		case 1:
			come, after = append(come, after[0]), after[1:]
		default:
			before, after = before[1:], after[1:]
		}
	}
	return append(gone, before...), append(come, after...)
}
