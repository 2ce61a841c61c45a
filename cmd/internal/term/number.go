package term

import (
	"fmt"
	"strconv"
	"time"
)

// Count writes n with separators for thousands.
func Count[N int | int64 | uint64](n N) string {
	digits := fmt.Sprint(n)
	for at := len(digits) - 3; at > 0 && digits[at-1] != '-'; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// Short writes n in at most five characters: 999, 12.3k, 4.5M.
func Short(n uint64) string {
	if n < 1000 {
		return strconv.FormatUint(n, 10)
	}
	f, unit := float64(n), -1
	for f >= 999.95 && unit < len(units)-1 {
		f, unit = f/1000, unit+1
	}
	if f >= 99.95 {
		return fmt.Sprintf("%.0f%c", f, units[unit])
	}
	return fmt.Sprintf("%.1f%c", f, units[unit])
}

const units = "kMGTPE"

// Plural is n with its noun, which takes an s.
func Plural[N int | int64 | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Count(n) + " " + noun + "s"
}

// Brief writes d, of at least 0, in its two largest units, without blanks between number and unit: 3d 4h, 9m 12s. A second that is 0 is
// left out.
func Brief(d time.Duration) string {
	d = d.Round(time.Second)
	if d < time.Minute {
		return fmt.Sprintf("%ds", d/time.Second)
	}
	large, small := twoUnits(d)
	if d%large.length/small.length == 0 {
		return fmt.Sprintf("%d%s", d/large.length, large.name)
	}
	return BriefPair(d)
}

// BriefPair is Brief with both units also where the second is 0, for columns and for text that changes as time goes by.
func BriefPair(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%ds", d/time.Second)
	}
	large, small := twoUnits(d)
	return fmt.Sprintf("%d%s %d%s", d/large.length, large.name, d%large.length/small.length, small.name)
}

// unit is one that durations are written in.
type unit struct {
	length time.Duration
	name   string
}

// twoUnits are the largest two units of a duration of a minute or more.
func twoUnits(d time.Duration) (large, small unit) {
	day, hour, minute := unit{24 * time.Hour, "d"}, unit{time.Hour, "h"}, unit{time.Minute, "m"}
	switch {
	case d >= day.length:
		return day, hour
	case d >= hour.length:
		return hour, minute
	}
	return minute, unit{time.Second, "s"}
}

// Percent writes a share of 0 to 1; one that is there never reads as nothing.
func Percent(share float64) string {
	if share > 0 && share < 0.0005 {
		return "<0.1 %"
	}
	return strconv.FormatFloat(100*share, 'f', 1, 64) + " %"
}

// Stamp writes t in UTC to the second, a dash when it is unknown.
func Stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// Span writes d in its two largest units.
func Span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= day:
		return two(d, day, "d", time.Hour, "h")
	case d >= time.Hour:
		return two(d, time.Hour, "h", time.Minute, "min")
	case d >= time.Minute:
		return two(d, time.Minute, "min", time.Second, "s")
	case d >= time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d >= time.Millisecond:
		return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 1, 64) + " ms"
	}
	return strconv.FormatInt(d.Microseconds(), 10) + " µs"
}

func two(d, large time.Duration, l string, small time.Duration, s string) string {
	text := fmt.Sprintf("%d %s", d/large, l)
	if rest := d % large / small; rest > 0 {
		text += fmt.Sprintf(" %d %s", rest, s)
	}
	return text
}
