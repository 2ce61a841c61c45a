package static

import (
	"sort"
	"time"

	"cidrx/detect/report"
)

// widths are the lengths of a bucket of time, in seconds, that people reckon in: a second to a day, a week, four weeks. Beyond, four weeks
// are doubled.
var widths = [...]int64{
	1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600, day, 2 * day, 7 * day, 28 * day,
}

const (
	day    = 24 * 3600
	monday = 4 * day // 1970-01-05, where whole weeks begin
)

// buckets cut a time range into pieces of equal length.
type buckets struct {
	start, width int64 // Unix seconds; width 0: there is no time
	n            int
}

// bucketsOf cuts the time from first to last, both inclusive, into at most report.MaxBuckets buckets of the shortest width that will do.
// They begin where the clock shows a multiple of the width (UTC), those of weeks on a Monday.
func bucketsOf(first, last time.Time) buckets {
	if first.IsZero() || last.Before(first) {
		return buckets{}
	}
	at := sort.Search(len(widths), func(i int) bool { return cut(first.Unix(), last.Unix(), widths[i]).n <= report.MaxBuckets })
	if at < len(widths) {
		return cut(first.Unix(), last.Unix(), widths[at])
	}
	b := buckets{n: report.MaxBuckets + 1}
	for width := 2 * widths[len(widths)-1]; b.n > report.MaxBuckets; width *= 2 {
		b = cut(first.Unix(), last.Unix(), width)
	}
	return b
}

// cut cuts first..last into buckets of a width.
func cut(first, last, width int64) buckets {
	origin := int64(0)
	if width >= 7*day {
		origin = monday
	}
	start := floor(first-origin, width)*width + origin
	return buckets{start: start, width: width, n: int(floor(last-start, width) + 1)}
}

// floor divides and rounds down, of negative numbers too: there are times before 1970.
func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// of returns the bucket that a time lies in. Times outside of all count in the first or in the last.
func (b *buckets) of(unix int64) int {
	return int(min(max(floor(unix-b.start, b.width), 0), int64(b.n-1)))
}

// begin is when the first bucket begins.
func (b *buckets) begin() time.Time { return time.Unix(b.start, 0).UTC() }

// length is that of a bucket.
func (b *buckets) length() time.Duration { return time.Duration(b.width) * time.Second }
