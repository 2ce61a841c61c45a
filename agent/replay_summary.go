package agent

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/gaissmai/bart"

	"cidrx/agent/jail"
	"cidrx/detect"
	"cidrx/detect/cidr"
	"cidrx/detect/parse"
)

// ReplaySummary is what a replay came to. Its size grows with the hosts that were stopped.
type ReplaySummary struct {
	Logs                        []ReplayLog    // as they were given
	Lines, Failed, Ignored, Cut uint64         // of all logs
	Requests                    uint64         // events; a line that stands for several counts as many
	Late                        uint64         // of Requests, those older than every window when their line came: the log is out of order
	Untimed                     uint64         // lines left out: without a time, and none before them had one
	Stopped                     uint64         // of Requests, those whose client was banned at their time
	StoppedHosts                int            // IPv4 addresses and IPv6 /64s
	Start, End                  time.Time      // of the log
	Bans                        int            // ever made; the deny list is not among them
	Active                      int            // of Bans, those still in force at the end
	Refused                     int            // verdicts; of one prefix at most one in ten minutes
	ByPrefix                    []ReplayBan    // sorted by requests stopped, most first; entries of the deny list only if they stopped some
	Reported                    []ReplayReport // what tiers that may not ban had to say, by time
	Unreported                  uint64         // verdicts of such tiers that Reported has no room for

	stopped map[netip.Prefix]uint64 // by host
	told    map[verdictKey]int      // index into Reported
	bans    map[netip.Prefix]*ReplayBan
	logins  recentLogins
}

// ReplayLog is what became of the lines of one log.
type ReplayLog struct {
	Name, Source, Format        string
	Lines, Failed, Ignored, Cut uint64
	Unparsable                  []string // a few lines that did not parse, with why
}

// ReplayReport is a verdict of a tier that may not ban.
type ReplayReport struct {
	Prefix   netip.Prefix
	Reason   string
	First    time.Time
	Requests uint64 // the most within the window
	Hosts    int    // at that moment
}

// maxReported bounds ReplaySummary.Reported.
const maxReported = 10_000

type verdictKey struct {
	prefix netip.Prefix
	reason string
}

// ReplayBan is everything that happened to one prefix.
type ReplayBan struct {
	Prefix  netip.Prefix
	Times   int           // how often it was banned; 0 for an entry of the deny list
	First   time.Time     // when it was banned first
	Banned  time.Duration // all in all, until the end of the log
	Reason  string        // of the last ban
	Stopped uint64        // requests; those of a prefix inside a wider one count there
	Hosts   int           // whose requests were stopped
	Open    bool          // in force at the end
	Listed  bool          // on the deny list
	Caution []string      // reasons to look twice: "logged in from 192.0.2.7 at …"

	since time.Time // when the ban now in force began
}

func newReplaySummary() *ReplaySummary {
	return &ReplaySummary{stopped: map[netip.Prefix]uint64{}, bans: map[netip.Prefix]*ReplayBan{}, told: map[verdictKey]int{}}
}

func (s *ReplaySummary) addLog(l *replayLog) {
	c := &l.counts
	log := ReplayLog{
		Name: l.in.Name, Source: l.in.Source.Name, Format: l.in.Source.Format,
		Lines: c.lines.Load(), Failed: c.failed.Load(), Ignored: c.ignored.Load(), Cut: c.cut.Load(), Unparsable: c.unparsable(),
	}
	s.Logs = append(s.Logs, log)
	s.Lines += log.Lines
	s.Failed += log.Failed
	s.Ignored += log.Ignored
	s.Cut += log.Cut
}

// report notes a verdict of a tier that may not ban.
func (s *ReplaySummary) report(v detect.Verdict) {
	key := verdictKey{v.Prefix, v.Reason}
	i, known := s.told[key]
	switch {
	case known && s.Reported[i].Requests < v.Evidence.Requests:
		s.Reported[i].Requests, s.Reported[i].Hosts = v.Evidence.Requests, v.Evidence.Hosts
	case !known && len(s.Reported) < maxReported:
		s.told[key] = len(s.Reported)
		s.Reported = append(s.Reported, ReplayReport{v.Prefix, v.Reason, v.Time, v.Evidence.Requests, v.Evidence.Hosts})
	case !known:
		s.Unreported++
	}
}

// list notes an entry of the deny list.
func (s *ReplaySummary) list(ch jail.Change) {
	if ch.Kind == jail.Banned {
		s.bans[ch.Ban.Prefix] = &ReplayBan{Prefix: ch.Ban.Prefix, Reason: ch.Reason, Listed: true, Open: true}
	}
}

// stop counts what a ban stopped.
func (s *ReplaySummary) stop(ev *parse.Event) {
	s.Stopped += uint64(ev.Repeat)
	s.stopped[cidr.Host(ev.Client)] += uint64(ev.Repeat)
}

// add notes what happened to a prefix. A ban that took over from narrower ones comes as an extension.
func (s *ReplaySummary) add(ch jail.Change) {
	switch ch.Kind {
	case jail.Refused:
		s.Refused++
	case jail.Banned, jail.Extended:
		b := s.bans[ch.Ban.Prefix]
		if b == nil {
			b = &ReplayBan{Prefix: ch.Ban.Prefix, First: ch.At}
			s.bans[ch.Ban.Prefix] = b
		}
		b.Reason = ch.Reason
		if !b.Open {
			s.Bans++
			b.Times++
			b.Open, b.since = true, ch.At
		}
	case jail.Unbanned:
		if b := s.bans[ch.Prefix]; b != nil && b.Open && ch.Ban.Ended {
			b.Banned += ch.At.Sub(b.since)
			b.Open = false
		}
	}
}

// close sums up at the end of the logs.
func (s *ReplaySummary) close() {
	s.StoppedHosts = len(s.stopped)
	s.shareOut()
	for _, b := range s.bans {
		if b.Listed && b.Stopped == 0 {
			continue
		}
		if b.Open && !b.Listed {
			s.Active++
			b.Banned += max(0, s.End.Sub(b.since)) // one of the very last second began after it
		}
		b.Caution = s.logins.inside(b.Prefix)
		s.ByPrefix = append(s.ByPrefix, *b)
	}
	slices.SortFunc(s.ByPrefix, func(x, y ReplayBan) int {
		return cmp.Or(cmp.Compare(y.Stopped, x.Stopped), cidr.Compare(x.Prefix, y.Prefix))
	})
}

// shareOut credits each stopped request to the widest prefix that was ever banned around its client.
func (s *ReplaySummary) shareOut() {
	var table bart.Table[*ReplayBan]
	for p, b := range s.bans {
		table.Insert(p, b)
	}
	for host, n := range s.stopped {
		var widest *ReplayBan
		for _, b := range table.Supernets(host) { // narrowest first
			widest = b
		}
		if widest != nil {
			widest.Stopped += n
			widest.Hosts++
		}
	}
}
