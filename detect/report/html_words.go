package report

import (
	"fmt"
	"strconv"
	"strings"

	"cidrx/detect/cidr"
)

// sectionView is a section with its numbers in words.
type sectionView struct {
	*Section
	Filters []filterWord
	Share   float64 // its requests of all that were read
	Asked   []Range
	More    int // prefixes asked for that are not shown
	Tiers   []tierView
}

// filterWord is one condition that requests have to meet.
type filterWord struct{ What, Value string }

// tierView is a tier in words.
type tierView struct {
	*Tier
	Number int
	Asks   string
	Extra  []string // conditions beyond the four numbers
	Sum    uint64   // requests of what it found, which is disjoint
	Share  float64
	Short  []missView
}

// missView is what came nearest to a tier that found nothing.
type missView struct {
	Miss
	Width   float64 // how near: 0 to 100
	Catches string  // the numbers that would have caught it
}

func sectionViews(r *Report) []sectionView {
	views := make([]sectionView, len(r.Sections))
	for i := range r.Sections {
		s := &r.Sections[i]
		views[i] = sectionView{Section: s, Filters: filterWords(s), Share: share(s.Requests, r.Requests)}
		views[i].Asked, views[i].More = bounded(s.Asked, mostList)
		for j := range s.Tiers {
			views[i].Tiers = append(views[i].Tiers, newTierView(s, j))
		}
	}
	return views
}

func filterWords(s *Section) []filterWord {
	var words []filterWord
	add := func(what, value string) {
		if value != "" {
			words = append(words, filterWord{what, value})
		}
	}
	add("user agent matches", s.UserAgent)
	add("endpoint matches", s.Endpoint)
	for _, l := range s.Lists() {
		add(l.Noun+" is", strings.Join(l.Values, " or "))
	}
	add("not before", stamp(s.Start))
	add("not after", stamp(s.End))
	return words
}

func newTierView(s *Section, i int) tierView {
	t := &s.Tiers[i]
	v := tierView{Tier: t, Number: i + 1, Asks: asks(t, s.Balance), Extra: extras(t)}
	for _, g := range t.Detected {
		v.Sum += g.Requests
	}
	v.Share = share(v.Sum, s.Requests)
	for _, m := range t.Missed {
		near := missView{Miss: m, Width: max(1, 100*min(1, share(m.Requests, max(1, m.Needed)))), Catches: strings.Join(catching(t, &m, s.Requests), ", ")}
		v.Short = append(v.Short, near)
	}
	return v
}

// asks says the four numbers of a tier as a sentence.
func asks(t *Tier, balance bool) string {
	networks := fmt.Sprintf("Networks from /%d to /%d", t.MinDepth, t.MaxDepth)
	if t.MinDepth == t.MaxDepth {
		networks = fmt.Sprintf("Networks of length /%d", t.MinDepth)
		if t.MinDepth == 32 {
			networks = "Single hosts"
		}
	}
	least := "at least " + counted(max(1, t.MinSize), "request")
	if balance || t.Balance {
		return fmt.Sprintf("%s with %s whose two halves send about as much (balance mode, difference below %s)", networks, least, decimal(t.Threshold))
	}
	if t.Threshold == 0 {
		return networks + " that sent " + least
	}
	return fmt.Sprintf("%s that sent %s and %s of all that the section looks at", networks, least, percentOf(t.Threshold))
}

// percentOf writes a share in millionths as it was given.
func percentOf(millionths uint32) string {
	return inPercent(strconv.FormatFloat(float64(millionths)/1e4, 'f', -1, 64))
}

// extras says the other conditions of a tier.
func extras(t *Tier) []string {
	var words []string
	if t.SizeAlone > 0 {
		words = append(words, fmt.Sprintf("%s are enough whatever the share", counted(t.SizeAlone, "request")))
	}
	switch {
	case t.MinHosts > 0:
		words = append(words, fmt.Sprintf("from at least %s", counted(t.MinHosts, "host")))
	case t.HostsByLength:
		words = append(words, "the wider the network, the more hosts must take part")
	}
	if t.MaxCollateral != cidr.NoCollateralLimit {
		words = append(words, fmt.Sprintf("at most %s of its hosts without a matching request", percentOf(t.MaxCollateral)))
	}
	if t.Depth6 != [2]int{} {
		words = append(words, fmt.Sprintf("IPv6: /%d to /%d", t.Depth6[0], t.Depth6[1]))
	}
	return words
}
