package jail

import (
	"errors"
	"net/netip"
	"time"

	"cidrx/detect"
)

// Jail holds the bans.
type Jail struct{}

// New returns an empty jail.
func New(o Options) *Jail { return &Jail{} }

// SetOptions changes the options. When enforcing begins, observed bans are thrown away.
func (j *Jail) SetOptions(now time.Time, o Options) []Change { return nil }

// Judge decides what becomes of a verdict.
func (j *Jail) Judge(now time.Time, v detect.Verdict) []Change { return nil }

// Order is a ban by hand.
type Order struct {
	Prefix netip.Prefix
	For    time.Duration // 0: the first stage
	Reason string
	By     string
}

// Errors of Ban.
var (
	ErrPrefix   = errors.New("not a network")
	ErrTooWide  = errors.New("wider than the rails allow")
	ErrExempt   = errors.New("never banned")
	ErrDuration = errors.New("not a possible length of a ban")
	ErrFull     = errors.New("no room for another ban")
)

// Ban bans by hand. No change and no error: it is on the deny list already.
func (j *Jail) Ban(now time.Time, o Order) ([]Change, error) { return nil, nil }

// Unblocked is what an unblock came to. Each prefix asked for is in Done or in Nothing.
type Unblocked struct {
	Done    []netip.Prefix
	Carved  []Carved
	Nothing []netip.Prefix
}

// Carved says that Out was taken out of the wider ban From.
type Carved struct{ From, Out netip.Prefix }

// Unblock lifts what is equal to or inside prefixes and carves them out of wider bans; they have grace afterwards, banned or not.
func (j *Jail) Unblock(now time.Time, prefixes []netip.Prefix, grace time.Duration, by string) (Unblocked, []Change) {
	return Unblocked{}, nil
}

// UnblockAll lifts all bans.
func (j *Jail) UnblockAll(now time.Time, grace time.Duration, by string) (Unblocked, []Change) {
	return Unblocked{}, nil
}

// SetAllow replaces the allowlist.
func (j *Jail) SetAllow(now time.Time, entries []AllowEntry) []Change { return nil }

// AllowEntries are the entries of the allowlist that have not ended.
func (j *Jail) AllowEntries() []AllowEntry { return nil }

// SetProtected replaces what is never banned beyond the built-in ranges.
func (j *Jail) SetProtected(now time.Time, entries []Protected) []Change { return nil }

// ProtectedEntries are what SetProtected gave, less what has ended.
func (j *Jail) ProtectedEntries() []Protected { return nil }

// SetDeny replaces the deny list.
func (j *Jail) SetDeny(now time.Time, prefixes []netip.Prefix) []Change { return nil }

// Advance does what time brings.
func (j *Jail) Advance(now time.Time) []Change { return nil }

// Next is when Advance has something to do next.
func (j *Jail) Next() (time.Time, bool) { return time.Time{}, false }

// Holds is what the firewall shall hold, and a number that changes whenever it does. The slice is never written to again.
func (j *Jail) Holds() ([]Hold, uint64) { return nil, 0 }

// Exempt says whether addr is on the allowlist or never banned: such clients count only in totals. It is asked once per event.
func (j *Jail) Exempt(addr netip.Addr) bool { return false }

// Stops says whether a ban that is enforced covers addr.
func (j *Jail) Stops(addr netip.Addr) bool { return false }

// Leaks says whether a request of addr at time at came through although a ban had covered it for five seconds, and notes it: a ban
// that does not stop its clients does not escalate.
func (j *Jail) Leaks(addr netip.Addr, at time.Time) bool { return false }

// Forgotten says whether a request of addr at time at was made before the end of a ban, or an unblock, that covered it: when a log is
// read again it does not count.
func (j *Jail) Forgotten(addr netip.Addr, at time.Time) bool { return false }

// Active are the active bans, sorted by prefix.
func (j *Jail) Active() []Ban { return nil }

// Count counts the active bans by family.
func (j *Jail) Count() (ipv4, ipv6 int) { return 0, 0 }

// History is the last ended ban of each prefix that is remembered, sorted by prefix.
func (j *Jail) History() []Ban { return nil }

// Standing is what the jail knows of an address.
type Standing struct {
	Bans      []Ban // active ones whose prefix holds it, widest first; Except says whether it was carved out
	History   []Ban // ended ones
	Grace     Grace // zero: none
	Allowed   AllowEntry
	Protected Protected
}

// Lookup tells what the jail knows of addr.
func (j *Jail) Lookup(addr netip.Addr) Standing { return Standing{} }

// Entry is what is to be saved of a prefix; nil: delete.
type Entry[V any] struct {
	Prefix netip.Prefix
	Value  *V
}

// Unsaved is what changed since it was last asked for and must survive a restart.
type Unsaved struct {
	Bans   []Entry[Ban]
	Ended  []Entry[Ban]
	Graces []Entry[Grace]
}

// Unsaved hands out what is to be saved, once.
func (j *Jail) Unsaved() Unsaved { return Unsaved{} }

// Snapshot is everything that must survive a restart.
type Snapshot struct {
	Bans   []Ban
	Ended  []Ban
	Graces []Grace
}

// Snapshot returns it, sorted by prefix.
func (j *Jail) Snapshot() Snapshot { return Snapshot{} }

// Restore puts back what was saved, into a new jail.
func (j *Jail) Restore(now time.Time, s Snapshot) []Change { return nil }

// Counts is what the jail refused or dropped.
type Counts struct {
	TooWide, Exempt, Graced, Full uint64 // verdicts refused
	Evicted                       uint64 // bans that went for want of room
	Merged                        uint64 // /64 that became their /48 for want of room
	Forgotten                     uint64 // ended bans and graces forgotten before their time, for want of room
	Samples                       uint64 // bans whose sample lines were dropped for want of room
	Cut                           int    // pieces now left open because a carve-out would need too many
}

// Counts reads the counts.
func (j *Jail) Counts() Counts { return Counts{} }
