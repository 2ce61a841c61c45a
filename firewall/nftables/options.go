//go:build linux

package nftables

import (
	"fmt"
	"log/slog"
	"time"
)

// DefaultTable is the name of our table when Options name none.
const DefaultTable = "cidrx"

// Hook is the place in the packet's path where bans apply.
type Hook string

const (
	Prerouting Hook = "prerouting" // everything that arrives: for this host, forwarded, and for containers behind DNAT
	Input      Hook = "input"      // only what this host itself receives
)

// Action is what happens to a packet from a banned source.
type Action string

const (
	Drop   Action = "drop"   // silently
	Reject Action = "reject" // TCP gets a reset, everything else ICMP "administratively prohibited"
)

// Options are the [firewall] section, and what the process adds.
type Options struct {
	Hook            Hook     // default Prerouting
	Ports           []uint16 // only TCP and UDP to these ports; empty: everything
	Action          Action   // default Drop
	ProtectOutbound bool     // replies to connections that this host, or one behind it, opened pass a ban of a network; needs conntrack
	LogRate         int      // dropped packets written to the kernel's log, a second at the most; 0: none
	Table           string   // default DefaultTable; family inet
	Netns           int      // descriptor of the network namespace to work in; 0: the current one
	Now             func() time.Time
	Logger          *slog.Logger // default: discards
}

func (o Options) withDefaults() (Options, error) {
	if o.Hook == "" {
		o.Hook = Prerouting
	}
	if o.Action == "" {
		o.Action = Drop
	}
	if o.Table == "" {
		o.Table = DefaultTable
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, o.check()
}

func (o Options) check() error {
	switch {
	case o.Hook != Prerouting && o.Hook != Input:
		return fmt.Errorf("nftables: hook %q: want %q or %q", o.Hook, Prerouting, Input)
	case o.Action != Drop && o.Action != Reject:
		return fmt.Errorf("nftables: action %q: want %q or %q", o.Action, Drop, Reject)
	case len(o.Table) > maxTableName:
		return fmt.Errorf("nftables: table name %q is longer than %d bytes", o.Table, maxTableName)
	case o.LogRate < 0:
		return fmt.Errorf("nftables: log rate %d is negative", o.LogRate)
	}
	for _, p := range o.Ports {
		if p == 0 {
			return fmt.Errorf("nftables: port 0 cannot be matched")
		}
	}
	return nil
}

// maxTableName leaves room for the name of the scratch table that New probes with (the kernel allows 255 bytes).
const maxTableName = 64
