package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"cidrx/agent"
	"cidrx/agent/control"
	"cidrx/cmd/internal/term"
	"cidrx/detect/report"
)

// eventLine is an event of a replay for people.
func eventLine(e control.Event) string {
	var prefix, length string
	var words []string
	if e.Prefix != nil {
		prefix = e.Prefix.String()
	}
	if e.Event == "ban" || e.Event == "extend" {
		length = lasting(e)
		if e.Stage != nil {
			words = append(words, fmt.Sprintf("stage %d", *e.Stage))
		}
		if e.Requests > 0 {
			words = append(words, fmt.Sprintf("%s of %s, %s", plural(e.Requests, "request"), plural(e.Hosts, "host"), percent(e.Share)))
		}
	}
	text := strings.Join(words, ", ")
	if text != "" && e.Reason != "" {
		text += ": "
	}
	line := fmt.Sprintf("%s  %-7s  %-18s  %-8s  %s", stamp(e.At), e.Event, prefix, length, text+e.Reason)
	return report.Printable(strings.TrimRight(line, " "))
}

// lasting is how long a ban lasts.
func lasting(e control.Event) string {
	if e.Until == nil {
		return "for ever"
	}
	return short(e.Until.Sub(e.At))
}

// maxRows is how many prefixes each table of the summary lists.
const maxRows = 20

// printSummary sums a replay up for people. Where the events went to a program, it has the heading only.
func printSummary(out io.Writer, s *agent.ReplaySummary, brief bool) {
	if !brief && s.Start.IsZero() {
		fmt.Fprintf(out, "Nothing to replay: %s, not one of them a request or a login.\n", plural(s.Lines, "line"))
		return
	}
	if !brief && s.Bans+s.Refused > 0 {
		fmt.Fprintln(out)
	}
	printTotals(out, s)
	printDoubts(out, s)
	if brief {
		return
	}
	if len(s.ByPrefix) == 0 {
		fmt.Fprintln(out, "\nNothing would have been banned.")
	}
	printBans(out, s.ByPrefix)
	printReports(out, s)
}

func printTotals(out io.Writer, s *agent.ReplaySummary) {
	fmt.Fprintf(out, "From      %s to %s, %s\n", stamp(s.Start), stamp(s.End), short(s.End.Sub(s.Start)))
	fmt.Fprintf(out, "Lines     %s: %s parsed, %s ignored, %s failed\n", thousands(s.Lines), thousands(s.Lines-s.Ignored-s.Failed), thousands(s.Ignored), thousands(s.Failed))
	several := ""
	if s.Requests > s.Lines-s.Ignored-s.Failed {
		several = " (some lines stand for several)"
	}
	fmt.Fprintf(out, "Requests  %s%s\n", thousands(s.Requests), several)
	fmt.Fprintf(out, "Stopped   %s of them (%s), of %s\n", thousands(s.Stopped), percent(float64(s.Stopped)/max(1, float64(s.Requests))), plural(s.StoppedHosts, "host"))
	networks := 0
	for _, b := range s.ByPrefix {
		networks += min(1, b.Times)
	}
	fmt.Fprintf(out, "Bans      %s of %s, %s in force at the end\n", thousands(s.Bans), plural(networks, "network"), thousands(s.Active))
}

// printDoubts says what makes the figures less than the whole truth.
func printDoubts(out io.Writer, s *agent.ReplaySummary) {
	doubt := func(n uint64, text string, args ...any) {
		if n > 0 {
			fmt.Fprintf(out, "Note      "+text+"\n", args...)
		}
	}
	doubt(uint64(s.Refused), "%s refused: the events above say which and why", plural(s.Refused, "verdict"))
	doubt(s.Late, "%s came too late for every window: the log is not in order", plural(s.Late, "request"))
	doubt(s.Untimed, "%s without a time left out, from before the first that has one", plural(s.Untimed, "line"))
	doubt(s.Cut, "%s over 1 MiB cut", plural(s.Cut, "line"))
	for _, log := range s.Logs {
		doubt(log.Failed, "%s failed in %s, such as", plural(log.Failed, "line"), log.Name)
		for _, line := range log.Unparsable {
			fmt.Fprintln(out, "          "+report.Printable(line))
		}
	}
}

func printBans(out io.Writer, bans []agent.ReplayBan) {
	var rows [][]string
	open := false
	for _, b := range bans[:min(maxRows, len(bans))] {
		rows = append(rows, []string{b.Prefix.String(), thousands(b.Times), banned(b), thousands(b.Stopped), thousands(b.Hosts), b.Reason})
		open = open || b.Open && !b.Listed
	}
	printTable(out, []string{"NETWORK", "BANS", "BANNED", "STOPPED", "HOSTS", "WHY"}, rows)
	if open {
		fmt.Fprintln(out, "+ still in force at the end")
	}
	if more := len(bans) - maxRows; more > 0 {
		fmt.Fprintf(out, "and %s more\n", plural(more, "network"))
	}
	for _, b := range bans {
		for _, caution := range b.Caution {
			fmt.Fprintf(out, "Look twice at %s: %s\n", b.Prefix, report.Printable(caution))
		}
	}
}

// banned is how long a prefix was banned, all in all.
func banned(b agent.ReplayBan) string {
	switch {
	case b.Listed:
		return "always"
	case b.Open:
		return short(b.Banned) + "+"
	}
	return short(b.Banned)
}

// printReports lists what tiers saw that may not ban.
func printReports(out io.Writer, s *agent.ReplaySummary) {
	var rows [][]string
	for _, r := range s.Reported[:min(maxRows, len(s.Reported))] {
		rows = append(rows, []string{r.Prefix.String(), stamp(r.First), thousands(r.Requests), thousands(r.Hosts), r.Reason})
	}
	printTable(out, []string{"REPORTED ONLY", "FIRST", "REQUESTS", "HOSTS", "WHY"}, rows)
	if more := uint64(max(0, len(s.Reported)-maxRows)) + s.Unreported; more > 0 {
		fmt.Fprintf(out, "and %s more of tiers with jail = false\n", plural(more, "verdict"))
	}
}

// printTable writes rows under their heading, columns of numbers to the right, after an empty line; nothing if there are none.
func printTable(out io.Writer, header []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintln(out)
	rows = append([][]string{header}, rows...)
	width := make([]int, len(header))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], len(cell))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			pad := width[i]
			if left := i == 0 || i == len(row)-1 || header[i] == "FIRST"; left {
				pad = -pad
			}
			fmt.Fprintf(&b, "%*s  ", pad, cell)
		}
		fmt.Fprintln(out, strings.TrimRight(b.String(), " "))
	}
}

// stamp writes a time as all of our output does: UTC, to the second.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 1, 64) + " %" }

// short writes a duration in its two largest units: 3d 4h, 9m 12s.
func short(d time.Duration) string { return term.Brief(d) }

type number interface{ int | int64 | uint64 }

func plural[N number](n N, noun string) string { return term.Plural(n, noun) }

// thousands writes 1234567 as 1,234,567.
func thousands[N number](n N) string { return term.Count(n) }

// build writes a version on one line.
func build(v control.Version) string {
	return fmt.Sprintf("%s (%s)", v.Version, strings.TrimPrefix(v.Commit+", "+v.Go, ", "))
}
