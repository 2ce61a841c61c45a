package report

import (
	"io"
	"net/netip"
	"strings"
)

// The shape of a suggestion.
type (
	wireSuggestion struct {
		General  wireSuggestedLog       `json:"general"`
		Rule     string                 `json:"ordinary_rule"`
		Sections []wireSuggestedSection `json:"tries"`
	}
	wireSuggestedLog struct {
		Log         string    `json:"log_file"`
		Format      string    `json:"format"`
		Requests    uint64    `json:"total_requests"`
		Hosts       int       `json:"unique_ips"`
		Span        *wireSpan `json:"time_range,omitempty"`
		Approximate bool      `json:"approximate"`
		Sampled     uint64    `json:"sampled_lines,omitempty"`
		Agents      bool      `json:"useragents"`
	}
	wireSuggestedSection struct {
		Name     string              `json:"name"`
		Requests uint64              `json:"total_requests_after_filtering"`
		Hosts    int                 `json:"unique_ips"`
		PerDay   uint64              `json:"requests_per_day,omitempty"`
		Of       wireCaught          `json:"traffic"`
		Busiest  []wireBusiest       `json:"busiest"`
		Tiers    []wireSuggestedTier `json:"proposals"`
		Without  []string            `json:"not_proposed"`
		Aside    []wireCaughtRange   `json:"in_the_way"`
	}
	wireCaught struct {
		Ordinary wireTraffic `json:"ordinary"`
		Crawlers wireTraffic `json:"crawlers"`
		Others   wireTraffic `json:"others"`
	}
	wireTraffic struct {
		Requests uint64 `json:"requests"`
		Hosts    int    `json:"hosts"`
	}
	wireBusiest struct {
		Bits     int              `json:"depth"`
		All      *wireCaughtRange `json:"all,omitempty"`
		Ordinary *wireCaughtRange `json:"ordinary,omitempty"`
	}
	wireCaughtRange struct {
		Prefix   string     `json:"cidr"`
		Requests uint64     `json:"requests"`
		Hosts    int        `json:"hosts"`
		Of       wireCaught `json:"traffic"`
	}
	wireSuggestedTier struct {
		What    string            `json:"for"`
		Numbers wireSuggested     `json:"parameters"`
		Flag    string            `json:"clusterArgSets"`
		Why     []wireReason      `json:"reasons"`
		Ranges  int               `json:"ranges"`
		Caught  wireTraffic       `json:"caught"`
		Of      wireCaught        `json:"traffic"`
		New     uint64            `json:"new_requests"`
		Largest []wireCaughtRange `json:"largest_ranges"`
	}
	wireSuggested struct {
		MinSize   uint64  `json:"min_cluster_size"`
		MinDepth  int     `json:"min_depth"`
		MaxDepth  int     `json:"max_depth"`
		Threshold float64 `json:"mean_subnet_difference"`
		MinHosts  int     `json:"min_hosts,omitempty"`
	}
	wireReason struct {
		Name  string `json:"name"`
		Value string `json:"value"`
		Text  string `json:"text"`
	}
)

// JSONSuggestion writes s as one indented document. Lists are never null.
func JSONSuggestion(w io.Writer, s *Suggestion) error {
	return indented(w, wireSuggestion{
		General: wireSuggestedLog{
			Log: strings.Join(s.Logs, ","), Format: s.Format, Requests: s.Requests, Hosts: s.Hosts, Span: wiredSpan(s.First, s.Last),
			Approximate: s.Approximate, Sampled: s.Sampled, Agents: s.Agents,
		},
		Rule: s.Rule, Sections: each(s.Sections, wiredSuggested),
	})
}

func wiredSuggested(s *SuggestedSection) wireSuggestedSection {
	return wireSuggestedSection{
		Name: s.Name, Requests: s.Requests, Hosts: s.Hosts, PerDay: s.PerDay, Of: wiredCaught(Caught{s.Ordinary, s.Crawlers, s.Others}),
		Busiest: each(s.Busiest, func(b *Busiest) wireBusiest {
			return wireBusiest{b.Bits, wiredIf(b.All), wiredIf(b.Ordinary)}
		}),
		Tiers: each(s.Tiers, wiredSuggestedTier), Without: each(s.Without, func(s *string) string { return *s }),
		Aside: each(s.Aside, wiredCaughtRange),
	}
}

func wiredSuggestedTier(t *SuggestedTier) wireSuggestedTier {
	return wireSuggestedTier{
		What: t.What, Flag: joined(t), Ranges: t.Ranges, Caught: wireTraffic(t.Caught), Of: wiredCaught(t.Of), New: t.New,
		Numbers: wireSuggested{t.MinSize, t.MinDepth, t.MaxDepth, float64(t.Threshold) / 1e6, t.MinHosts},
		Why:     each(t.Why, func(r *Reason) wireReason { return wireReason(*r) }), Largest: each(t.Largest, wiredCaughtRange),
	}
}

func wiredCaught(c Caught) wireCaught {
	return wireCaught{wireTraffic(c.Ordinary), wireTraffic(c.Crawlers), wireTraffic(c.Others)}
}

func wiredCaughtRange(r *CaughtRange) wireCaughtRange {
	return wireCaughtRange{r.Prefix.String(), r.Requests, r.Hosts, wiredCaught(r.Of)}
}

// wiredIf is nil if there is no range.
func wiredIf(r CaughtRange) *wireCaughtRange {
	if r.Prefix == (netip.Prefix{}) {
		return nil
	}
	w := wiredCaughtRange(&r)
	return &w
}
