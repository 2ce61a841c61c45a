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
	Graces []Change[jail.Grace]
	Allow  []Change[jail.AllowEntry] // the run-time allowlist
	Mode   *Mode                     // nil: unchanged

	// Positions replaces all positions of each source it names; an empty list deletes them.
	Positions map[string][]tail.Position

	Audit []Event // appended in this order
}

// Change sets the record of a prefix, or deletes it when Value is nil. Of several changes of one prefix the last one holds.
type Change[V any] = jail.Entry[V]

// Full begins a Full batch with the bans; the allowlist, the mode and the positions have to be added.
func Full(s jail.Snapshot) Batch {
	b := Batch{Full: true}
	for i := range s.Bans {
		b.Bans = append(b.Bans, Change[jail.Ban]{Prefix: s.Bans[i].Prefix, Value: &s.Bans[i]})
	}
	for i := range s.Ended {
		b.Ended = append(b.Ended, Change[jail.Ban]{Prefix: s.Ended[i].Prefix, Value: &s.Ended[i]})
	}
	for i := range s.Graces {
		b.Graces = append(b.Graces, Change[jail.Grace]{Prefix: s.Graces[i].Prefix, Value: &s.Graces[i]})
	}
	return b
}

// Put is the Change that stores v.
func Put[V any](p netip.Prefix, v V) Change[V] { return Change[V]{Prefix: p, Value: &v} }

// Delete is the Change that deletes what is stored of p.
func Delete[V any](p netip.Prefix) Change[V] { return Change[V]{Prefix: p} }

// Mode is the mode that cidrxctl switched to. It outlives the agent and goes before the configured one.
type Mode struct {
	Enforce   bool      `json:"enforce"`
	Since     time.Time `json:"since"`
	By        string    `json:"by,omitempty"`        // who switched
	ConfirmBy time.Time `json:"confirm_by,omitzero"` // back to observe at this time unless confirmed; zero: confirmed or not asked for
}

// Event is one entry of the audit trail.
type Event struct {
	Seq  uint64    // counts from 1 in the order of writing, never used twice; set by the store
	At   time.Time // what the age limit goes by
	JSON []byte    // one JSON object without a newline; the store does not look into it
}
