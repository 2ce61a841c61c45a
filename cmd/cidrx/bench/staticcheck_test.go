package bench

import (
	"encoding/json"
	"testing"
)

// staticReport is what is looked at of a report.
type staticReport struct {
	General struct {
		Requests int `json:"total_requests"`
		Hosts    int `json:"unique_ips"`
	} `json:"general"`
	Tries []struct {
		Stats struct {
			Requests int `json:"total_requests_after_filtering"`
		} `json:"stats"`
		Data []struct {
			Ranges []struct {
				Prefix string `json:"cidr"`
			} `json:"detected_ranges"`
		} `json:"data"`
	} `json:"tries"`
}

// check makes sure that what was measured was the work, and all of it.
func (c *staticCase) check(b *testing.B, out []byte) {
	b.Helper()
	var r staticReport
	must(b, json.Unmarshal(out, &r))
	if r.General.Requests != c.log.Lines || len(r.Tries) == 0 {
		b.Fatalf("%s: read %d of %d lines, %d sections", c.name, r.General.Requests, c.log.Lines, len(r.Tries))
	}
	most := 0
	for i := range r.Tries {
		most = max(most, r.Tries[i].Stats.Requests)
		found := 0
		for _, d := range r.Tries[i].Data {
			found += len(d.Ranges)
		}
		if found == 0 {
			b.Fatalf("%s: section %d found nothing in %d requests", c.name, i, r.Tries[i].Stats.Requests)
		}
	}
	if c.whole && (r.General.Hosts != c.log.Addresses || most != c.log.Lines) {
		b.Fatalf("%s: %d hosts with %d requests, want %d with %d", c.name, r.General.Hosts, most, c.log.Addresses, c.log.Lines)
	}
}
