package explore

import (
	"fmt"
	"slices"

	"cidrx/cmd/internal/term"
	"cidrx/detect/report"
)

// outcome is what a section found, in figures.
type outcome struct {
	ranges   []found // those that lie in no other
	requests uint64
	hosts    int
	share    float64 // of the section's total
}

// outcome adds up what the tiers of a section found.
func (s *session) outcome(section int) outcome {
	if o, ok := s.outcomes[section]; ok {
		return o
	}
	o := outcome{ranges: widest(s.ranges(section))}
	o.requests, o.hosts = sum(o.ranges)
	if total := s.at(section).Requests; total > 0 {
		o.share = float64(o.requests) / float64(total)
	}
	s.outcomes[section] = o
	return o
}

// verdict says in a sentence what the analysis found. guilty: it found something.
func (s *session) verdict() (text string, guilty bool) {
	worst, sections := -1, 0
	var most outcome
	for i := range s.report.Sections {
		o := s.outcome(i)
		if len(o.ranges) == 0 {
			continue
		}
		sections++
		if worst < 0 || o.requests > most.requests {
			worst, most = i, o
		}
	}
	if worst < 0 {
		return "No range reached a tier." + s.nearest(), false
	}
	text = s.caught(most)
	if len(s.report.Sections) > 1 {
		text = fmt.Sprintf("%s of %s found something; most did %s: %s", term.Count(sections), term.Plural(len(s.report.Sections), "section"), s.sectionName(worst), text)
	}
	return text, true
}

// caught says what was found in one section.
func (s *session) caught(o outcome) string {
	hold := "hold"
	if len(o.ranges) == 1 {
		hold = "holds"
	}
	text := fmt.Sprintf("%s %s %s (%s) from %s", term.Plural(len(o.ranges), "range"), hold, term.Plural(o.requests, "request"),
		term.Percent(o.share), term.Plural(o.hosts, "host"))
	if len(o.ranges) > 1 {
		top := slices.MaxFunc(o.ranges, func(a, b found) int { return byRequests.compare(&b, &a) })
		text += fmt.Sprintf("; the largest is %s with %s", top.Prefix, term.Count(top.Requests))
	}
	return text + "."
}

// nearest names the best of the near misses.
func (s *session) nearest() string {
	var best *report.Miss
	for i := range s.report.Sections {
		for j := range s.report.Sections[i].Tiers {
			for k := range s.report.Sections[i].Tiers[j].Missed {
				if m := &s.report.Sections[i].Tiers[j].Missed[k]; best == nil || reach(m) > reach(best) {
					best = m
				}
			}
		}
	}
	if best == nil {
		return ""
	}
	return fmt.Sprintf(" The nearest was %s: %s.", best.Prefix, term.Printable(best.Why))
}

// reach is how much of what it needed a prefix had.
func reach(m *report.Miss) float64 { return float64(m.Requests) / float64(max(1, m.Needed)) }
