package cidr_test

import (
	"math"
	"net/netip"
	"testing"

	"cidrx/detect/cidr"
)

func TestNeeded(t *testing.T) {
	tests := []struct {
		name  string
		tier  cidr.Tier
		total uint64
		want  uint64
	}{
		{"at least one", cidr.Tier{}, 0, 1},
		{"minSize", cidr.Tier{MinSize: 20}, 1000, 20},
		{"the share, rounded up", cidr.Tier{MinSize: 20, Threshold: 60_000}, 1001, 61},
		{"an exact share", cidr.Tier{Threshold: 250_000}, 1000, 250},
		{"everything", cidr.Tier{Threshold: 1_000_000}, 12345, 12345},
		{"sizeAlone is enough", cidr.Tier{MinSize: 20, Threshold: 500_000, SizeAlone: 100}, 1000, 100},
		{"sizeAlone is not reached first", cidr.Tier{MinSize: 20, Threshold: 500_000, SizeAlone: 900}, 1000, 500},
		{"sizeAlone below minSize", cidr.Tier{MinSize: 20, SizeAlone: 5}, 1000, 5},
		{"no overflow", cidr.Tier{Threshold: 1_000_000}, math.MaxUint64, math.MaxUint64},
		{"balance looks at minSize only", cidr.Tier{MinSize: 7, Threshold: 900_000, SizeAlone: 3, Balance: true}, 1000, 7},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.tier.Needed(tt.total); got != tt.want {
				t.Errorf("Needed(%d) = %d, want %d", tt.total, got, tt.want)
			}
		})
	}
}

func TestHostsNeeded(t *testing.T) {
	tests := []struct {
		prefix string
		tier   cidr.Tier
		want   int
	}{
		{"192.0.2.0/24", cidr.Tier{}, 0},
		{"192.0.2.0/24", cidr.Tier{MinHosts: 9, HostsByLength: true}, 9},
		{"192.0.2.0/24", cidr.Tier{HostsByLength: true}, 5},
		{"192.0.2.1/32", cidr.Tier{HostsByLength: true}, 1},
		{"192.0.2.0/31", cidr.Tier{HostsByLength: true}, 2},
		{"192.0.0.0/15", cidr.Tier{HostsByLength: true}, 256},
		{"2001:db8::/64", cidr.Tier{HostsByLength: true}, 1},
		{"2001:db8::/63", cidr.Tier{HostsByLength: true}, 2},
		{"2001:db8::/48", cidr.Tier{HostsByLength: true}, 5},
		{"2001:db8::/32", cidr.Tier{HostsByLength: true}, 64},
		{"64:ff9b::c000:201/128", cidr.Tier{HostsByLength: true}, 1},
	}
	for _, tt := range tests {
		if got := tt.tier.HostsNeeded(netip.MustParsePrefix(tt.prefix)); got != tt.want {
			t.Errorf("%+v: HostsNeeded(%s) = %d, want %d", tt.tier, tt.prefix, got, tt.want)
		}
	}
}

func TestValidate(t *testing.T) {
	good := cidr.Tier{MinDepth: 16, MaxDepth: 32, Threshold: 1_000_000, MaxCollateral: cidr.NoCollateralLimit, Depth6: [2]int{32, 64}}
	if err := good.Validate(); err != nil {
		t.Errorf("%+v: %v", good, err)
	}
	for name, spoil := range map[string]func(*cidr.Tier){
		"negative depth":     func(t *cidr.Tier) { t.MinDepth = -1 },
		"inverted depths":    func(t *cidr.Tier) { t.MinDepth, t.MaxDepth = 24, 16 },
		"too deep":           func(t *cidr.Tier) { t.MaxDepth = 33 },
		"too deep in IPv6":   func(t *cidr.Tier) { t.Depth6 = [2]int{64, 65} },
		"inverted in IPv6":   func(t *cidr.Tier) { t.Depth6 = [2]int{64, 48} },
		"more than all":      func(t *cidr.Tier) { t.Threshold = 1_000_001 },
		"more than everyone": func(t *cidr.Tier) { t.MaxCollateral = 1_000_001 },
		"fewer than none":    func(t *cidr.Tier) { t.MinHosts = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			bad := good
			if spoil(&bad); bad.Validate() == nil {
				t.Errorf("%+v is accepted", bad)
			}
		})
	}
}
