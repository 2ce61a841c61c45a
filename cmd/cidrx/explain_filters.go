package main

import (
	"fmt"
	"strings"

	"cidrx/agent/config"
	"cidrx/detect/match"
	"cidrx/detect/parse"
)

// lineStrategy is whether a line enters a strategy.
type lineStrategy struct {
	Name    string       `json:"name"`
	Enters  bool         `json:"enters"`
	Filters []lineFilter `json:"filters"`
}

// lineFilter is one filter of a strategy.
type lineFilter struct {
	Key    string `json:"key"`   // as the configuration writes it
	Value  string `json:"value"` // of the configuration
	Passes bool   `json:"passes"`
	Has    string `json:"has"` // what the line has there; empty: nothing
}

// enters says for each strategy whether an event of a source passes its filters, one filter at a time.
func enters(cfg *config.Config, source string, ev *parse.Event) ([]lineStrategy, error) {
	var out []lineStrategy
	for _, s := range cfg.Live {
		st := lineStrategy{Name: s.Name, Enters: true, Filters: []lineFilter{}}
		for _, part := range filterParts(s.Filter, source, ev) {
			f, err := match.New(part.options)
			if err != nil {
				return nil, fmt.Errorf("strategy %s: %w", s.Name, err)
			}
			part.Passes = f.Match(ev, source, new(match.Scratch))
			st.Enters = st.Enters && part.Passes
			st.Filters = append(st.Filters, part.lineFilter)
		}
		out = append(out, st)
	}
	return out, nil
}

type filterPart struct {
	lineFilter
	options match.Options
}

// filterParts takes a filter apart: all of them must match.
func filterParts(o match.Options, source string, ev *parse.Event) []filterPart {
	all := []filterPart{
		{lineFilter{Key: "sources", Value: quoted(o.Sources), Has: source}, match.Options{Sources: o.Sources}},
		{lineFilter{Key: "outcomes", Value: quoted(o.Outcomes), Has: outcomeText(ev.Outcome)}, match.Options{Outcomes: o.Outcomes}},
		{lineFilter{Key: "methods", Value: quoted(o.Methods), Has: string(ev.Method)}, match.Options{Methods: o.Methods}},
		{lineFilter{Key: "statuses", Value: quoted(o.Statuses), Has: statusText(ev.Status)}, match.Options{Statuses: o.Statuses}},
		{lineFilter{Key: "hosts", Value: quoted(o.Hosts), Has: string(ev.Host)}, match.Options{Hosts: o.Hosts}},
		{lineFilter{Key: "endpointRegex", Value: o.Endpoint, Has: string(ev.Target)}, match.Options{Endpoint: o.Endpoint}},
		{lineFilter{Key: "useragentRegex", Value: o.UserAgent, Has: string(ev.UserAgent)}, match.Options{UserAgent: o.UserAgent}},
	}
	var given []filterPart
	for _, p := range all {
		if p.Value != "" {
			given = append(given, p)
		}
	}
	return given
}

// quoted writes a list as the configuration does; nothing for an empty one.
func quoted(words []string) string {
	if len(words) == 0 {
		return ""
	}
	var out []string
	for _, w := range words {
		out = append(out, fmt.Sprintf("%q", w))
	}
	return "[" + strings.Join(out, ", ") + "]"
}

func statusText(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func outcomeText(o parse.Outcome) string {
	switch o {
	case parse.Success:
		return "success"
	case parse.Failure:
		return "failure"
	}
	return ""
}

// maxShown is how much of a filter is repeated to people, in bytes: they have the configuration at hand.
const maxShown = 60

func (s lineStrategy) words() string {
	if s.Enters && len(s.Filters) == 0 {
		return s.Name + ": yes, it takes everything"
	}
	if s.Enters {
		return s.Name + ": yes"
	}
	var out []string
	for _, f := range s.Filters {
		if f.Passes {
			continue
		}
		has := "the line has none"
		if f.Has != "" {
			has = "it has " + clipped(f.Has)
		}
		out = append(out, fmt.Sprintf("%s = %s (%s)", f.Key, clipped(f.Value), has))
	}
	return s.Name + ": no, kept out by " + strings.Join(out, "; ")
}

// clipped is a text of which no more than maxShown is shown, cut between characters.
func clipped(s string) string {
	if len(s) <= maxShown {
		return s
	}
	end := 0
	for i := range s {
		if i > maxShown-3 {
			break
		}
		end = i
	}
	return s[:end] + "..."
}
