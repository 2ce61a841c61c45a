package term_test

import (
	"testing"
	"time"

	"cidrx/cmd/internal/term"
)

func TestBrief(t *testing.T) {
	const day = 24 * time.Hour
	for _, tt := range []struct {
		d           time.Duration
		brief, pair string
	}{
		{0, "0s", "0s"},
		{59 * time.Second, "59s", "59s"},
		{time.Minute, "1m", "1m 0s"},
		{9*time.Minute + 12*time.Second, "9m 12s", "9m 12s"},
		{time.Hour + 59*time.Second, "1h", "1h 0m"},
		{3*day + 4*time.Hour + 59*time.Minute, "3d 4h", "3d 4h"},
		{400 * day, "400d", "400d 0h"},
	} {
		if brief, pair := term.Brief(tt.d), term.BriefPair(tt.d); brief != tt.brief || pair != tt.pair {
			t.Errorf("%s: %q and %q, want %q and %q", tt.d, brief, pair, tt.brief, tt.pair)
		}
	}
	if got := term.Brief(59*time.Second + 600*time.Millisecond); got != "1m" {
		t.Errorf("rounded to a second: %q, want 1m", got)
	}
}
