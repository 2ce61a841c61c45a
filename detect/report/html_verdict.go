package report

import (
	"fmt"
	"strings"
)

// verdict is the outcome in words for people who do not read tables.
type verdict struct {
	Found    bool
	Headline string
	Says     []string
	Advice   string // what to do about it
	Plots    int
	Requests uint64
	Hosts    int
	Share    float64 // of all requests, 0 to 1
	AtLeast  bool    // the figures are the least that can be true
}

// newVerdict sums up what plots cover.
func newVerdict(r *Report, plots []plot) verdict {
	v := verdict{Plots: len(plots), Found: len(plots) > 0, AtLeast: atLeast(r)}
	looked, ordinary := uint64(0), uint64(0)
	for _, p := range plots {
		v.Requests += p.Requests
		v.Hosts += p.Hosts
		looked += p.Looked
		ordinary += p.Ordinary
	}
	v.Requests = min(v.Requests, r.Requests)
	v.Share = share(v.Requests, r.Requests)
	if !v.Found {
		v.tellNothing(r)
		return v
	}
	v.tellFound(r)
	if looked > 0 {
		v.advise(share(ordinary, looked), r.Detail.Approximate)
	}
	return v
}

// atLeast says whether what was found may be more than what the sections counted: some looked at a part of the requests only, or
// several found ranges in the same traffic.
func atLeast(r *Report) bool {
	finding := 0
	for i := range r.Sections {
		s := &r.Sections[i]
		if len(widest(s)) > 0 {
			finding++
			if len(filterWords(s)) > 0 {
				return true
			}
		}
	}
	return finding > 1
}

func (v *verdict) tellFound(r *Report) {
	ranges := "One address range"
	if v.Plots > 1 {
		ranges = Grouped(v.Plots) + " address ranges"
	}
	v.Headline = fmt.Sprintf("%s sent %s%s of all requests", ranges, v.least(), percent(v.Share))
	v.Says = append(v.Says, fmt.Sprintf("That is %s of %s, from %s of %s seen: %s of the visitors.", Grouped(v.Requests), counted(r.Requests, "request"),
		Grouped(v.Hosts), counted(r.Hosts, "host"), percent(share(uint64(v.Hosts), uint64(r.Hosts)))))
}

// MeterWidth is the share in thousandths, never too little to see.
func (v verdict) MeterWidth() float64 { return max(4, 1000*v.Share) }

func (v *verdict) least() string {
	if v.AtLeast {
		return "at least "
	}
	return ""
}

// advise says what blocking would cost. Ordinary is the share of the found requests that look like those of people.
func (v *verdict) advise(ordinary float64, approximate bool) {
	about := percent(ordinary)
	if approximate {
		about = "about " + about
	}
	switch {
	case ordinary < 0.01:
		v.Advice = fmt.Sprintf("Blocking them would hardly touch ordinary visitors: %s of their requests look like those of people.", about)
	case ordinary < 0.1:
		v.Advice = fmt.Sprintf("Blocking them would touch few ordinary visitors: %s of their requests look like those of people.", about)
	default:
		v.Advice = fmt.Sprintf("Look before blocking: %s of their requests look like those of people, so some of these ranges may be customers, partners or search engines.", about)
	}
}

// tellNothing says that nothing was found, and what came nearest to it.
func (v *verdict) tellNothing(r *Report) {
	v.Headline = "No address range stands out"
	if r.Requests == 0 {
		v.Headline = "No requests to look at"
		return
	}
	tiers := 0
	var nearest *Miss
	for i := range r.Sections {
		tiers += len(r.Sections[i].Tiers)
		for _, t := range r.Sections[i].Tiers {
			if len(t.Missed) > 0 && (nearest == nil || nearness(&t.Missed[0]) > nearness(nearest)) {
				nearest = &t.Missed[0]
			}
		}
	}
	v.Says = append(v.Says, fmt.Sprintf("None of the %s asked of %s and %s was met.", counted(tiers, "tier"), counted(r.Requests, "request"), counted(r.Hosts, "host")))
	if nearest != nil {
		v.Says = append(v.Says, fmt.Sprintf("Nearest came %s with %s.", nearest.Prefix, strings.TrimSuffix(shown(nearest.Why, mostName), ".")))
	}
}

// nearness is the part of the needed requests that a miss has.
func nearness(m *Miss) float64 { return share(m.Requests, max(1, m.Needed)) }
