package report

import (
	"fmt"
	"time"
)

// tickSteps are the distances of marks on an axis of time: seconds up to days, then months.
var tickSteps = []struct {
	every  time.Duration
	months int
	layout string
}{
	{time.Second, 0, "15:04:05"}, {5 * time.Second, 0, "15:04:05"}, {15 * time.Second, 0, "15:04:05"},
	{time.Minute, 0, "15:04"}, {5 * time.Minute, 0, "15:04"}, {15 * time.Minute, 0, "15:04"}, {30 * time.Minute, 0, "15:04"},
	{time.Hour, 0, "15:04"}, {3 * time.Hour, 0, "15:04"}, {6 * time.Hour, 0, "15:04"}, {12 * time.Hour, 0, "15:04"},
	{24 * time.Hour, 0, "2 Jan"}, {48 * time.Hour, 0, "2 Jan"}, {7 * 24 * time.Hour, 0, "2 Jan"}, {14 * 24 * time.Hour, 0, "2 Jan"},
	{0, 1, "Jan 2006"}, {0, 3, "Jan 2006"}, {0, 6, "Jan 2006"}, {0, 12, "2006"}, {0, 60, "2006"}, {0, 600, "2006"},
}

const mostTicks = 9

// timeTicks returns at most mostTicks marks between from and to, at round times of UTC. Of marks of hours, those at midnight name the
// day. They are in per cent of the way.
func timeTicks(from, to time.Time) []tickMark {
	from, to = from.UTC(), to.UTC()
	for _, step := range tickSteps {
		if every := step.every + time.Duration(step.months)*30*24*time.Hour; to.Sub(from)/every > mostTicks-1 && step.months < 600 {
			continue
		}
		var marks []tickMark
		for at := firstTick(from, step.every, step.months); at.Before(to) && len(marks) <= mostTicks; at = nextTick(at, step.every, step.months) {
			where := 100 * at.Sub(from).Seconds() / to.Sub(from).Seconds()
			if where < 3 || where > 97 { // its text would be cut off
				continue
			}
			marks = append(marks, tickMark{At: where, Text: tickText(at, step.every, step.layout), Minor: len(marks)%2 == 1})
		}
		return marks
	}
	return nil
}

// firstTick is the first round time that is not before from.
func firstTick(from time.Time, every time.Duration, months int) time.Time {
	if months == 0 {
		first := from.Truncate(every)
		if first.Before(from) {
			first = first.Add(every)
		}
		return first
	}
	number := from.Year()*12 + int(from.Month()) - 1
	first := time.Date(0, time.Month(1+number/months*months), 1, 0, 0, 0, 0, time.UTC)
	if first.Before(from) {
		first = nextTick(first, every, months)
	}
	return first
}

func nextTick(at time.Time, every time.Duration, months int) time.Time {
	if months == 0 {
		return at.Add(every)
	}
	return at.AddDate(0, months, 0)
}

func tickText(at time.Time, every time.Duration, layout string) string {
	if every > 0 && every < 24*time.Hour && at.Hour() == 0 && at.Minute() == 0 && at.Second() == 0 {
		return at.Format("2 Jan")
	}
	return at.Format(layout)
}

// spoken writes a bucket's length as one says it: "15 minutes", "1 day".
func spoken(d time.Duration) string {
	units := []struct {
		long time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}}
	for _, u := range units {
		switch {
		case d == u.long:
			return u.name
		case d >= u.long && d%u.long == 0:
			return fmt.Sprintf("%d %ss", d/u.long, u.name)
		}
	}
	return d.String()
}
