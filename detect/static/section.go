package static

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"time"

	"cidrx/detect/match"
)

// section is a Section at work. Sections that ask for the same lines share a population.
type section struct {
	Section
	who int // index of the population that passes its filter, in its time range
	all int // of everybody in its time range, for the bystanders; -1: no tier asks
}

// question says which lines a population counts. Comparing two of them tells whether they count the same.
type question struct {
	filter   match.Options
	from, to int64 // Unix seconds, inclusive
	timed    bool  // there is a range: a line without a time does not pass
	anyone   bool  // requests with an allowed user agent too
}

// everything is the question that every line passes.
func everything() question { return question{from: math.MinInt64, to: math.MaxInt64, anyone: true} }

// inTime tells whether a line of that time passes the time range.
func (q *question) inTime(unix int64, known bool) bool {
	return !q.timed || known && q.from <= unix && unix <= q.to
}

// within makes a question of a section: that of its filter, or that of everybody in its time range.
func (s *Section) within(filter match.Options) question {
	q := everything()
	q.filter, q.anyone = tidy(filter), false
	if !s.Start.IsZero() {
		q.from, q.timed = s.Start.Unix(), true
	}
	if !s.End.IsZero() {
		q.to, q.timed = s.End.Unix(), true
	}
	return q
}

// tidy makes filters that ask for the same the same.
func tidy(o match.Options) match.Options {
	o.Sources = nil
	for _, list := range []*[]string{&o.Methods, &o.Statuses, &o.Hosts, &o.Outcomes} {
		if len(*list) == 0 {
			*list = nil
		}
	}
	return o
}

// compile checks the options. Questions are numbered by newCounts.
func compile(o Options) ([]*section, error) {
	var out []*section
	names := map[string]bool{}
	for _, s := range o.Sections {
		if err := s.check(); err != nil {
			return nil, fmt.Errorf("section %q: %w", s.Name, err)
		}
		if names[s.Name] {
			return nil, fmt.Errorf("section %q is there twice: give each its own name", s.Name)
		}
		names[s.Name] = true
		out = append(out, &section{Section: s})
	}
	return out, nil
}

func (s *Section) check() error {
	if !s.Start.IsZero() && !s.End.IsZero() && s.End.Unix() < s.Start.Unix() {
		return fmt.Errorf("it ends at %s, before it starts at %s", s.End.UTC().Format(time.RFC3339), s.Start.UTC().Format(time.RFC3339))
	}
	for _, p := range s.Ranges {
		if !p.IsValid() {
			return errors.New("one of the ranges to count is not a prefix")
		}
	}
	for i := range s.Tiers {
		if err := s.Tiers[i].Validate(); err != nil {
			return fmt.Errorf("tier %d: %w", i+1, err)
		}
	}
	return nil
}

// stamp is a time as it is kept with a host. Times before 1970 and after 2106 count as the nearest that there are.
func stamp(unix int64, known bool) uint32 {
	if !known {
		return 0
	}
	return uint32(min(max(unix, 1), math.MaxUint32))
}

// timeOf is the time that a stamp stands for.
func timeOf(stamp uint32) time.Time {
	if stamp == 0 {
		return time.Time{}
	}
	return time.Unix(int64(stamp), 0).UTC()
}

func (q question) equal(other question) bool { return reflect.DeepEqual(q, other) }

// unfiltered tells whether only the time range decides.
func (q question) unfiltered() bool { return reflect.ValueOf(q.filter).IsZero() }
