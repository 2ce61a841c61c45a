package report_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cidrx/detect/report"
)

func plain(t *testing.T, r *report.Report, width int) string {
	t.Helper()
	var b strings.Builder
	if err := report.Plain(&b, r, width); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPlainGolden(t *testing.T) {
	for name, c := range map[string]struct {
		r     *report.Report
		width int
	}{
		"plain":         {sample(), 0},
		"plain_wide":    {sample(), 140},
		"plain_narrow":  {sample(), 50},
		"plain_hostile": {hostileReport(), 80},
		"plain_empty":   {&report.Report{}, 80},
		"plain_huge":    {huge(), 80},
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, plain(t, c.r, c.width)) })
	}
}

// TestPlainFits holds every line against the width, for every width from the usual one on, and prefixes of IPv6 too.
func TestPlainFits(t *testing.T) {
	for name, r := range map[string]*report.Report{"sample": sample(), "hostile": hostileReport(), "long prefixes": longPrefixes()} {
		for width := 80; width < 200; width++ {
			for _, line := range strings.Split(plain(t, r, width), "\n") {
				if n := columnsOf(line); n > width {
					t.Errorf("%s: %d columns, want at most %d:\n%s", name, n, width, line)
				}
			}
		}
	}
}

// columnsOf counts two columns for the Han characters of the samples.
func columnsOf(line string) int {
	n := utf8.RuneCountInString(line)
	for _, r := range line {
		if unicode.Is(unicode.Han, r) {
			n++
		}
	}
	return n
}

func longPrefixes() *report.Report {
	r := sample()
	s := &r.Sections[0]
	s.Asked = append(s.Asked, seenRange("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff/128", 1_046_826, 1))
	s.Tiers[0].Detected = []report.Range{seenRange("2001:db8:1234:5678::/64", 1_046_826, 1), seenRange("64:ff9b::203.0.113.255/128", 999, 1)}
	return r
}

func TestPlainDoesNothingToATerminal(t *testing.T) {
	for _, r := range plain(t, hostileReport(), 80) {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("%q is in the text", r)
		}
	}
}

func TestPlainIsDeterministic(t *testing.T) {
	if diff := cmp.Diff(plain(t, sample(), 0), plain(t, sample(), 80)); diff != "" {
		t.Errorf("the same report, the same width (-want +got):\n%s", diff)
	}
}

// full is a disk without room.
type full struct{}

var errFull = errors.New("no space left on device")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestErrorsOfTheWriterComeBack(t *testing.T) {
	for name, write := range map[string]error{
		"Plain": report.Plain(full{}, sample(), 80), "JSON": report.JSON(full{}, sample(), true), "hostile JSON": report.JSON(full{}, hostileReport(), false),
	} {
		if !errors.Is(write, errFull) {
			t.Errorf("%s: %v, want %v", name, write, errFull)
		}
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"":                    "",
		"/api/.* grüße 漢字 \\": "/api/.* grüße 漢字 \\",
		"\x1b[2J":             `\x1b[2J`,
		"a\r\n\tb":            `a\r\n\tb`,
		"\xff\xc3(":           `\xff\xc3(`,
		"\u009b1m\u202e":      `\u009b1m\u202e`,
		"\U000e0041":          `\U000e0041`,
		"\ufffd":              "\ufffd",
	} {
		if got := report.Printable(in); got != want {
			t.Errorf("Printable(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestPrintableIsPrintable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + rapid.String().Draw(t, "text")
		got := report.Printable(s)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("Printable(%q) = %q", s, got)
		}
	})
}
