// Package control is the agent's control socket: its wire types, its server and its client. It knows no other package of ours; the
// agent translates.
package control

import (
	"context"
	"net/netip"
	"time"
)

// Status is the answer to GET /v1/status.
type Status struct {
	State      string      `json:"state"` // "enforcing", "observing", "broken"
	Why        string      `json:"why"`   // what is broken and the next step; else empty
	Mode       string      `json:"mode"`  // "observe", "enforce"
	ConfirmBy  *time.Time  `json:"confirm_by,omitempty"`
	Version    string      `json:"version"`
	UptimeS    int64       `json:"uptime_s"`
	Backend    string      `json:"backend"`
	Sources    []Source    `json:"sources"`
	Strategies []Strategy  `json:"strategies"`
	Bans       BanCount    `json:"bans"`
	Kernel     Kernel      `json:"kernel"`
	Protected  []Protected `json:"protected"`
	Evictions  []Count     `json:"evictions,omitempty"` // what was dropped for want of room, by kind; only what happened
	Limits     []Limit     `json:"limits,omitempty"`    // what is bounded, and how much of it is used
}

// Source is one log source in Status.
type Source struct {
	Name       string   `json:"name"`
	Path       string   `json:"path"`
	Lines      uint64   `json:"lines"`
	Failed     uint64   `json:"failed"`
	Ignored    uint64   `json:"ignored"`
	Cut        uint64   `json:"cut"`
	LagS       float64  `json:"lag_s"`
	OffsetS    int64    `json:"offset_s,omitempty"`   // steady difference between log time and arrival that is being corrected
	Trusted    bool     `json:"trusted"`              // false: this source can only observe
	Error      string   `json:"error"`                // empty: all is well
	Note       string   `json:"note,omitempty"`       // what may be amiss although it is read
	Unparsable []string `json:"unparsable,omitempty"` // up to three lines that did not parse, with why
}

// OnlyObserved begins, in Source.Error, why a source is not trusted.
const OnlyObserved = "only observed: "

// Strategy is one strategy in Status.
type Strategy struct {
	Name      string  `json:"name"`
	Requests  uint64  `json:"requests"`  // within the window
	Addresses int     `json:"addresses"` // within the window
	WindowS   float64 `json:"window_s"`  // effective length
	Verdicts  uint64  `json:"verdicts"`  // since the start
}

// BanCount counts active bans by family.
type BanCount struct {
	IPv4 int `json:"ipv4"`
	IPv6 int `json:"ipv6"`
}

// Kernel is what the firewall holds and has done.
type Kernel struct {
	Elements       int    `json:"elements"`
	Drift          int    `json:"drift"` // wanted but not confirmed, or the other way round
	DroppedPackets uint64 `json:"dropped_packets"`
	Repairs        uint64 `json:"repairs"`
}

// Protected is a prefix that is never banned, and why.
type Protected struct {
	Prefix netip.Prefix `json:"prefix"`
	Why    string       `json:"why"`
	Until  *time.Time   `json:"until"` // null: as long as that is so
}

// Count names something that is counted.
type Count struct {
	What string `json:"what"`
	N    uint64 `json:"n"`
}

// Limit is something that is bounded, and how much of it is used.
type Limit struct {
	What  string `json:"what"`
	Now   uint64 `json:"now"`
	Most  uint64 `json:"most"`            // 0: no limit is set
	Bytes bool   `json:"bytes,omitempty"` // the unit; else they are counted
}

// What of the limits that every agent has.
const (
	OpenFiles = "open files"
	Memory    = "memory"
)

// Ban is BAN of the interface contract.
type Ban struct {
	Prefix         netip.Prefix   `json:"prefix"`
	Except         []netip.Prefix `json:"except"`
	Start          time.Time      `json:"start"`
	Until          *time.Time     `json:"until"` // null: as long as it is on the deny list
	RemainingS     int64          `json:"remaining_s"`
	Stage          int            `json:"stage"`
	State          string         `json:"state"` // "in_force", "pending", "observed", "exported", "ended"
	Durable        bool           `json:"durable"`
	Reasons        []string       `json:"reasons"`
	Requests       uint64         `json:"requests"`
	Hosts          int            `json:"hosts"`
	Share          float64        `json:"share"`
	FirstSeen      *time.Time     `json:"first_seen"`
	LastSeen       *time.Time     `json:"last_seen"`
	DroppedPackets uint64         `json:"dropped_packets"`         // by elements of its own: the numbers of several bans can be added up
	DroppedWith    *netip.Prefix  `json:"dropped_with,omitempty"`  // the wider ban that covers it, and that its packets are counted for
	DroppedSince   *time.Time     `json:"dropped_since,omitempty"` // the kernel's counter began then, later than the ban; else with it
	Samples        []string       `json:"samples"`
}

