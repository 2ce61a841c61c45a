package static

import (
	"fmt"

	"cidrx/detect/report"
)

// Types of warnings. Programs may look for them.
const (
	WarnEmptyLog      = "empty_log"
	WarnNoRequests    = "no_requests"
	WarnNoTime        = "no_time"
	WarnNothingPassed = "nothing_passed"
	WarnSkippedLines  = "skipped_lines"
	WarnLongLines     = "long_lines"
	WarnProxy         = "proxy"
	WarnCatchesAll    = "tier_catches_all"
)

// warnings are what a reader of the report must know, what makes the whole of it doubtful first.
func (a *Analysis) warnings(r *report.Report) []report.Warning {
	var out []report.Warning
	for _, one := range []func(*report.Report) []report.Warning{
		a.warnEmpty, a.warnTime, a.warnSkipped, a.warnProxy, a.warnNothing, a.warnCatches,
	} {
		out = append(out, one(r)...)
	}
	return out
}

func (a *Analysis) warnEmpty(r *report.Report) (out []report.Warning) {
	for i := range a.logs {
		if l := &a.logs[i]; l.lines == 0 {
			out = append(out, report.Warning{Type: WarnEmptyLog, Message: fmt.Sprintf("%s: the log is empty", l.Name), Count: 1})
		}
	}
	if r.Requests == 0 {
		out = append(out, report.Warning{
			Type: WarnNoRequests, Count: r.Ignored,
			Message: fmt.Sprintf("no line is about a request or login: all %s are of other programs", report.Grouped(r.Ignored)),
		})
	}
	return out
}

// warnTime tells of time ranges that lines without a time cannot be in.
func (a *Analysis) warnTime(r *report.Report) []report.Warning {
	for _, s := range a.sections {
		if a.counts.populations[s.who].timed && a.counts.untimed > 0 {
			return []report.Warning{{
				Type: WarnNoTime, Count: a.counts.untimed,
				Message: fmt.Sprintf("%s of %s requests have no time: no time range includes them", report.Grouped(a.counts.untimed), report.Grouped(r.Requests)),
			}}
		}
	}
	return nil
}

func (a *Analysis) warnSkipped(*report.Report) (out []report.Warning) {
	for i := range a.logs {
		switch l := &a.logs[i]; {
		case l.skipped == 0:
		case l.skipped == l.long:
			out = append(out, report.Warning{
				Type: WarnLongLines, Count: l.long,
				Message: fmt.Sprintf("%s: %s longer than 1 MiB and passed over, the first: %q", l.Name, l.part(l.long), l.example),
			})
		default:
			out = append(out, report.Warning{
				Type: WarnSkippedLines, Count: l.skipped,
				Message: fmt.Sprintf("%s: %s not in the format %s%s, the first because %s: %q", l.Name, l.part(l.skipped), l.format, l.tooLong(), l.why, l.example),
			})
		}
	}
	return out
}

// part is that many of the lines of l: "1 of 20 lines is".
func (l *readLog) part(n uint64) string {
	verb := "are"
	if n == 1 {
		verb = "is"
	}
	return fmt.Sprintf("%s of %s %s", report.Grouped(n), counted(l.lines, "line"), verb)
}

// tooLong says how many of the lines that were skipped are longer than a line may be.
func (l *readLog) tooLong() string {
	if l.long == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s longer than 1 MiB)", report.Grouped(l.long))
}

// counted writes "1 line" and "1,234 lines".
func counted(n uint64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return report.Grouped(n) + " " + noun
}

const (
	proxyShare = 0.95 // of all requests, over half, that make an address look like a proxy
	proxyLeast = 100  // requests; fewer say nothing
)

// warnProxy tells of logs that show a proxy in the place of the clients.
func (a *Analysis) warnProxy(r *report.Report) []report.Warning {
	if r.Requests < proxyLeast {
		return nil
	}
	var private uint64
	hosts := a.counts.everyone
	most, _ := hosts.Majority()
	for _, p := range privateNets {
		requests, _ := hosts.Count(p)
		private += requests
	}
	const advice = "if a proxy stands in front, the log names it in the place of the clients: log the forwarded address"
	switch {
	case share(most.Requests, r.Requests) >= proxyShare:
		return []report.Warning{{
			Type: WarnProxy, Count: most.Requests,
			Message: fmt.Sprintf("%s sent %.0f %% of all requests; %s", most.Key.Host().Addr(), 100*share(most.Requests, r.Requests), advice),
		}}
	case share(private, r.Requests) >= proxyShare:
		return []report.Warning{{
			Type: WarnProxy, Count: private,
			Message: fmt.Sprintf("private addresses sent %.0f %% of all requests; %s", 100*share(private, r.Requests), advice),
		}}
	}
	return nil
}

func (a *Analysis) warnNothing(r *report.Report) (out []report.Warning) {
	for i := range r.Sections {
		if s := &r.Sections[i]; s.Requests == 0 && r.Requests > 0 {
			out = append(out, report.Warning{
				Type: WarnNothingPassed, Count: 1,
				Message: fmt.Sprintf("section %q: no request passes its filters and its time range", s.Name),
			})
		}
	}
	return out
}

// warnCatches tells of tiers that report more than half of what they are asked about.
func (a *Analysis) warnCatches(r *report.Report) (out []report.Warning) {
	for i := range r.Sections {
		s := &r.Sections[i]
		for j := range s.Tiers {
			var caught uint64
			for _, found := range s.Tiers[j].Merged {
				caught += found.Requests
			}
			if caught > s.Requests/2 {
				out = append(out, report.Warning{
					Type: WarnCatchesAll, Count: caught,
					Message: fmt.Sprintf("section %q, tier %d: its ranges sent %.0f %% of the requests; look at them before they are blocked",
						s.Name, j+1, 100*share(caught, s.Requests)),
				})
			}
		}
	}
	return out
}
