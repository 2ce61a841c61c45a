package doctor

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"cidrx/agent/config"
	"cidrx/cmd/internal/sample"
	"cidrx/cmd/internal/term"
)

// lines looks at the last lines of a log, or of the journal.
func (x *examination) lines(src config.Source, name string, lines [][]byte, written time.Time) {
	s, err := sample.Read(lines, src, written)
	if err != nil {
		x.add(Problem, name, "name another format for the source", "%v", err)
		return
	}
	x.parses(src, name, s)
	if s.Parsed == 0 {
		return
	}
	x.proxies(src, name, s)
	x.fields(src, name, s)
	if !written.IsZero() {
		x.stamps(src, name, s, written)
	}
}

// parses says how many of the lines the format reads.
func (x *examination) parses(src config.Source, name string, s sample.Sample) {
	share := s.FailedShare()
	quoted := ""
	if s.Failed > 0 {
		quoted = fmt.Sprintf(": %s, such as %s", s.Why, strconv.Quote(s.FirstFailed))
	}
	advice := "cidrx explain --line shows how a line is read; write a format string for it"
	if s.Looks != "" && s.Looks != src.Format && src.Format != "auto" {
		advice = fmt.Sprintf("the lines look like %s: format = %q", s.Looks, s.Looks)
	}
	switch {
	case s.Parsed == 0 && s.Failed == 0 && s.Ignored > 0:
		x.ok(name, "%d lines, none of which is the business of %s", s.Ignored, src.Format)
	case share >= 0.5:
		x.add(Problem, name, advice, "%d of the last %d lines do not parse as %s%s", s.Failed, s.Lines-s.Ignored, src.Format, quoted)
	case share >= 0.01:
		x.add(Warning, name, advice, "%d of the last %d lines do not parse as %s%s", s.Failed, s.Lines-s.Ignored, src.Format, quoted)
	default:
		x.ok(name, "%d of the last %d lines parse as %s", s.Parsed, s.Lines-s.Ignored, formatOf(src, s))
	}
}

func formatOf(src config.Source, s sample.Sample) string {
	if src.Format == "auto" && s.Looks != "" {
		return "auto (" + s.Looks + ")"
	}
	return src.Format
}

// proxies says whether the clients look like a proxy that stands in front.
func (x *examination) proxies(src config.Source, name string, s sample.Sample) {
	why := s.Proxied()
	switch {
	case why != "":
		x.add(Warning, name, sample.ProxyAdvice(src), "the clients look like a proxy: %s (%d requests)", why, s.Requests)
	case len(src.TrustedProxies) > 0 && !sample.ForwardedList(src.Format):
		x.add(Warning, name, sample.ProxyAdvice(src), "trustedProxies is set, but %s has no forwarded list", src.Format)
	case len(src.TrustedProxies) > 0 && s.Requests > 0 && s.Forwarded == 0:
		x.add(Warning, name, "name the peers that the log shows in trustedProxies, or leave it out", "none of the last %d requests came through one of trustedProxies", s.Requests)
	case s.Forwarded > 0:
		x.ok(name, "%d of the last %d requests came through a proxy: their clients are not banned in this kernel", s.Forwarded, s.Requests)
	}
}

// fields says what the format leaves out that strategies look at, and what there is for fingerprints.
func (x *examination) fields(src config.Source, name string, s sample.Sample) {
	if s.Requests == 0 {
		return
	}
	agents := x.asksForAgents(src.Name)
	switch {
	case s.UserAgents == 0 && agents != "":
		advice := "log the user agent (combined has it)"
		if strings.HasPrefix(src.Format, "traefik") {
			advice = "Traefik drops headers unless told: accessLog.fields.headers.names.User-Agent = keep"
		}
		x.add(Warning, name, advice, "has no user agents, so %s never matches", agents)
	case s.UserAgents == 0:
		x.ok(name, "has no user agents")
	}
	switch {
	case s.HeaderSets > 0:
		x.ok(name, "fingerprints: request headers are logged")
	case s.UserAgents > 0:
		x.ok(name, "fingerprints: of the headers only user agent and referer are logged; Caddy's JSON and nginx-json with more http_ fields give more")
	}
}

// asksForAgents names the strategies that look at user agents of a source.
func (x *examination) asksForAgents(source string) string {
	var names []string
	for _, s := range x.cfg.Live {
		if s.Filter.UserAgent != "" && (len(s.Filter.Sources) == 0 || slices.Contains(s.Filter.Sources, source)) {
			names = append(names, s.Name)
		}
	}
	return strings.Join(names, ", ")
}

// steady is how far a log's stamps may be off the time at which they were written.
const steady = 2 * time.Minute

// stamps compares the newest stamp with the time at which the file was last written.
func (x *examination) stamps(src config.Source, name string, s sample.Sample, written time.Time) {
	if s.Timed == 0 {
		x.add(Warning, name, "log the time: windows and replays need it", "its lines have no time: each counts when it arrives")
		return
	}
	off := written.Sub(s.Newest)
	if off.Abs() <= steady {
		x.ok(name, "its stamps agree with the clock")
		return
	}
	quarter := off.Round(15 * time.Minute)
	if (off-quarter).Abs() <= steady && quarter != 0 {
		x.skewed[src.Name] = true
		x.add(Warning, name, "set timezone of the source, such as \"UTC\" or \"Europe/Berlin\"", "its stamps are %s, which looks like another time zone", apart(off))
		return
	}
	x.add(Warning, name, "is the log buffered (nginx: flush=1s), or written by a host with another clock?", "its stamps are %s", apart(off))
}

func apart(off time.Duration) string {
	if off < 0 {
		return span(-off) + " ahead of the time at which they were written"
	}
	return span(off) + " behind the time at which they were written"
}

// span writes a duration in its largest two units.
func span(d time.Duration) string { return term.BriefPair(d.Round(time.Second)) }

func ownerOf(info fs.FileInfo) (uid, gid int) {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid), int(st.Gid)
	}
	return -1, -1
}

func (x *examination) groupName(gid int) string {
	for _, f := range x.database("/etc/group", 3) {
		if f[2] == strconv.Itoa(gid) {
			return f[0]
		}
	}
	return strconv.Itoa(gid)
}