// Why is the answer to GET /v1/why.
type Why struct {
	Address    netip.Addr `json:"address"`
	Allowed    string     `json:"allowed"`   // the allowlist entry that covers it, with its note; else empty
	Protected  string     `json:"protected"` // why it is never banned, or since when it has grace; else empty
	Bans       []Ban      `json:"bans"`
	History    []Ban      `json:"history"`
	Strategies []Standing `json:"strategies"`
	Samples    []string   `json:"samples"`
}

// Standing is how close an address or one of its prefixes is to a tier.
type Standing struct {
	Name        string       `json:"name"`
	Tier        string       `json:"tier"`
	Prefix      netip.Prefix `json:"prefix"`
	Requests    uint64       `json:"requests"`
	Needed      uint64       `json:"needed"`
	Hosts       int          `json:"hosts"`
	HostsNeeded int          `json:"hosts_needed"`
}

// Top is the answer to GET /v1/top: all that a view which is drawn anew every second needs.
type Top struct {
	At        time.Time  `json:"at"`      // the agent's clock
	MayAct    bool       `json:"may_act"` // whoever asks may change things, too
	Status    Status     `json:"status"`
	Hottest   []Hot      `json:"hottest"`    // by strategy as in status, of each the nearest first; at most MaxHottest each
	Dropped   []Count    `json:"dropped"`    // packets dropped, by set, as of DroppedAt
	DroppedAt *time.Time `json:"dropped_at"` // null: nothing was read from the kernel yet
	Tallies   []Tally    `json:"tallies"`    // by strategy as in status
}

// Hot is a prefix that is close to a tier, or beyond it.
type Hot struct {
	Standing
	State string `json:"state"` // of the ban that covers it: "in_force", "pending", "observed", "exported"; empty: none does
}

// MaxHottest is how many prefixes of a strategy are in Top at most.
const MaxHottest = 10

// Tally is what a strategy has counted since the agent started.
type Tally struct {
	Name     string `json:"name"`
	Requests uint64 `json:"requests"`
}

// BanRequest is the body of POST /v1/ban.
type BanRequest struct {
	Prefix netip.Prefix `json:"prefix"`
	ForS   int64        `json:"for_s,omitempty"` // 0: the first stage
	Reason string       `json:"reason,omitempty"`
}

// UnblockRequest is the body of POST /v1/unblock.
type UnblockRequest struct {
	Prefixes []netip.Prefix `json:"prefixes,omitempty"`
	All      bool           `json:"all,omitempty"`
	GraceS   *int64         `json:"grace_s,omitempty"` // nil: as configured
}

// AllowRequest is the body of POST /v1/allow/add and /v1/allow/remove.
type AllowRequest struct {
	Prefix netip.Prefix `json:"prefix"`
	ForS   int64        `json:"for_s,omitempty"` // 0: until removed
	Note   string       `json:"note,omitempty"`
}

// AllowEntry is one entry of the allowlist.
type AllowEntry struct {
	Prefix netip.Prefix `json:"prefix"`
	Until  *time.Time   `json:"until"`
	Note   string       `json:"note"`
	Origin string       `json:"origin"` // "run-time", or the file or section it is configured in
}

// Done is the answer to ban, unblock and allow. Nothing of it holds before the kernel has confirmed it.
type Done struct {
	Done    []netip.Prefix `json:"done"`
	Carved  []Carved       `json:"carved"`
	Nothing []netip.Prefix `json:"nothing"` // there was nothing to do for these

	Listed []netip.Prefix `json:"listed,omitempty"` // unblocked, and on the deny list all the same

	State string     `json:"state,omitempty"` // of a ban: "in_force", "observed", "exported"; empty where it does not apply
	Until *time.Time `json:"until,omitempty"` // of a ban, allowlist entry or grace: when it ends
}

// Carved says that Out was taken out of the wider ban From.
type Carved struct {
	From netip.Prefix `json:"from"`
	Out  netip.Prefix `json:"out"`
}

// ModeRequest is the body of POST /v1/mode.
type ModeRequest struct {
	Mode     string `json:"mode"` // "observe", "enforce"
	Preview  bool   `json:"preview,omitempty"`
	ConfirmS int64  `json:"confirm_s,omitempty"` // go back to observe unless confirmed within it
}

