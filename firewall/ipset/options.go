//go:build linux

package ipset

import (
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// DefaultName begins the names of our sets and chains when Options name none.
const DefaultName = "cidrx"

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

// Variant is the kernel interface behind the iptables programs.
type Variant string

const (
	HostVariant Variant = ""       // what the host's "iptables" is, and where that does not work, the one that does
	Nft         Variant = "nft"    // iptables-nft
	Legacy      Variant = "legacy" // iptables-legacy
)

// Options are the [firewall] section, and what the process adds.
type Options struct {
	Hook            Hook     // default Prerouting
	Ports           []uint16 // only TCP and UDP to these ports; empty: everything
	Action          Action   // default Drop
	ProtectOutbound bool     // replies to connections that this host, or one behind it, opened pass a ban of a network; needs conntrack
	Variant         Variant  // default HostVariant
	Name            string   // default DefaultName; lower-case letters and digits
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
	if o.Name == "" {
		o.Name = DefaultName
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, o.check()
}

// maxOwnName leaves room for what follows it in the names of sets (31 bytes) and chains (28).
const maxOwnName = 16

func (o Options) check() error {
	const nameLetters = "abcdefghijklmnopqrstuvwxyz0123456789"
	switch {
	case o.Hook != Prerouting && o.Hook != Input:
		return fmt.Errorf("ipset: hook %q: want %q or %q", o.Hook, Prerouting, Input)
	case o.Action != Drop && o.Action != Reject:
		return fmt.Errorf("ipset: action %q: want %q or %q", o.Action, Drop, Reject)
	case o.Variant != HostVariant && o.Variant != Nft && o.Variant != Legacy:
		return fmt.Errorf("ipset: iptables variant %q: want %q, %q or none", o.Variant, Nft, Legacy)
	case len(o.Name) > maxOwnName || strings.Trim(o.Name, nameLetters) != "": // it gets into the names that programs are given
		return fmt.Errorf("ipset: name %q: want up to %d lower-case letters and digits", o.Name, maxOwnName)
	}
	for _, p := range o.Ports {
		if p == 0 {
			return fmt.Errorf("ipset: port 0 cannot be matched")
		}
	}
	return nil
}
