package explore

import (
	"time"

	"cidrx/cmd/internal/term"
	"cidrx/detect/report"
)

// chart draws requests by bucket with height lines of bars, and a line that says when and how many.
func chart(d *report.Detail, values []uint64, width, height int) []string {
	columns := max(1, width-2)
	bars, peak := term.Bars(values, columns, height)
	for i := range bars {
		bars[i] = " " + term.Bar(bars[i])
	}
	end := d.Start.Add(d.Bucket * time.Duration(len(values)))
	about := ""
	if d.Approximate {
		about = "about "
	}
	most := "at most " + about + term.Count(peak) + " in " + term.Span(d.Bucket)
	return append(bars, " "+term.Faint(term.Fit(three(minute(d.Start), most, minute(end), columns), columns)))
}

// three sets texts at the start, the middle and the end of a line.
func three(left, middle, right string, width int) string {
	room := width - term.Width(left) - term.Width(right)
	if room < term.Width(middle)+2 {
		return term.Ends(left, right, width)
	}
	before := (room - term.Width(middle)) / 2
	return term.Ends(term.Fit(left, term.Width(left)+before)+middle, right, width)
}
