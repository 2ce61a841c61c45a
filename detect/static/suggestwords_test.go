package static

import (
	"net/netip"
	"strings"
	"testing"

	"cidrx/detect/report"
)

// TestWithout: one host is one host, and no part of itself.
func TestWithout(t *testing.T) {
	var mixed report.Caught
	for name, tt := range map[string]struct {
		hosts int
		want  string
	}{
		"host":    {1, "100 requests of 1 host, is too ordinary to be caught (23 % of its requests), and"},
		"network": {2, "100 requests of 2 hosts, is too ordinary to be caught (23 % of its requests, 0 of its hosts), and"},
	} {
		mixed.Ordinary.Requests = 23
		r := report.CaughtRange{Prefix: netip.MustParsePrefix("192.0.2.0/31"), Requests: 100, Hosts: tt.hosts, Of: mixed}
		if got := new(search).without(class{name: "some"}, []report.CaughtRange{r}); !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s; want %s", name, got, tt.want)
		}
	}
}
