package main

import (
	"testing"
	"time"
)

func TestSpan(t *testing.T) {
	tests := []struct {
		text string
		want time.Duration // negative: refused
	}{
		{"90s", 90 * time.Second}, {"10m", 10 * time.Minute}, {"12h", 12 * time.Hour}, {"2d", 48 * time.Hour}, {"1w", 168 * time.Hour},
		{"1h30m", 90 * time.Minute}, {"1d12h", 36 * time.Hour}, {"3650d", 3650 * day},
		{"", -1}, {"0", -1}, {"0s", -1}, {"600", -1}, {"h", -1}, {"-1h", -1}, {"1.5h", -1}, {"1h ", -1}, {" 1h", -1}, {"1h30", -1}, {"1ms", -1}, {"1y", -1}, {"1H", -1},
		{"١h", -1}, {"3651d", -1}, {"3650d1s", -1}, {"99999999999999999999s", -1}, {"9223372036854775807w", -1},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			var s span
			err := s.Set(tt.text)
			if tt.want < 0 && err == nil || tt.want >= 0 && (err != nil || s.d != tt.want) {
				t.Errorf("got %v, %v; want %v", s.d, err, tt.want)
			}
		})
	}
}

func TestSpanOfNothing(t *testing.T) {
	for _, text := range []string{"0", "0s", "0h"} {
		s := span{zero: true, d: time.Hour}
		if err := s.Set(text); err != nil || s.seconds() != 0 {
			t.Errorf("%s: %v, %v; want 0", text, s.d, err)
		}
	}
}

// What is read is within the bounds that the agent checks.
func FuzzSpan(f *testing.F) {
	for _, s := range []string{"1h30m", "3650d", "0", "9223372036854775807s", "1w1d1h1m1s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s span
		if err := s.Set(text); err == nil && (s.d <= 0 || s.d > 3650*day) {
			t.Errorf("%q is %v", text, s.d)
		}
	})
}
