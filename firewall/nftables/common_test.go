//go:build linux

package nftables_test

import (
	"log/slog"
	"math/rand/v2"
	"testing"

	"cidrx/firewall/firewalltest"
	"cidrx/firewall/netlab"
	"cidrx/firewall/nftables"
)

// backend is what the tests of all backends need of this one.
var backend = firewalltest.Backend{Open: openBackend(false), Listed: listed}

// oldBackend treats the kernel as an old one.
var oldBackend = firewalltest.Backend{Open: openBackend(true), Listed: listed}

func openBackend(old bool) func(testing.TB, *netlab.Namespace, firewalltest.Options) firewalltest.Firewall {
	return func(t testing.TB, ns *netlab.Namespace, o firewalltest.Options) firewalltest.Firewall {
		own := nftables.Options{Hook: nftables.Hook(o.Hook), Action: nftables.Action(o.Action), Ports: o.Ports, ProtectOutbound: o.ProtectOutbound}
		if own.Action == nftables.Reject {
			own.LogRate = 5 // which goes the same way
		}
		f := open(t, ns, own)
		if old {
			f.OldKernel()
		}
		return f
	}
}

// open makes a Firewall in a namespace; it is closed with the test.
func open(t testing.TB, ns *netlab.Namespace, o nftables.Options) *nftables.Firewall {
	t.Helper()
	o.Netns = ns.FD()
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	f, err := nftables.New(o)
	check(t, err)
	t.Cleanup(func() { check(t, f.Close()) })
	return f
}

func TestBannedSourcesAreDroppedAndTheirNeighboursAreNot(t *testing.T) {
	backend.BannedSourcesAreDroppedAndTheirNeighboursAreNot(t)
}

func TestEstablishedConnectionIsCut(t *testing.T) { backend.EstablishedConnectionIsCut(t) }

func TestReplyToOurOwnConnectionPasses(t *testing.T) { backend.ReplyToOurOwnConnectionPasses(t) }

func TestAllowedAddressPassesWithTheAgentDead(t *testing.T) {
	backend.AllowedAddressPassesWithTheAgentDead(t)
}

func TestTimeoutEndsTheBanWithTheAgentDead(t *testing.T) {
	backend.TimeoutEndsTheBanWithTheAgentDead(t)
}

func TestReject(t *testing.T) { backend.Reject(t) }

func TestPorts(t *testing.T) { backend.Ports(t) }

func TestForwardedAndPublishedTrafficIsCovered(t *testing.T) {
	backend.ForwardedAndPublishedTrafficIsCovered(t)
}

func TestHookInputLeavesForwardedTrafficAlone(t *testing.T) {
	backend.HookInputLeavesForwardedTrafficAlone(t)
}

func TestReplacingBansLetsNobodyIn(t *testing.T) { backend.ReplacingBansLetsNobodyIn(t) }

func TestRestartLeavesNoGap(t *testing.T) { backend.RestartLeavesNoGap(t) }

func TestLargeRestoreLeavesNoGap(t *testing.T) { backend.LargeRestoreLeavesNoGap(t) }

func TestFullRewriteLeavesNoGap(t *testing.T) { backend.FullRewriteLeavesNoGap(t) }

func TestWantThatNoKernelHoldsChangesNothing(t *testing.T) {
	backend.WantThatNoKernelHoldsChangesNothing(t)
}

func TestCancelledAndClosed(t *testing.T) { backend.CancelledAndClosed(t) }

func TestCountersSurviveARefresh(t *testing.T) {
	backend.CountersSurviveARefresh(t, func(f firewalltest.Firewall) bool { return f.(*nftables.Firewall).Replaces() })
}

func TestRandomStates(t *testing.T) {
	t.Run("this kernel", func(t *testing.T) { backend.RandomStates(t, vandalise) })
	t.Run("as on an old kernel", func(t *testing.T) { oldBackend.RandomStates(t, vandalise) })
}

// vandalise does something to the table that the Firewall is to notice when it is told of it.
func vandalise(t *testing.T, r *rand.Rand, ns *netlab.Namespace) {
	t.Helper()
	commands := []string{"flush ruleset", "flush set inet cidrx host4", "flush set inet cidrx net6", "flush chain inet cidrx early",
		"add element inet cidrx host4 { 203.0.113.77 }", "add element inet cidrx host6 { 2001:db8:9:: timeout 5s }"}
	nft(t, ns, commands[r.IntN(len(commands))])
}
