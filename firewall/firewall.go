// Package firewall makes the kernel's sets equal to the bans it is given. It knows no log, no strategy and no jail.
package firewall

import (
	"context"
	"net/netip"
	"time"
)

// Element is one banned prefix in the kernel. It ends by itself at Until, whatever becomes of the agent.
type Element struct {
	Prefix netip.Prefix // masked
	Until  time.Time
}

// Want is the state the kernel shall have: all of it, not a change.
type Want struct {
	Elements []Element      // sorted by address (IPv4 first), disjoint
	Allow    []netip.Prefix // sorted; passes whatever else is said
}

// Result says what a Sync or a repair did to the kernel.
type Result struct {
	Added, Refreshed, Removed int
	Full                      bool // flushed and written anew rather than changed: at the start, or because the outcome of a change was unknown
}

// Firewall is a kernel's packet filter, or something as strict. Its methods may be called from several goroutines.
type Firewall interface {
	// Name is the backend's name: "nftables", "ipset", "none".
	Name() string
	// Sync makes the kernel hold want and returns when the kernel has confirmed it. On an error the kernel's state is unknown, and the
	// next Sync writes all of it anew. An element whose Until is past is not written.
	Sync(ctx context.Context, want Want) (Result, error)
	// Watch calls drift whenever somebody else changed or removed what Sync had written, until ctx is done; it returns nil then. The
	// caller answers with a Sync.
	Watch(ctx context.Context, drift func(Drift)) error
	// Counters reads what the kernel dropped.
	Counters(ctx context.Context) (Counters, error)
	// Remove takes everything of ours out of the kernel. The Firewall stays usable: the next Sync begins anew.
	Remove(ctx context.Context) error
	Close() error
}

// Drift is a difference between wanted and held state that was not ours.
type Drift struct {
	What string // "table deleted", "elements changed"
	By   string // process that did it, as "name[pid]", empty if not known
}

// Counters are what the kernel counted since the table was written.
type Counters struct {
	Elements map[netip.Prefix]uint64 // packets dropped by each element now held
	Sets     map[string]uint64       // packets dropped by each set's rule: "host4", "net4", "host6", "net6"
}