// ModeReply answers POST /v1/mode and /v1/confirm.
type ModeReply struct {
	Mode      string        `json:"mode"`
	Changed   bool          `json:"changed"`
	ConfirmBy *time.Time    `json:"confirm_by,omitempty"`
	Preview   []PreviewItem `json:"preview,omitempty"` // empty where it enforces already
}

// PreviewItem is one ban of observe mode. AtOnce says that enforcing would put it into force: it is on the deny list, or was in force before
// observing began. The others are forgotten when enforcing begins, and banned if they go on: windows are empty then.
type PreviewItem struct {
	Ban
	AtOnce  bool     `json:"at_once"`
	Caution []string `json:"caution"` // reasons to look twice: "logged in from 192.0.2.7 at …", "seen here for 5 days"
}

// ReloadReply answers POST /v1/reload.
type ReloadReply struct {
	Changed []string       `json:"changed"`          // sections that changed
	Lifted  []netip.Prefix `json:"lifted,omitempty"` // on the deny list, but unblocked by hand: they stay so
}

// FlushReply answers POST /v1/flush.
type FlushReply struct {
	Lifted int    `json:"lifted"`
	Mode   string `json:"mode"`
}

// SelftestReply answers POST /v1/selftest.
type SelftestReply struct {
	OK    bool           `json:"ok"`
	Steps []SelftestStep `json:"steps"`
}

// SelftestStep is one step of a self-test.
type SelftestStep struct {
	What string  `json:"what"`
	OK   bool    `json:"ok"`
	MS   float64 `json:"ms"`
	Note string  `json:"note,omitempty"`
}

// Version answers GET /v1/version.
type Version struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
}

// Event is one entry of the audit trail, one JSON line.
type Event struct {
	At     time.Time     `json:"at"`
	Event  string        `json:"event"` // "ban", "extend", "unban", "refused", "allow", "mode", "repair", "leak", "signal", "rule", "reload", "error"
	Prefix *netip.Prefix `json:"prefix,omitempty"`
	Until  *time.Time    `json:"until,omitempty"`
	Stage  *int          `json:"stage,omitempty"`
	State  string        `json:"state,omitempty"` // of a ban: "in_force", "observed", "exported"
	Reason string        `json:"reason,omitempty"`
	By     string        `json:"by,omitempty"`

	Requests uint64   `json:"requests,omitempty"`
	Hosts    int      `json:"hosts,omitempty"`
	Share    float64  `json:"share,omitempty"`
	Samples  []string `json:"samples,omitempty"`
}

// Caller is who is at the other end of the socket, as the kernel says, and the SSH client that they said they come from.
type Caller struct {
	PID, UID, GID int
	Name          string     // user name, or the uid if it has none
	SSHPeer       netip.Addr // far end of the SSH session of the caller; invalid if none
}

// Agent is what the server asks of the agent, from several goroutines at once. Permission has been decided before any of these is
// called, and every request is valid in itself: prefixes are masked and unmapped, durations are not negative and at most MaxDuration,
// texts are one printable line of at most MaxText bytes. An error that wraps ErrInvalid is the caller's mistake (exit code 1, HTTP 400);
// any other is ours (HTTP 500). An *Error carries the next step. The context ends when the caller is gone, and after AnswerTimeout.
type Agent interface {
	Status(context.Context) (Status, error)
	Bans(ctx context.Context, all bool) ([]Ban, error)
	Why(context.Context, netip.Addr) (Why, error)
	Top(context.Context) (Top, error) // MayAct is left to the server
	Ban(context.Context, Caller, BanRequest) (Done, error)
	Unblock(context.Context, Caller, UnblockRequest) (Done, error)
	AllowList(context.Context) ([]AllowEntry, error)
	AllowAdd(context.Context, Caller, AllowRequest) (Done, error)
	AllowRemove(context.Context, Caller, AllowRequest) (Done, error)
	Mode(context.Context, Caller, ModeRequest) (ModeReply, error)
	Confirm(context.Context, Caller) (ModeReply, error)
	Reload(context.Context, Caller) (ReloadReply, error)
	Flush(context.Context, Caller) (FlushReply, error)
	Selftest(context.Context, Caller) (SelftestReply, error)
	Version(context.Context) (Version, error)
	// Events sends the audit trail from its oldest entry kept and, if follow, what is added until ctx is done. send queues; when the
	// reader is slow it may block for up to ReaderPatience, and then it fails and Events shall return that error. So Events must hold
	// no lock and no transaction while it sends.
	Events(ctx context.Context, follow bool, send func(Event) error) error
}
