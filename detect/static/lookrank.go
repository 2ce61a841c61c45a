package static

import (
	"cmp"
	"slices"

	"cidrx/detect/report"
)

// ranking finds those of counted texts that are surely frequent. It goes by what is certain, never by a count that may be too high: where
// nearly all texts are different, the counts that took over others are the highest, and say nothing.
type ranking struct {
	texts  []report.Top
	missed uint64 // how often a text that is not among texts came, at most; 0: all are
	chance chance
}

// tops lists the texts that are certain to be more frequent than any that is not counted, and says what is known of the others.
func (r *ranking) tops() report.Tops {
	slices.SortFunc(r.texts, func(a, b report.Top) int {
		return cmp.Or(cmp.Compare(b.Least(), a.Least()), cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Text, b.Text))
	})
	n := 0
	for n < min(len(r.texts), mostTops) && r.texts[n].Least() > r.missed && r.chance.permits(r.texts[n].Least()) {
		n++
	}
	out := report.Tops{List: append([]report.Top(nil), r.texts[:n]...), Others: len(r.texts) - n, More: r.missed > 0 || r.chance.line > 0}
	if r.missed > 0 {
		out.Others++ // at the least: something was taken over
	}
	if out.Others == 0 {
		return out
	}
	out.Most = max(r.missed, fewestLines*r.chance.line)
	for _, t := range r.texts[n:] {
		out.Most = max(out.Most, t.Requests)
	}
	return out
}

// chance is what remains uncertain of counts in a sample.
type chance struct {
	line uint64 // requests that a line stands for; 0: the lines are no sample, but all
	seen uint64 // requests that the lines of the range stand for
}

// A text is listed that is in at least so many lines of a sample, and in so many that its true number lies within a seventh of the
// estimate two times out of three: the variance of a part p of n drawn is p(1-p)/n, and 50 is about seven squared. By chance, a text has ten
// lines where one is to be expected once in ten million times.
const (
	fewestLines  = 10
	preciseLines = 50
)

// permits tells whether n requests are no chance.
func (c chance) permits(n uint64) bool {
	return n >= fewestLines*c.line && float64(n) >= preciseLines*float64(c.line)*(1-share(n, c.seen))
}

// line is how many requests a line of a sample stands for, rounded up; 0 without a sample, and where it has all lines.
func (s *sample) line() uint64 {
	if s == nil || uint64(len(s.lines)) >= s.of {
		return 0
	}
	n := uint64(len(s.lines))
	return (s.of + n - 1) / n
}

// scaled makes of counts in a sample those of the whole range.
func (c chance) scaled(t report.Tops, whole uint64) report.Tops {
	scale := func(n uint64) uint64 { return min(uint64(share(n, c.seen)*float64(whole)+0.5), whole) }
	for i := range t.List {
		top := &t.List[i]
		most := scale(top.Requests)
		top.Above, top.Requests = most-scale(top.Least()), most
	}
	t.Most = scale(t.Most)
	return t
}
