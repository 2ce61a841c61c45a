//go:build linux

package ipset_test

import (
	"math/rand/v2"
	"testing"

	"cidrx/firewall/firewalltest"
	"cidrx/firewall/ipset"
	"cidrx/firewall/netlab"
)

// TestAsEveryBackend is the table that all backends share, with both variants of iptables.
func TestAsEveryBackend(t *testing.T) {
	for name, test := range map[string]func(firewalltest.Backend, *testing.T){
		"banned sources":       firewalltest.Backend.BannedSourcesAreDroppedAndTheirNeighboursAreNot,
		"established":          firewalltest.Backend.EstablishedConnectionIsCut,
		"replies":              firewalltest.Backend.ReplyToOurOwnConnectionPasses,
		"allowed":              firewalltest.Backend.AllowedAddressPassesWithTheAgentDead,
		"timeout":              firewalltest.Backend.TimeoutEndsTheBanWithTheAgentDead,
		"reject":               firewalltest.Backend.Reject,
		"ports":                firewalltest.Backend.Ports,
		"forwarded":            firewalltest.Backend.ForwardedAndPublishedTrafficIsCovered,
		"hook input":           firewalltest.Backend.HookInputLeavesForwardedTrafficAlone,
		"replacing bans":       firewalltest.Backend.ReplacingBansLetsNobodyIn,
		"restarts":             firewalltest.Backend.RestartLeavesNoGap,
		"full writes":          firewalltest.Backend.FullRewriteLeavesNoGap,
		"large restore":        firewalltest.Backend.LargeRestoreLeavesNoGap,
		"what no kernel holds": firewalltest.Backend.WantThatNoKernelHoldsChangesNothing,
		"cancelled and closed": firewalltest.Backend.CancelledAndClosed,
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, v ipset.Variant) { test(backend(v), t) })
		})
	}
}

func TestCountersSurviveARefresh(t *testing.T) {
	both(t, func(t *testing.T, v ipset.Variant) {
		backend(v).CountersSurviveARefresh(t, func(firewalltest.Firewall) bool { return true })
	})
}

func TestRandomStates(t *testing.T) {
	both(t, func(t *testing.T, v ipset.Variant) {
		backend(v).RandomStates(t, func(t *testing.T, r *rand.Rand, ns *netlab.Namespace) {
			commands := [][]string{
				{"ipset", "flush", "cidrx4"}, {"ipset", "flush"}, {"iptables-" + string(v), "-t", "raw", "-F"},
				{"ipset", "-exist", "add", "cidrx4", "203.0.113.77"}, {"ipset", "-exist", "add", "cidrx6", "2001:db8:9::/64", "timeout", "5"},
			}
			run(t, ns, commands[r.IntN(len(commands))]...)
		})
	})
}
