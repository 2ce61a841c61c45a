package config

import (
	"time"

	"cidrx/detect"
	"cidrx/detect/match"
)

// strategies builds all [live.NAME] sections, in order of name.
func (b *builder) strategies() []detect.Strategy {
	if n := len(b.doc.Live); n > MaxStrategies {
		b.fail("live", "has %d strategies, but there may be at most %d", n, MaxStrategies)
		return nil
	}
	var out []detect.Strategy
	for _, name := range names(b.doc.Live) {
		out = append(out, b.strategy(name, b.doc.Live[name]))
	}
	return out
}

func (b *builder) strategy(name string, s liveSection) detect.Strategy {
	path := "live." + name
	return detect.Strategy{
		Name:       name,
		Filter:     b.filter(path, s),
		Window:     b.duration(path+".window", s.Window, time.Second),
		MaxEntries: b.number(path+".maxEntries", s.MaxEntries, 1000, 100_000_000),
		Tiers:      b.tiers(path, s),
	}
}

// filter checks the filters one by one, so that an error names the key that is wrong.
func (b *builder) filter(path string, s liveSection) match.Options {
	b.matcher(path+".useragentRegex", match.Options{UserAgent: s.UseragentRegex})
	b.matcher(path+".endpointRegex", match.Options{Endpoint: s.EndpointRegex})
	b.matchers(path+".methods", s.Methods, func(one []string) match.Options { return match.Options{Methods: one} })
	b.matchers(path+".statuses", s.Statuses, func(one []string) match.Options { return match.Options{Statuses: one} })
	b.matchers(path+".hosts", s.Hosts, func(one []string) match.Options { return match.Options{Hosts: one} })
	b.matchers(path+".outcomes", s.Outcomes, func(one []string) match.Options { return match.Options{Outcomes: one} })
	b.checkSources(path+".sources", s.Sources)
	return match.Options{
		UserAgent: s.UseragentRegex, Endpoint: s.EndpointRegex,
		Methods: s.Methods, Statuses: s.Statuses, Hosts: s.Hosts, Sources: s.Sources, Outcomes: s.Outcomes,
	}
}

// matcher checks one filter.
func (b *builder) matcher(path string, o match.Options) {
	if _, err := match.New(o); err != nil {
		b.fail(path, "%v", err)
	}
}

// matchers checks a list of values for one filter, one by one.
func (b *builder) matchers(path string, values []string, options func(one []string) match.Options) {
	for i := range values {
		b.matcher(element(path, i), options(values[i:i+1]))
	}
}
