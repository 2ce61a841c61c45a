package match

import (
	"fmt"
	"slices"
	"strings"

	"cidrx/detect/parse"
)

// Filter is a compiled set of Options. It is safe for concurrent use.
type Filter struct {
	sources   []string
	outcomes  []parse.Outcome
	statuses  *statusSet // nil: any
	methods   []string
	hosts     map[string]bool // lower case
	userAgent *pattern        // nil: any
	endpoint  *pattern        // nil: any
}

// New compiles o. The error names the option that is wrong and quotes its value.
func New(o Options) (*Filter, error) {
	f := &Filter{sources: o.Sources}
	for _, build := range []func(Options) error{f.setOutcomes, f.setStatuses, f.setMethods, f.setHosts, f.setPatterns} {
		if err := build(o); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *Filter) setOutcomes(o Options) error {
	for _, name := range o.Outcomes {
		switch name {
		case "success":
			f.outcomes = append(f.outcomes, parse.Success)
		case "failure":
			f.outcomes = append(f.outcomes, parse.Failure)
		default:
			return fmt.Errorf(`outcome %q is neither "success" nor "failure"`, name)
		}
	}
	return nil
}

func (f *Filter) setStatuses(o Options) error {
	for _, s := range o.Statuses {
		if f.statuses == nil {
			f.statuses = new(statusSet)
		}
		if err := f.statuses.add(s); err != nil {
			return err
		}
	}
	return nil
}

func (f *Filter) setMethods(o Options) error {
	for _, m := range o.Methods {
		if m == "" || strings.ContainsFunc(m, func(r rune) bool { return !('A' <= r && r <= 'Z' || r == '-' || r == '_') }) {
			return fmt.Errorf("method %q is not a word in upper case, as logs have it", m)
		}
	}
	f.methods = o.Methods
	return nil
}

func (f *Filter) setHosts(o Options) error {
	for _, h := range o.Hosts {
		name := bareHost([]byte(h))
		if len(name) != len(h) || len(name) == 0 || len(name) > maxHost {
			return fmt.Errorf(`host %q: write the name alone, without port, dot at the end or blanks, such as "www.example.org"`, h)
		}
		if f.hosts == nil {
			f.hosts = make(map[string]bool, len(o.Hosts))
		}
		f.hosts[strings.ToLower(h)] = true
	}
	return nil
}

func (f *Filter) setPatterns(o Options) (err error) {
	if o.UserAgent != "" {
		if f.userAgent, err = compile(o.UserAgent); err != nil {
			return fmt.Errorf("user agent expression: %w", err)
		}
	}
	if o.Endpoint != "" {
		if f.endpoint, err = compile(o.Endpoint); err != nil {
			return fmt.Errorf("endpoint expression: %w", err)
		}
	}
	return nil
}

// Match reports whether ev, read from source, passes all filters. A field that the event does not have passes no filter on it.
// All calls between two Resets of s must be about the same event. It allocates nothing once s has seen a target as long.
func (f *Filter) Match(ev *parse.Event, source string, s *Scratch) bool {
	// Cheap tests first.
	if len(f.sources) > 0 && !slices.Contains(f.sources, source) ||
		len(f.outcomes) > 0 && !slices.Contains(f.outcomes, ev.Outcome) ||
		f.statuses != nil && !f.statuses.has(ev.Status) ||
		len(f.methods) > 0 && !isOneOf(ev.Method, f.methods) ||
		len(f.hosts) > 0 && !hasHost(f.hosts, ev.Host) {
		return false
	}
	if f.userAgent != nil && (ev.UserAgent == nil || !f.userAgent.match(ev.UserAgent)) {
		return false
	}
	return f.endpoint == nil || f.matchEndpoint(ev.Target, s)
}

// matchEndpoint tries the endpoint expression on the target as logged and, where it differs, on its normalised form.
func (f *Filter) matchEndpoint(target []byte, s *Scratch) bool {
	if target == nil {
		return false
	}
	if f.endpoint.match(target) {
		return true
	}
	other, differs := s.normalized(target)
	return differs && f.endpoint.match(other)
}

func isOneOf(b []byte, list []string) bool {
	for _, s := range list {
		if string(b) == s {
			return true
		}
	}
	return false
}
