package config

import (
	"fmt"
	"strings"
	"time"
)

// longest is the longest duration that a configuration may ask for: bans are never for ever.
const longest = 10 * 365 * 24 * time.Hour

// duration is a duration as ParseDuration reads it, at least least and whole seconds; what else it is goes to b.
func (b *builder) duration(path string, text duration, least time.Duration) time.Duration {
	d, err := ParseDuration(string(text))
	switch {
	case err != nil:
		b.fail(path, "%v", err)
	case d < least:
		b.fail(path, "%q is too short; the shortest is %s", text, least)
	case d > longest:
		b.fail(path, "%q is too long; the longest is ten years", text)
	case d%time.Second != 0:
		b.fail(path, "%q is not a number of whole seconds", text)
	}
	return d
}

// ParseDuration reads a duration as time.ParseDuration does, with d for days of 24 hours and w for weeks besides: "90s", "2d",
// "1w", "1d12h". There is no sign; "0" is the only one without a unit.
func ParseDuration(text string) (time.Duration, error) {
	var sum time.Duration
	for rest := text; rest != "" && text != "0"; {
		unit := strings.TrimLeft(rest, "0123456789.")
		number := rest[:len(rest)-len(unit)]
		rest = strings.TrimLeft(unit, "abcdefghijklmnopqrstuvwxyzµ")
		d, err := oneUnit(number, unit[:len(unit)-len(rest)])
		if err != nil || sum+d < sum {
			return 0, durationError(text)
		}
		sum += d
	}
	if text == "" {
		return 0, durationError(text)
	}
	return sum, nil
}

// oneUnit reads a number of one unit.
func oneUnit(number, unit string) (time.Duration, error) {
	hours := map[string]time.Duration{"d": 24, "w": 7 * 24}[unit]
	if hours == 0 {
		return time.ParseDuration(number + unit)
	}
	d, err := time.ParseDuration(number + "h")
	if err != nil || d > (1<<63-1)/hours {
		return 0, durationError(number)
	}
	return d * hours, nil
}

func durationError(text string) error {
	return fmt.Errorf(`%q is not a duration; write a number and s, m, h, d or w, such as "90s", "12h" or "7d"`, text)
}
