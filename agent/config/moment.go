package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// moments are the ways in which a time can be written, and how much of the clock each of them names.
var moments = []struct {
	layout string
	unit   time.Duration // 0: a day, which is not always 24 hours long
}{
	{time.RFC3339, time.Second},
	{"2006-01-02T15:04Z07:00", time.Minute},
	{"2006-01-02", 0},
	{"2006-01-02 15", time.Hour},
	{"2006-01-02T15", time.Hour},
	{"2006-01-02 15:04", time.Minute},
	{"2006-01-02T15:04", time.Minute},
	{"2006-01-02 15:04:05", time.Second},
	{"2006-01-02T15:04:05", time.Second},
}

// ParseMoment reads a time: RFC 3339, or YYYY-MM-DD[ HH[:MM[:SS]]] in zone. It is the first second of the unit that text names, or, with
// end, the last one: "2026-05-01 14" ends at 14:59:59. Of a time that clocks show twice, in autumn, it is the first one, or, with end, the
// last one.
func ParseMoment(text string, zone *time.Location, end bool) (time.Time, error) {
	for _, m := range moments {
		t, err := time.ParseInLocation(m.layout, text, zone)
		if err != nil {
			continue
		}
		t = t.Truncate(time.Second)
		outer := outermost
		if strings.HasSuffix(m.layout, "Z07:00") { // the text says which one it is
			outer = func(t time.Time, _ bool) time.Time { return t }
		}
		switch {
		case !end:
			t = outer(t, false)
		case m.unit == 0:
			t = outer(t.AddDate(0, 0, 1), false).Add(-time.Second)
		default:
			t = outer(t, true).Add(m.unit - time.Second)
		}
		return t, nil
	}
	return time.Time{}, fmt.Errorf(`%q is not a time; write YYYY-MM-DD, YYYY-MM-DD HH, YYYY-MM-DD HH:MM, or RFC 3339 such as "2026-05-01T14:00:00+02:00"`, short(text))
}

// outermost is the first or the last of the times at which the clocks of t's zone show what they show at t.
func outermost(t time.Time, last bool) time.Time {
	const change = 12 * time.Hour // zones change less often than that, and by less
	_, offset := t.Zone()
	for _, near := range []time.Time{t.Add(-change), t.Add(change)} {
		_, other := near.Zone()
		twin := t.Add(time.Duration(offset-other) * time.Second)
		if _, o := twin.Zone(); o == other && twin.After(t) == last {
			return twin
		}
	}
	return t
}

// momentText is a moment as text.
func momentText(m moment) string {
	switch m := m.(type) {
	case string:
		return m
	case time.Time:
		return m.Format(time.RFC3339)
	case toml.LocalDate:
		return m.String()
	case toml.LocalDateTime:
		return m.AsTime(time.UTC).Format("2006-01-02T15:04:05")
	}
	return ""
}

// moment reads a time; none is the zero time.
func (b *builder) moment(path string, m moment, zone *time.Location, end bool) time.Time {
	text := momentText(m)
	if text == "" {
		return time.Time{}
	}
	t, err := ParseMoment(text, zone, end)
	if err != nil {
		b.fail(path, "%v", err)
	}
	return t
}
