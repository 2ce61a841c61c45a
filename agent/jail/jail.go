// Package jail turns verdicts and people's orders into bans: stages, evidence that ends with the ban, the allowlist, rails, grace.
// It has no clock, no file and no firewall; it says what the firewall shall hold and what has changed.
//
// A Jail belongs to one goroutine. Every method that is given the time first does what that time brings (bans end, entries of the
// allowlist expire), so its changes may begin with some of those. After each batch of calls the owner takes what has come of it: the
// changes go to the audit trail and the engine (Change.Forgets), Unsaved to the state, Holds to the firewall, Next to its timer.
package jail

import (
	"net/netip"
	"time"

	"cidrx/detect"
)

// Options are the [jail] section.
type Options struct {
	Stages       []time.Duration // at least one, each at least a second
	ForgetAfter  time.Duration   // a prefix goes one stage down for each; 0: nothing escalates
	UnblockGrace time.Duration   // not used here: the caller passes the grace with each unblock
	MaxPrefix4   int             // nothing wider is banned
	MaxPrefix6   int
	MaxBans      int // active bans, and as many ended ones that are remembered; 0: DefaultMaxBans
	BanPrivate   bool
	Observe      bool          // bans are observed: nothing is handed to the firewall, nothing escalates
	Window       time.Duration // the longest window of any strategy: ends are remembered at least that long, for Forgotten
}

// DefaultMaxBans is Options.MaxBans where none is given.
const DefaultMaxBans = 100_000

// Ban is one active or ended ban. Its slices are shared and must not be written to.
type Ban struct {
	Prefix   netip.Prefix
	Except   []netip.Prefix // carved out of it by an unblock, or by a grace at its start, sorted; the allowlist is not repeated here
	Start    time.Time
	Until    time.Time // when it ends or ended; zero: as long as it is on the deny list
	Stage    int       // index into Options.Stages; -1 for manual and deny-list bans
	Origin   Origin
	Reasons  []string // newest last, at most 8, distinct
	By       string   // who ordered a manual ban
	Evidence detect.Evidence
	Observed bool // made in observe mode
	Exported bool // the kernel never sees these clients' packets: not handed to the firewall
	Leaked   bool // its clients still showed up in the logs long after its start: it does not escalate
	Ended    bool
	Ending   Ending // why it ended
	Next     int    // of an ended ban: the stage of the next one at or inside its prefix; one less for each Options.ForgetAfter since
}

// Origin says where a ban comes from.
type Origin uint8

const (
	Detected Origin = iota
	Manual
	DenyList
)

// Ending says why a ban ended. It is the Reason of the change that reports it.
type Ending string

const (
	ByTime      Ending = "its time is over"
	ByUnblock   Ending = "unblocked"
	ByAllowlist Ending = "on the allowlist"
	ByProtected Ending = "never banned"                // its addresses became protected
	ByRoom      Ending = "no room: over maxBans"       // the lowest stage with the shortest rest went first
	ByWider     Ending = "replaced by a wider ban"     // many /64 became their /48
	ByDelisting Ending = "no longer on the deny list"  //
	ByRails     Ending = "wider than maxPrefix allows" // after a reload
	ByEnforcing Ending = "only observed"               // observed bans are thrown away when enforcing begins
)

// NotBanned is the Reason of the Unbanned change of an unblock that found nothing to lift.
const NotBanned = "unblocked; it was not banned"

// Change is one thing that happened to a ban, for the audit trail, the log and the engine.
type Change struct {
	At     time.Time
	Kind   ChangeKind
	Prefix netip.Prefix // what it is about; of a carve-out the part that was carved out of Ban.Prefix
	Ban    Ban          // as it is after the change, where there is one
	Reason string       // why
	By     string       // who, for orders
}

// Forgets says whether the requests made inside Prefix until At leave the counts of every strategy.
func (c Change) Forgets() bool { return c.Kind == Unbanned || c.Kind == Forgot }

// ChangeKind is what happened. Its String is the event name of the audit trail.
type ChangeKind string

const (
	Banned   ChangeKind = "ban"     // a new ban, or one that was only exported came into force
	Extended ChangeKind = "extend"  // an existing one got another end by hand or by the deny list, or those inside were replaced by a wider one
	Unbanned ChangeKind = "unban"   // ended: by its time, by hand, by the allowlist, by eviction (Reason says which); carved out; or unblocked without a ban
	Refused  ChangeKind = "refused" // a verdict that the rails or a grace stopped; of one prefix at most one in ten minutes
	Allowed  ChangeKind = "allow"   // an entry of the allowlist ended by its time
	Forgot   ChangeKind = "forget"  // not for the audit trail: requests inside Prefix leave the counts, because it is exempt from now on or was unblocked
)

// Grace protects a prefix after an unblock: until Until a verdict on it needs five times the requests. What was requested inside it
// until Since does not count. Until is not after Since where only that matters.
type Grace struct {
	Prefix netip.Prefix
	Since  time.Time
	Until  time.Time
	By     string // who unblocked it
}

// AllowEntry is an entry of the allowlist.
type AllowEntry struct {
	Prefix netip.Prefix
	Until  time.Time // zero: until removed
	Note   string
	Origin string // where it is written down: "run-time", or a file
}

// Protected is a prefix of this host's own that is never banned.
type Protected struct {
	Prefix netip.Prefix
	Why    string    // "default gateway"
	Until  time.Time // zero: until the next SetProtected
}
