package state

import (
	"net/netip"
	"time"

	"cidrx/agent/jail"
	"cidrx/agent/tail"
)

// Batch is what shall be on the disk together or not at all. The zero Batch changes nothing. Save copies what it needs: slices that the
// batch points to may be changed afterwards.
type Batch struct {
	// Full says that the batch names everything there is but the audit trail: what else is stored is deleted, and so are earlier
	// batches that could not be written.
	Full bool

	Bans   []Change[jail.Ban] // active bans
	Ended  []Change[jail.Ban] // the last ended ban of a prefix: what escalation and `why` go back to
	Graces []Change[Grace]    // protection after an unblock
	Allow  []Change[Allow]    // the run-time allowlist
	Mode   *Mode              // nil: unchanged

	// Positions replaces all positions of each source it names; an empty list deletes them.
	Positions map[string][]tail.Position

	Audit []Event // appended in this order
}

// Change sets the record of a prefix, or deletes it when Value is nil. Of several changes of one prefix the last one holds.
type Change[V any] struct {
	Prefix netip.Prefix // masked
	Value  *V
}

// Put is the Change that stores v.
func Put[V any](p netip.Prefix, v V) Change[V] { return Change[V]{Prefix: p, Value: &v} }

// Delete is the Change that deletes what is stored of p.
func Delete[V any](p netip.Prefix) Change[V] { return Change[V]{Prefix: p} }

// Grace protects a prefix after an unblock.
type Grace struct {
	Prefix netip.Prefix `json:"prefix"`
	Since  time.Time    `json:"since"`
	Until  time.Time    `json:"until"`
	By     string       `json:"by,omitempty"` // who unblocked it
}

// Allow is an entry of the run-time allowlist.
type Allow struct {
	Prefix netip.Prefix `json:"prefix"`
	Since  time.Time    `json:"since"`
	Until  time.Time    `json:"until,omitzero"` // zero: until removed
	Note   string       `json:"note,omitempty"`
	By     string       `json:"by,omitempty"` // who added it
}

// Mode is the mode that cidrxctl switched to. It outlives the agent and goes before the configured one.
type Mode struct {
	Enforce   bool      `json:"enforce"`
	Since     time.Time `json:"since"`
	By        string    `json:"by,omitempty"`         // who switched
	ConfirmBy time.Time `json:"confirm_by,omitzero"` // back to observe at this time unless confirmed; zero: confirmed or not asked for
}

// Event is one entry of the audit trail.
type Event struct {
	Seq  uint64    // counts from 1 in the order of writing, never used twice; set by the store
	At   time.Time // what the age limit goes by
	JSON []byte    // one JSON object without a newline; the store does not look into it
}
