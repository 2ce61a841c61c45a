package report

import (
	"html/template"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of the page. What is beyond them is counted on it.
const (
	mostRows    = 500  // rows of the table of ranges
	mostDetails = 50   // ranges told of closely
	mostHosts   = 25   // hosts of a range
	mostBlock   = 5000 // lines of the list to block, of each kind
	mostOutline = 400  // ranges outlined on the map
	mostLanes   = 8    // ranges with a lane of their own below the time line
	mostList    = 50   // entries of the other lists: logs, warnings, denied hosts, sections, prefixes asked for
	mostTop     = 240  // bytes of a user agent or endpoint
	mostSample  = 1024 // bytes of a sample line
	mostName    = 200  // bytes of other texts: names of logs and sections, expressions, messages
)

// pageWords are the functions of the templates.
var pageWords = template.FuncMap{
	"num":     func(n uint64) string { return Grouped(n) },
	"inum":    func(n int) string { return Grouped(n) },
	"many":    func(n int, noun string) string { return counted(n, noun) },
	"umany":   func(n uint64, noun string) string { return counted(n, noun) },
	"percent": percent,
	"stamp":   stamp,
	"day":     func(t time.Time) string { return t.UTC().Format("2 January 2006") },
	"host":    func(p netip.Prefix) string { return addressOf(&p) },
	"iso":     rfc3339,
	"took":    lasted,
	"name":    func(s string) string { return shown(s, mostName) },
	"top":     shownTop,
	"sample":  func(s string) string { return shown(s, mostSample) },
	"coord":   coord,
	"add":     func(a, b int) int { return a + b },
	"shell":   func() shell { return pageShell() },
}

// shown returns s as text that a person can look at: at most most bytes of it and a note of how many more there were, and escapes for
// what cannot be seen or would turn the direction of the page.
func shown(s string, most int) string {
	if len(s) <= most {
		return Printable(s)
	}
	kept := most
	for kept > most-utf8.UTFMax && !utf8.RuneStart(s[kept]) {
		kept--
	}
	return Printable(s[:kept]) + " … and " + counted(len(s)-kept, "byte") + " more"
}

// shownTop is shown for a text of Tops, of which there may be more than is known.
func shownTop(s string) string {
	if len(s) == MaxText {
		return shown(s, mostTop) + " at least"
	}
	return shown(s, mostTop)
}

// bounded returns at most most of a list, and how many there were more.
func bounded[T any](list []T, most int) (kept []T, more int) {
	if len(list) <= most {
		return list, 0
	}
	return list[:most], len(list) - most
}

// percent writes a share of 0 to 1. What is there never reads as nothing, and what is not all never as all.
func percent(part float64) string {
	switch p := part * 100; {
	case !(p > 0): // NaN too
		return inPercent("0")
	case p < 0.1:
		return inPercent("< 0.1")
	case p >= 99.95 && p < 100:
		return inPercent("> 99.9")
	case p >= 100:
		return inPercent("100")
	default:
		return inPercent(strconv.FormatFloat(p, 'f', 1, 64))
	}
}

// percents writes a share that lies between two: as one where they read alike.
func percents(least, most float64) string {
	low, high := percent(least), percent(most)
	if low == high {
		return low
	}
	return strings.TrimSuffix(low, inPercent("")) + " to " + high
}

// inPercent adds the sign, which no line break may part from its number.
func inPercent(number string) string { return number + "\u00a0%" }

// stamp writes a time to the second in UTC, nothing for no time.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// coord writes a coordinate of a drawing, as short as a thousandth allows.
func coord(v float64) string {
	text := strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(v, 'f', 3, 64), "0"), ".")
	if text == "-0" {
		return "0"
	}
	return text
}
