package static

import (
	"testing"
	"time"

	"cidrx/detect/parse"
	"cidrx/detect/report"
)

func TestBuckets(t *testing.T) {
	at := func(s string) time.Time {
		out, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for _, c := range []struct {
		first, last, start string
		width              time.Duration
		n                  int
	}{
		{"2025-01-01T10:00:07Z", "2025-01-01T10:00:07Z", "2025-01-01T10:00:07Z", time.Second, 1},
		{"2025-01-01T10:00:07Z", "2025-01-01T10:30:00Z", "2025-01-01T10:00:05Z", 5 * time.Second, 360},
		{"2025-01-01T10:07:07Z", "2025-01-02T10:00:00Z", "2025-01-01T10:05:00Z", 5 * time.Minute, 288},
		{"2025-01-01T10:07:07Z", "2025-12-31T10:00:00Z", "2025-01-01T00:00:00Z", 24 * time.Hour, 365},
		{"2020-01-01T10:07:07Z", "2025-12-31T10:00:00Z", "2019-12-30T00:00:00Z", 7 * 24 * time.Hour, 314},
		{"1969-12-31T23:59:59Z", "1970-01-01T00:00:01Z", "1969-12-31T23:59:59Z", time.Second, 3},
		{"0001-01-02T00:00:00Z", "9999-12-31T23:59:59Z", "-", 0, 0},
	} {
		b := bucketsOf(at(c.first), at(c.last))
		if c.n > 0 && (b.n != c.n || b.length() != c.width || !b.begin().Equal(at(c.start))) {
			t.Errorf("%s to %s: %d buckets of %s from %s", c.first, c.last, b.n, b.length(), b.begin())
		}
		if b.n > report.MaxBuckets || b.length() <= 0 || b.of(at(c.first).Unix()) != 0 || b.of(at(c.last).Unix()) != b.n-1 {
			t.Errorf("%s to %s: %+v", c.first, c.last, b)
		}
	}
	if b := bucketsOf(time.Time{}, time.Time{}); b.n != 0 {
		t.Errorf("no time: %+v", b)
	}
}

func TestWeightsAddUp(t *testing.T) {
	for _, c := range [][2]uint64{{1, 1}, {3, 10}, {7, 7}, {50_000, 123_456_789_012}, {4, 3}} {
		s := sample{lines: make([]sampledLine, c[0]), of: c[1]}
		sum := uint64(0)
		for i := range s.lines {
			sum += s.weight(i)
		}
		if sum != c[1] {
			t.Errorf("%d lines of %d stand for %d", c[0], c[1], sum)
		}
	}
}

func TestWhatLooksOrdinary(t *testing.T) {
	const chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36"
	judge, err := newOnlooker()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		agent, target string
		status        int
		outcome       parse.Outcome
		want          kind
	}{
		{chrome, "/", 200, 0, ordinary},
		{chrome, "/", 304, 0, ordinary},
		{chrome, "/", 404, 0, other},
		{chrome, "/", 0, 0, other},
		{chrome, "/blog/.env", 200, 0, other},
		{chrome, "/x/../%2eenv", 200, 0, other},
		{chrome, "/WP-LOGIN.php?x", 200, 0, other},
		{"Mozilla/5.0 (Linux; Android 9; CUBOT_X18_Plus) AppleWebKit/537.36 Chrome/90 Mobile Safari/537.36", "/", 200, 0, ordinary},
		{"Opera/9.80 (Windows NT 6.1) Presto/2.12", "/", 200, 0, ordinary},
		{"Mozilla/5.0 zgrab/0.x", "/", 200, 0, other},
		{"Mozilla/5.0 (compatible; SomeBot/1.0; +http://x.example)", "/", 200, 0, other},
		{"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "/", 200, 0, crawler},
		{"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "/", 404, 0, other},
		{"bot", "/", 200, 0, other},
		{"curl/8.0", "/", 200, 0, other},
		{"", "/", 200, 0, mute},
		{"", "/.git/config", 200, 0, mute},
		{"", "", 0, parse.Success, ordinary},
		{"", "", 0, parse.Failure, other},
	} {
		ev := parse.Event{Target: []byte(c.target), Status: c.status, Outcome: c.outcome}
		if c.agent != "" {
			ev.UserAgent = []byte(c.agent)
		}
		want := c.want
		if want == mute && c.target != "/" {
			want = other
		}
		for range 2 { // the second time from what is known of the user agent
			if got := judge.kind(&ev); got != want {
				t.Errorf("%q %q %d: %d, want %d", c.agent, c.target, c.status, got, want)
			}
		}
	}
}
