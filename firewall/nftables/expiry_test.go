//go:build linux

package nftables_test

import (
	"net/netip"
	"testing"
	"time"

	"cidrx/firewall"
	"cidrx/firewall/nftables"
)

// TestNetworkThatHasExpiredIsRemoved removes networks when the kernel has just let them expire, as happens at the end of every ban. Their
// neighbours above must keep their ends: else the kernel bans everything up to the next network.
func TestNetworkThatHasExpiredIsRemoved(t *testing.T) {
	for name, old := range map[string]bool{"this kernel": false, "as on an old kernel": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			networkThatHasExpiredIsRemoved(t, old)
		})
	}
}

func networkThatHasExpiredIsRemoved(t *testing.T, old bool) {
	ns := loneHost(t)
	f := open(t, ns, nftables.Options{})
	if old {
		f.OldKernel()
	}
	lasting := ban("176.6.220.0/24", "176.7.102.0/24", "2001:db8:cafe::/48", "2001:db8:ffff::/48").Elements
	above := map[string]string{"net4": "176.6.230.1", "net6": "2001:db8:dead::1"} // between two of them each
	for _, late := range []time.Duration{0, 20 * time.Millisecond} {
		end := time.Now().Add(1100 * time.Millisecond)
		want := firewall.Want{}
		for _, p := range []string{"101.0.1.0/26", "101.0.1.64/26", "101.0.9.0/24"} {
			want.Elements = append(want.Elements, firewall.Element{Prefix: netip.MustParsePrefix(p), Until: end})
		}
		want.Elements = append(append(want.Elements, lasting[:2]...), firewall.Element{Prefix: netip.MustParsePrefix("2001:db8:bad::/48"), Until: end})
		want.Elements = append(want.Elements, lasting[2:]...)
		sync(t, f, want)
		time.Sleep(time.Until(end) + late)
		sync(t, f, firewall.Want{Elements: lasting})
		for collected := time.Now().Add(1500 * time.Millisecond); time.Now().Before(collected); time.Sleep(100 * time.Millisecond) {
			for set, addr := range above {
				if out, err := tryNft(ns, "get", "element", "inet", "cidrx", set, "{ "+addr+" }"); err == nil {
					t.Fatalf("%v late: %s is banned, which is in no ban:\n%s", late, addr, out)
				}
			}
		}
		bans, _ := listed(t, ns)
		if len(bans) != len(lasting) {
			t.Fatalf("%v late: the kernel holds %v, want %v", late, bans, lasting)
		}
	}
}
