package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"cidrx/agent"
	"cidrx/agent/control"
	"cidrx/cmd/internal/term"
)

// event prints an event of a replay for people.
func (s sheet) event(e control.Event) {
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
	s.row(fmt.Sprintf("%s  %-7s  %-18s  %-8s  ", stamp(e.At), e.Event, prefix, length), text+e.Reason)
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

// summary sums a replay up for people. Where the events went to a program, it has the heading only.
func (s sheet) summary(r *agent.ReplaySummary, brief bool) {
	if !brief && r.Start.IsZero() {
		s.say("", "Nothing to replay: %s, not one of them a request or a login.", plural(r.Lines, "line"))
		return
	}
	if !brief && r.Bans+r.Refused > 0 {
		s.blank()
	}
	s.totals(r)
	s.doubts(r)
	if brief {
		return
	}
	if len(r.ByPrefix) == 0 {
		s.blank()
		s.say("", "Nothing would have been banned.")
	}
	s.bans(r.ByPrefix)
	s.reports(r)
}

// summaryIndent is where the values of a summary begin.
const summaryIndent = 10

func (s sheet) total(name, format string, args ...any) {
	s.say(fmt.Sprintf("%-*s", summaryIndent, name), format, args...)
}

func (s sheet) totals(r *agent.ReplaySummary) {
	s.total("From", "%s to %s, %s", stamp(r.Start), stamp(r.End), short(r.End.Sub(r.Start)))
	s.total("Lines", "%s: %s parsed, %s ignored, %s failed", thousands(r.Lines), thousands(r.Lines-r.Ignored-r.Failed), thousands(r.Ignored), thousands(r.Failed))
	several := ""
	if r.Requests > r.Lines-r.Ignored-r.Failed {
		several = " (some lines stand for several)"
	}
	s.total("Requests", "%s%s", thousands(r.Requests), several)
	s.total("Stopped", "%s of them (%s), of %s", thousands(r.Stopped), percent(float64(r.Stopped)/max(1, float64(r.Requests))), plural(r.StoppedHosts, "host"))
	networks := 0
	for _, b := range r.ByPrefix {
		networks += min(1, b.Times)
	}
	s.total("Bans", "%s of %s, %s in force at the end", thousands(r.Bans), plural(networks, "network"), thousands(r.Active))
}

// doubts says what makes the figures less than the whole truth.
func (s sheet) doubts(r *agent.ReplaySummary) {
	doubt := func(n uint64, format string, args ...any) {
		if n > 0 {
			s.total("Note", format, args...)
		}
	}
	doubt(uint64(r.Refused), "%s refused: the events above say which and why", plural(r.Refused, "verdict"))
	doubt(r.Late, "%s came too late for every window: the log is not in order", plural(r.Late, "request"))
	doubt(r.Untimed, "%s without a time left out, from before the first that has one", plural(r.Untimed, "line"))
	doubt(r.Cut, "%s over 1 MiB cut", plural(r.Cut, "line"))
	for _, log := range r.Logs {
		doubt(log.Failed, "%s failed in %s, such as", plural(log.Failed, "line"), log.Name)
		for _, line := range log.Unparsable {
			s.quote(summaryIndent, line)
		}
	}
}

func (s sheet) bans(bans []agent.ReplayBan) {
	var rows [][]string
	open := false
	for _, b := range bans[:min(maxRows, len(bans))] {
		rows = append(rows, []string{b.Prefix.String(), thousands(b.Times), banned(b), thousands(b.Stopped), thousands(b.Hosts), b.Reason})
		open = open || b.Open && !b.Listed
	}
	s.table([]string{"NETWORK", "BANS", "BANNED", "STOPPED", "HOSTS", "WHY"}, rows)
	if open {
		s.say("", "+ still in force at the end")
	}
	if more := len(bans) - maxRows; more > 0 {
		s.say("", "and %s more", plural(more, "network"))
	}
	for _, b := range bans {
		for _, caution := range b.Caution {
			s.say("", "Look twice at %s: %s", b.Prefix, caution)
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

// reports lists what tiers saw that may not ban.
func (s sheet) reports(r *agent.ReplaySummary) {
	var rows [][]string
	for _, v := range r.Reported[:min(maxRows, len(r.Reported))] {
		rows = append(rows, []string{v.Prefix.String(), stamp(v.First), thousands(v.Requests), thousands(v.Hosts), v.Reason})
	}
	s.table([]string{"REPORTED ONLY", "FIRST", "REQUESTS", "HOSTS", "WHY"}, rows)
	if more := uint64(max(0, len(r.Reported)-maxRows)) + r.Unreported; more > 0 {
		s.say("", "and %s more of tiers with jail = false", plural(more, "verdict"))
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
