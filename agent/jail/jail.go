// Package jail turns verdicts and people's orders into bans: stages, evidence that ends with the ban, the allowlist, rails, grace.
// It has no clock, no file and no firewall; it says what the firewall shall hold and what has changed.
package jail

import (
	"net/netip"
	"time"

	"cidrx/detect"
)

// Options are the [jail] section.
type Options struct {
	Stages       []time.Duration // at least one
	ForgetAfter  time.Duration
	UnblockGrace time.Duration
	MaxPrefix4   int // nothing wider is banned
	MaxPrefix6   int
	MaxBans      int
	BanPrivate   bool
	Observe      bool // bans are observed: nothing is handed to the firewall, nothing escalates
}

// Ban is one active or ended ban.
type Ban struct {
	Prefix   netip.Prefix
	Except   []netip.Prefix // carved out of it by an unblock, sorted; the allowlist is not repeated here
	Start    time.Time
	Until    time.Time // when it ends or ended; zero: as long as it is on the deny list
	Stage    int       // index into Options.Stages; -1 for manual and deny-list bans
	Origin   Origin
	Reasons  []string // newest last, at most 8, distinct
	By       string   // who ordered a manual ban
	Evidence detect.Evidence
	Observed bool // made in observe mode
	Exported bool // the kernel never sees these clients' packets: not handed to the firewall
	Ended    bool
}

// Origin says where a ban comes from.
type Origin uint8

const (
	Detected Origin = iota
	Manual
	DenyList
)

// Hold is one prefix that the firewall shall hold.
type Hold struct {
	Prefix netip.Prefix
	Until  time.Time // zero: for ever, as far as the jail knows
}

// Change is one thing that happened to a ban, for the audit trail, the log and the engine.
type Change struct {
	At     time.Time
	Kind   ChangeKind
	Prefix netip.Prefix
	Ban    Ban    // as it is after the change, where there is one
	Reason string // why
	By     string // who, for orders
}

// ChangeKind is what happened. Its String is the event name of the audit trail.
type ChangeKind string

const (
	Banned   ChangeKind = "ban"     // a new ban
	Extended ChangeKind = "extend"  // an existing one was made longer by hand, or replaced by a wider one
	Unbanned ChangeKind = "unban"   // ended: by its time, by hand, by the allowlist, by eviction (Reason says which)
	Refused  ChangeKind = "refused" // a verdict that the rails or a grace stopped
)
