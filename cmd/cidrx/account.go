package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cidrx/agent"
	"cidrx/agent/control"
)

// eventLine is an event of the audit trail for people.
func eventLine(e control.Event) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %-7s", e.At.UTC().Format(time.RFC3339), strings.ToUpper(e.Event))
	if e.Prefix != nil {
		fmt.Fprintf(&b, " %-18s", e.Prefix)
	}
	if e.Event == "ban" || e.Event == "extend" {
		b.WriteString(" " + duration(e))
		if e.Stage != nil {
			fmt.Fprintf(&b, ", stage %d", *e.Stage)
		}
		if e.Requests > 0 {
			fmt.Fprintf(&b, ": %s requests of %s (%.1f %%)", thousands(e.Requests), plural(e.Hosts, "host"), 100*e.Share)
		}
	}
	if e.Reason != "" {
		b.WriteString(" " + e.Reason)
	}
	return b.String()
}

func duration(e control.Event) string {
	if e.Until == nil {
		return "for as long as it is listed"
	}
	return "for " + short(e.Until.Sub(e.At))
}

// short is a duration in its two largest units.
func short(d time.Duration) string {
	d = d.Round(time.Second)
	days := d / (24 * time.Hour)
	switch {
	case days > 0:
		return fmt.Sprintf("%dd%dh", days, (d%(24*time.Hour))/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, (d%time.Hour)/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%ds", d/time.Minute, (d%time.Minute)/time.Second)
	}
	return fmt.Sprintf("%ds", d/time.Second)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return thousands(uint64(n)) + " " + what + "s"
}

// thousands writes 1234567 as 1,234,567.
func thousands(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// replayLine sums a replay up in one line.
func replayLine(s *agent.ReplaySummary, took time.Duration) string {
	return fmt.Sprintf("%s lines (%s failed, %s ignored) in %s (%s lines a second); %s, %d active at the end; would have stopped %s of %s requests, of %s",
		thousands(s.Lines), thousands(s.Failed), thousands(s.Ignored), took.Round(time.Millisecond), thousands(uint64(float64(s.Lines)/took.Seconds())),
		plural(s.Bans, "ban"), s.Active, thousands(s.Stopped), thousands(s.Requests), plural(s.StoppedHosts, "host"))
}

// maxRows is how many prefixes the summary lists.
const maxRows = 20

func printSummary(out io.Writer, s *agent.ReplaySummary, took time.Duration) {
	fmt.Fprintf(out, "\n%s to %s\n%s\n", s.Start.UTC().Format(time.RFC3339), s.End.UTC().Format(time.RFC3339), replayLine(s, took))
	for _, line := range s.Unparsable[:min(3, len(s.Unparsable))] {
		fmt.Fprintf(out, "  did not parse: %s\n", visible(line))
	}
	if s.Refused > 0 {
		fmt.Fprintf(out, "%s refused (the events above say why)\n", plural(s.Refused, "verdict"))
	}
	if len(s.ByPrefix) == 0 {
		fmt.Fprintln(out, "Nothing would have been banned.")
		return
	}
	fmt.Fprintf(out, "\n%-20s %5s %9s %12s %7s  %s\n", "NETWORK", "BANS", "BANNED", "STOPPED", "HOSTS", "WHY")
	for _, b := range s.ByPrefix[:min(maxRows, len(s.ByPrefix))] {
		fmt.Fprintf(out, "%-20s %5d %9s %12s %7d  %s\n", b.Prefix, b.Times, short(b.Banned), thousands(b.Stopped), b.Hosts, b.Reason)
	}
	if more := len(s.ByPrefix) - maxRows; more > 0 {
		fmt.Fprintf(out, "and %s more; --json has them all\n", plural(more, "network"))
	}
}

// visible makes log content safe for a terminal: whatever does not print is escaped.
func visible(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strconv.IsGraphic(r) && r != utf8.RuneError {
			b.WriteRune(r)
			continue
		}
		q := strconv.QuoteRuneToASCII(r)
		b.WriteString(q[1 : len(q)-1])
	}
	return b.String()
}
