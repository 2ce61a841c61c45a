//go:build linux

package nftables_test

import "cidrx/firewall/firewalltest"

// What the tests of this package share with those of all backends.
var (
	check      = firewalltest.Check
	eventually = firewalltest.Eventually
	newNetwork = firewalltest.NewNetwork
	host       = firewalltest.Host
	loneHost   = firewalltest.LoneHost
	ban        = firewalltest.Ban
	banFor     = firewalltest.BanFor
	many       = firewalltest.Many
	sync       = firewalltest.Sync
	listen     = firewalltest.Listen
	passes     = firewalltest.Passes
	dropped    = firewalltest.Dropped
	holds      = backend.Holds
)

const (
	patience = firewalltest.Patience
	to4      = firewalltest.To4
)
