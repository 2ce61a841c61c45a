//go:build linux

package stepclock_test

import (
	"testing"
	"time"

	"cidrx/firewall/internal/stepclock"
)

func TestStepped(t *testing.T) {
	var c stepclock.Clock
	start := time.Now()
	for i, tt := range []struct {
		clock, passed time.Duration
		want          bool
	}{
		{0, 0, false}, {time.Minute, time.Minute, false}, {2*time.Minute + time.Second, 2 * time.Minute, false},
		{time.Hour, 3 * time.Minute, true}, {time.Hour + time.Minute, 4 * time.Minute, false}, {0, 5 * time.Minute, true}, {0, 5 * time.Minute, false},
	} {
		if got := c.Stepped(start.Add(tt.clock), tt.passed); got != tt.want {
			t.Errorf("reading %d: stepped %v, want %v", i, got, tt.want)
		}
	}
}
