package config_test

import (
	"testing"
	"time"

	"cidrx/agent/config"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "0s": 0, "90s": 90 * time.Second, "1.5h": 90 * time.Minute, "7d": 168 * time.Hour, "1w": 168 * time.Hour,
		"1d12h": 36 * time.Hour, "0.5d": 12 * time.Hour, "2w1d1h1m1s": 15*24*time.Hour + time.Hour + time.Minute + time.Second, "10ms": 10 * time.Millisecond,
	} {
		if got, err := config.ParseDuration(text); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "1", "d", "-1h", "+1h", "1x", "1 h", "1h ", "1D", "h1", "..d", "99999999999w", "15250w1d23h47m16.9s1h", "1h1", "١d"} {
		if got, err := config.ParseDuration(text); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want an error", text, got)
		}
	}
}
