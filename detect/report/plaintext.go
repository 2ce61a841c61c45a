package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What a report names (logs, sections, expressions, requests) may have been written by an attacker, and a terminal obeys the escape
// sequences in it (ESC and the C1 controls): what cannot be seen is written as an escape.

// Printable is text in which everything can be seen, as Go writes it: \x1b, \n, \u202e. What is not UTF-8 is written byte by byte.
func Printable(s string) string {
	if !strings.ContainsFunc(s, hidden) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case hidden(r):
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}

// hidden says whether r does something other than being seen, such as to turn the direction of what follows.
func hidden(r rune) bool { return !unicode.IsPrint(r) }

// columns is how many columns of a terminal s takes, about.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

// runeColumns is two for the characters of East Asia and emoji, none for marks.
func runeColumns(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case r >= 0x1f300 && r < 0x1fb00, r >= 0xff01 && r <= 0xff60, r >= 0x3000 && r <= 0x303f,
		unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana):
		return 2
	}
	return 1
}

// wrap breaks s into lines of at most width columns, at blanks where it can. The blanks at a break are all that is lost.
func wrap(s string, width int) []string {
	lines := []string{}
	for {
		head := fitting(s, width)
		if head == s {
			return append(lines, s)
		}
		if blank := strings.LastIndexByte(head, ' '); s[len(head)] != ' ' && blank > 0 {
			head = head[:blank]
		}
		lines, s = append(lines, strings.TrimRight(head, " ")), strings.TrimLeft(s[len(head):], " ")
	}
}

// fitting is the start of s that takes at most width columns, one character at the least.
func fitting(s string, width int) string {
	taken := 0
	for i, r := range s {
		if taken += runeColumns(r); taken > width && i > 0 {
			return s[:i]
		}
	}
	return s
}

// Grouped writes 1234567 as 1,234,567.
func Grouped[N int | uint64 | int64](n N) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// counted writes "1 host" and "1,234 hosts".
func counted[N int | uint64 | int64](n N, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return Grouped(n) + " " + noun
}

// percentage is a share of 0 to 1 in per cent, to a millionth of one: 0 where there is nothing to have a share of.
func percentage(share float64) float64 {
	if math.IsNaN(share) || math.IsInf(share, 0) {
		return 0
	}
	return math.Round(share*1e8) / 1e6
}

// share of part in all, 0 if all is nothing.
func share(part, all uint64) float64 {
	if all == 0 {
		return 0
	}
	return float64(part) / float64(all)
}

// decimal writes millionths as the shortest decimal that has at least two digits behind the point.
func decimal(millionths uint32) string {
	s := fmt.Sprintf("%d.%06d", millionths/1_000_000, millionths%1_000_000)
	kept := strings.TrimRight(s, "0")
	return s[:max(len(kept), strings.IndexByte(s, '.')+3)]
}

// rfc3339 writes a time as all output does: UTC, to the second. It is empty for no time, and for one in a year that RFC 3339 has no
// digits for.
func rfc3339(t time.Time) string {
	if t = t.UTC(); t.IsZero() || t.Year() < 0 || t.Year() > 9999 {
		return ""
	}
	return t.Format(time.RFC3339)
}

// lasted writes a duration in the unit that gives up to three or four digits.
func lasted(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}
