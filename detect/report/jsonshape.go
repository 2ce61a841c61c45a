package report

import (
	"net/netip"
	"strings"
	"time"
)

// The shape of the document. Fields stand in the order in which they are written.
type (
	wireReport struct {
		Metadata wireMetadata  `json:"metadata"`
		General  wireGeneral   `json:"general"`
		Tries    []wireSection `json:"tries"`
		Warnings []wireWarning `json:"warnings"`
		Errors   []wireWarning `json:"errors"` // always empty: an analysis that fails prints no report
		Denied   *[]string     `json:"useragent_blacklist_ips,omitempty"`
	}
	wireMetadata struct {
		Generated string `json:"generated_at,omitempty"`
		Type      string `json:"analysis_type"`
		Version   string `json:"version"`
		Took      int64  `json:"duration_ms"`
	}
	wireGeneral struct {
		Log      string      `json:"log_file"`
		Requests uint64      `json:"total_requests"`
		Hosts    int         `json:"unique_ips"`
		Skipped  uint64      `json:"skipped_lines"`
		Span     *wireSpan   `json:"time_range,omitempty"`
		Parsing  wireParsing `json:"parsing"`
	}
	wireSpan struct {
		Start string `json:"start,omitempty"`
		End   string `json:"end,omitempty"`
	}
	wireParsing struct {
		Took   int64  `json:"duration_ms"`
		Rate   uint64 `json:"rate_per_second"`
		Format string `json:"format"`
	}
	wireSection struct {
		Name    string      `json:"name"`
		Filters wireFilters `json:"parameters"`
		Counts  wireCounts  `json:"stats"`
		Tiers   []wireTier  `json:"data"`
	}
	wireFilters struct {
		UserAgent string    `json:"useragent_regex,omitempty"`
		Endpoint  string    `json:"endpoint_regex,omitempty"`
		Methods   []string  `json:"methods,omitempty"`
		Statuses  []string  `json:"statuses,omitempty"`
		Hostnames []string  `json:"hosts,omitempty"`
		Outcomes  []string  `json:"outcomes,omitempty"`
		Span      *wireSpan `json:"time_range,omitempty"`
		Asked     []string  `json:"cidr_ranges,omitempty"`
		Jail      []bool    `json:"use_for_jail,omitempty"`
		Mode      string    `json:"threshold_mode"`
	}
	wireCounts struct {
		Requests uint64      `json:"total_requests_after_filtering"`
		Hosts    int         `json:"unique_ips"`
		Took     int64       `json:"insert_time_ms"`
		Asked    []wireRange `json:"cidr_analysis,omitempty"`
	}
	wireTier struct {
		Numbers  wireNumbers `json:"parameters"`
		Took     int64       `json:"execution_time_us"`
		Detected []wireRange `json:"detected_ranges"`
		Merged   []wireRange `json:"merged_ranges"`
	}
	wireNumbers struct {
		MinSize   uint64  `json:"min_cluster_size"`
		MinDepth  int     `json:"min_depth"`
		MaxDepth  int     `json:"max_depth"`
		Threshold float64 `json:"mean_subnet_difference"`
		Needed    uint64  `json:"needed"`
	}
	wireRange struct {
		Prefix   string  `json:"cidr"`
		Requests uint64  `json:"requests"`
		Percent  float64 `json:"percentage"`
		Hosts    int     `json:"hosts"`
		First    string  `json:"first_seen,omitempty"`
		Last     string  `json:"last_seen,omitempty"`
	}
	wireWarning struct {
		Type    string `json:"type"`
		Message string `json:"message"`
		Count   uint64 `json:"count"`
	}
)

// each converts all of list; the result is never nil, which JSON would write as null.
func each[T, W any](list []T, convert func(*T) W) []W {
	out := make([]W, len(list))
	for i := range list {
		out[i] = convert(&list[i])
	}
	return out
}

func wired(r *Report) *wireReport {
	w := &wireReport{
		Metadata: wireMetadata{Generated: rfc3339(r.Generated), Type: "static", Version: r.Version, Took: r.Took.Milliseconds()},
		General: wireGeneral{
			Log: strings.Join(r.Logs, ","), Requests: r.Requests, Hosts: r.Hosts, Skipped: r.Skipped, Span: wiredSpan(r.First, r.Last),
			Parsing: wireParsing{Took: r.ReadTook.Milliseconds(), Rate: perSecond(r.Requests, r.ReadTook), Format: r.Format},
		},
		Tries:    each(r.Sections, wiredSection),
		Warnings: each(r.Warnings, func(g *Warning) wireWarning { return wireWarning(*g) }),
		Errors:   []wireWarning{},
	}
	if r.DeniedAgents != nil { // asked for, if only to learn that there are none
		denied := each(r.DeniedAgents, addressOf)
		w.Denied = &denied
	}
	return w
}

func wiredSection(s *Section) wireSection {
	w := wireSection{
		Name: s.Name,
		Filters: wireFilters{
			UserAgent: s.UserAgent, Endpoint: s.Endpoint, Methods: s.Methods, Statuses: s.Statuses, Hostnames: s.Hostnames, Outcomes: s.Outcomes,
			Span: wiredSpan(s.Start, s.End), Mode: s.mode(),
		},
		Counts: wireCounts{Requests: s.Requests, Hosts: s.Hosts, Took: s.CountTook.Milliseconds(), Asked: each(s.Asked, wiredRange)},
		Tiers:  each(s.Tiers, wiredTier),
	}
	w.Filters.Asked = each(s.Asked, func(g *Range) string { return g.Prefix.String() })
	w.Filters.Jail = each(s.Tiers, func(t *Tier) bool { return t.Jail })
	return w
}

// mode is the name of the threshold mode.
func (s *Section) mode() string {
	if s.Balance {
		return "balance"
	}
	return "share"
}

func wiredTier(t *Tier) wireTier {
	return wireTier{
		Numbers: wireNumbers{
			MinSize: t.MinSize, MinDepth: t.MinDepth, MaxDepth: t.MaxDepth, Needed: t.Needed,
			Threshold: float64(t.Threshold) / 1e6, // the nearest number to the decimal that the user wrote, so it prints as that
		},
		Took:     t.Took.Microseconds(),
		Detected: each(t.Detected, wiredRange),
		Merged:   each(t.Merged, wiredRange),
	}
}

func wiredRange(g *Range) wireRange {
	return wireRange{
		Prefix: g.Prefix.String(), Requests: g.Requests, Percent: percentage(g.Share), Hosts: g.Hosts, First: rfc3339(g.First), Last: rfc3339(g.Last),
	}
}

// wiredSpan is nil if both ends are open.
func wiredSpan(start, end time.Time) *wireSpan {
	w := wireSpan{Start: rfc3339(start), End: rfc3339(end)}
	if w == (wireSpan{}) {
		return nil
	}
	return &w
}

// addressOf writes a host as its bare address where it is one, as lists of addresses have it.
func addressOf(p *netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// perSecond is 0 if the time was not measured.
func perSecond(n uint64, took time.Duration) uint64 {
	if took <= 0 {
		return 0
	}
	return uint64(float64(n) / took.Seconds())
}
