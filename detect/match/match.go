// Package match decides which events a strategy looks at: filters on endpoint, user agent, method, status, host, source and outcome.
package match

// Options are the filters of one strategy, as configured. All that are given must match; the zero value matches every event.
type Options struct {
	UserAgent string   // RE2, unanchored
	Endpoint  string   // RE2, unanchored, tried on the target as logged and normalised
	Methods   []string // exact, upper case
	Statuses  []string // "404", "4xx"
	Hosts     []string // exact, case-insensitive, without port
	Sources   []string // names of sources
	Outcomes  []string // "success", "failure": login attempts
}
