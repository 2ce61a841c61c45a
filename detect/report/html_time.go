package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// timeView is the drawing of requests over time. Its shapes are in buckets across and in chartHeight upwards, and are stretched to the
// width of the screen; texts are placed in per cent, so that they are not.
type timeView struct {
	Buckets int
	Bucket  string
	All     string // path of all requests
	Found   string // path of those of detected ranges, in front of it
	Any     bool   // there is something in Found
	Peak    uint64
	PeakAt  time.Time

	Approximate bool
	AtLeast     bool // Found is the least that it can be

	Rows     []tickMark // of requests
	Columns  []tickMark // of time
	From, To time.Time
	Lanes    []lane
	More     int // ranges without a lane
	Data     timeData
}

// tickMark is a line of a grid with what is written at it.
type tickMark struct {
	At    float64 // pixels from above, or per cent from the left
	Text  string
	Minor bool // left out where it is narrow
}

// Above is where the text of a line stands: just above it.
func (t tickMark) Above() float64 { return t.At - 4 }

// lane is one range's part of the time line.
type lane struct {
	plot
	Path string
	Peak uint64
}

// timeData is what the script needs to say what is under the pointer.
type timeData struct {
	Start  int64    `json:"start"`  // Unix seconds
	Bucket float64  `json:"bucket"` // seconds
	All    []uint64 `json:"all"`
	Found  []uint64 `json:"found"`
}

// Measures of the time line: pixels.
const (
	chartHeight = 200
	chartTop    = 18 // room for the uppermost label
	laneHeight  = 28
)

// newTimeView draws the second look's buckets; nil without.
func newTimeView(d *Detail, plots []plot, atLeast bool) *timeView {
	if d == nil || d.Bucket <= 0 || len(d.Requests) == 0 {
		return nil
	}
	found := make([]uint64, len(d.Requests))
	for i := range plots {
		for b := range min(len(found), len(plots[i].Times)) {
			found[b] = min(d.Requests[b], found[b]+plots[i].Times[b])
		}
	}
	top := peak(d.Requests)
	v := &timeView{
		Approximate: d.Approximate, AtLeast: atLeast, Any: peak(found) > 0,
		Buckets: len(d.Requests), Bucket: spoken(d.Bucket), Peak: top, From: d.Start, To: d.Start.Add(d.Bucket * time.Duration(len(d.Requests))),
		Data: timeData{Start: d.Start.Unix(), Bucket: d.Bucket.Seconds(), All: d.Requests, Found: found},
	}
	v.PeakAt = d.Start.Add(d.Bucket * time.Duration(slices.Index(d.Requests, top)))
	ceiling := v.ruleRows(top)
	v.All, v.Found = silhouette(d.Requests, ceiling, chartHeight), silhouette(found, ceiling, chartHeight)
	v.Columns = timeTicks(v.From, v.To)
	v.addLanes(plots)
	return v
}

// addLanes gives the ranges with the most requests a line each, on the same axis of time.
func (v *timeView) addLanes(plots []plot) {
	plots = slices.DeleteFunc(slices.Clone(plots), func(p plot) bool { return peak(p.Times) == 0 })
	slices.SortFunc(plots, byRequests)
	plots, v.More = bounded(plots, mostLanes)
	for _, p := range plots {
		v.Lanes = append(v.Lanes, lane{plot: p, Peak: peak(p.Times), Path: silhouette(p.Times, peak(p.Times), laneHeight)})
	}
}

// peak is the largest of counts, 0 of none.
func peak(counts []uint64) uint64 {
	top := uint64(0)
	for _, n := range counts {
		top = max(top, n)
	}
	return top
}

// silhouette returns a path of steps, a bucket one wide, height high where a count is ceiling. What is there is never lower than can be
// seen.
func silhouette(counts []uint64, ceiling uint64, height float64) string {
	if ceiling == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "M0 %g", height)
	last := ""
	for i, n := range counts {
		high := float64(n) / float64(ceiling) * height
		if n > 0 {
			high = max(high, height/100)
		}
		if at := coord(math.Round((height-high)*10) / 10); at != last {
			if i > 0 {
				fmt.Fprintf(&b, "H%d", i)
			}
			b.WriteString("V" + at)
			last = at
		}
	}
	fmt.Fprintf(&b, "H%dV%gz", len(counts), height)
	return b.String()
}

// ruleRows rules lines at round numbers and returns the number at the upper edge.
func (v *timeView) ruleRows(top uint64) uint64 {
	step := roundStep(top)
	lines := (top + step - 1) / step
	for i := range lines {
		n := (i + 1) * step
		v.Rows = append(v.Rows, tickMark{At: chartTop + chartHeight*(1-float64(n)/float64(lines*step)), Text: Grouped(n)})
	}
	return max(1, lines*step)
}

// roundStep divides top into two to five parts of 1, 2 or 5 times a power of ten.
func roundStep(top uint64) uint64 {
	for power := uint64(1); ; power *= 10 {
		for _, step := range []uint64{power, 2 * power, 5 * power} {
			if top/step < 4 || power >= 1e18 {
				return step
			}
		}
	}
}
