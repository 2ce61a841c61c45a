package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"cidrx/agent/control"
)

// span is a flag that holds a time in whole seconds: 90s, 10m, 1h30m, 2d, 1w.
type span struct {
	d    time.Duration
	zero bool // nothing at all is a value too
}

const day = 24 * time.Hour

func (s *span) String() string {
	if s.d == 0 {
		return ""
	}
	return s.d.String()
}

// Type names the value in usage texts.
func (s *span) Type() string { return "time" }

// Set reads a sum of numbers with units. A bare number has none and is refused, except 0 where that is a value.
func (s *span) Set(text string) error {
	if s.zero && text == "0" {
		s.d = 0
		return nil
	}
	d, err := parseSpan(text)
	if err != nil {
		return err
	}
	if d == 0 && !s.zero {
		return fmt.Errorf("%q is no time at all", text)
	}
	s.d = d
	return nil
}

func (s *span) seconds() int64 { return int64(s.d / time.Second) }

func parseSpan(text string) (time.Duration, error) {
	var sum time.Duration
	for rest := text; rest != "" || text == ""; {
		digits := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if digits <= 0 {
			return 0, fmt.Errorf("%q is not a time: write it like 90s, 10m, 12h, 2d or 1w", text)
		}
		unit, ok := units[rest[digits]]
		n, err := strconv.ParseInt(rest[:digits], 10, 64)
		if !ok || err != nil {
			return 0, fmt.Errorf("%q is not a time: write it like 90s, 10m, 12h, 2d or 1w", text)
		}
		if n > int64(control.MaxDuration/unit) || sum+time.Duration(n)*unit > control.MaxDuration {
			return 0, fmt.Errorf("%q is over ten years: put what lasts into the configuration, under [deny] or [allow]", text)
		}
		sum += time.Duration(n) * unit
		rest = rest[digits+1:]
	}
	return sum, nil
}

// units are the letters that stand behind a number.
var units = map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': day, 'w': 7 * day}
