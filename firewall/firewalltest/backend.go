//go:build linux

// Package firewalltest is what every backend of package firewall has to do to real packets, in network namespaces of its own: one table of tests that all of
// them run.
package firewalltest

import (
	"net/netip"
	"testing"
	"time"

	"cidrx/firewall"
	"cidrx/firewall/netlab"
)

// Backend is what is tested.
type Backend struct {
	// Open makes a Firewall in a namespace; it is closed with the test. Its Distrust method makes the next Sync write everything anew.
	Open func(t testing.TB, ns *netlab.Namespace, o Options) Firewall
	// Listed is what the system's own tools say is in force: bans with what is left of them, and the allowlist, sorted.
	Listed func(t testing.TB, ns *netlab.Namespace) (bans map[netip.Prefix]time.Duration, allow []netip.Prefix)
	// Longest is the longest timeout that it gives; 0: there is none.
	Longest time.Duration
	// Slow is how many times as long a change takes as by netlink: tests that make changes as fast as they can make so many times fewer. 0 is 1.
	Slow int
}

func (b Backend) rounds(n int) int { return max(n/max(b.Slow, 1), 1) }

// Firewall is a firewall.Firewall that can be made to forget what it knows.
type Firewall interface {
	firewall.Firewall
	Distrust()
}

// Options are those that all backends have.
type Options struct {
	Hook, Action    string // as in the configuration; empty: the default
	Ports           []uint16
	ProtectOutbound bool
}
