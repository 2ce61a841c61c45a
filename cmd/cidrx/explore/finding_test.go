package explore

import (
	"net/netip"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"cidrx/detect/report"
)

// TestFindingOf: what is said of a prefix by the ranges found at it, around it, and in it.
func TestFindingOf(t *testing.T) {
	var list []found
	for _, one := range []struct {
		prefix string
		tiers  []int
	}{
		{"192.0.2.0/24", []int{1}},
		{"192.0.2.64/26", []int{0, 2}},
		{"198.51.100.0/25", []int{0}},
		{"198.51.100.128/26", []int{0}},
		{"2001:db8::/48", []int{1}},
	} {
		list = append(list, found{Range: report.Range{Prefix: netip.MustParsePrefix(one.prefix)}, tiers: one.tiers})
	}
	for _, tt := range []struct{ prefix, line, inside string }{
		{"192.0.2.0/24", "tier 2", ""},
		{"192.0.2.64/26", "tier 1,3", ""},
		{"192.0.2.70/32", "", "inside 192.0.2.64/26, found by tier 1,3"},
		{"192.0.2.7/32", "", "inside 192.0.2.0/24, found by tier 2"},
		{"2001:db8:0:7::/64", "", "inside 2001:db8::/48, found by tier 2"},
		{"198.51.100.0/24", "holds 2 ranges", ""},
		{"192.0.0.0/16", "holds 2 ranges", ""},
		{"2001:db8::/32", "holds 1 range", ""},
		{"203.0.113.7/32", "found by no tier", ""},
	} {
		f := findingOf(list, netip.MustParsePrefix(tt.prefix))
		if got := ansi.Strip(f.inside()); got != tt.inside {
			t.Errorf("%s: inside %q, want %q", tt.prefix, got, tt.inside)
		}
		if got := ansi.Strip(f.line()); tt.line != "" && got != tt.line {
			t.Errorf("%s: %q, want %q", tt.prefix, got, tt.line)
		}
	}
}
