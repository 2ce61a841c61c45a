package agent

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"cidrx/agent/jail"
)

// ReplaySummary is what a replay came to. Its size grows with the hosts that were stopped.
type ReplaySummary struct {
	Lines, Failed, Ignored, Cut uint64
	Unparsable                  []string // a few lines that did not parse, with why
	Requests                    uint64   // events; a line that stands for several counts as many
	Stopped                     uint64   // of Requests, those whose client was banned at their time
	StoppedHosts                int
	Start, End                  time.Time // of the log
	Bans                        int       // ever made
	Active                      int       // still in force at the end
	Refused                     int
	ByPrefix                    []ReplayBan // sorted by requests stopped, most first

	stopped map[netip.Addr]uint64
	bans    map[netip.Prefix]*ReplayBan
}

// ReplayBan is everything that happened to one prefix.
type ReplayBan struct {
	Prefix  netip.Prefix
	Times   int       // how often it was banned
	First   time.Time // when it was banned first
	Banned  time.Duration
	Reason  string // of the last ban
	Stopped uint64 // requests; those of a prefix inside a wider one count there
	Hosts   int    // whose requests were stopped
	Open    bool   // in force at the end
}

func (s *ReplaySummary) addLog(l *replayLog) {
	s.Lines += l.counts.lines.Load()
	s.Failed += l.counts.failed.Load()
	s.Ignored += l.counts.ignored.Load()
	s.Cut += l.counts.cut.Load()
	s.Unparsable = append(s.Unparsable, l.counts.unparsable()...)
}

// add notes what happened to a prefix.
func (s *ReplaySummary) add(ch jail.Change) {
	switch ch.Kind {
	case jail.Refused:
		s.Refused++
	case jail.Banned:
		s.Bans++
		b := s.bans[ch.Ban.Prefix]
		if b == nil {
			b = &ReplayBan{Prefix: ch.Ban.Prefix, First: ch.At}
			s.bans[ch.Ban.Prefix] = b
		}
		b.Times++
		if n := len(ch.Ban.Reasons); n > 0 {
			b.Reason = ch.Ban.Reasons[n-1]
		}
	case jail.Unbanned:
		if b := s.bans[ch.Prefix]; b != nil && ch.Ban.Ended {
			b.Banned += ch.At.Sub(ch.Ban.Start)
		}
	}
}

// close sums up at the end of the logs.
func (s *ReplaySummary) close(c *core, end time.Time) {
	s.End = end
	for _, b := range c.jail.Active() {
		if known := s.bans[b.Prefix]; known != nil {
			s.Active++
			known.Open = true
			known.Banned += end.Sub(b.Start)
		}
	}
	s.StoppedHosts = len(s.stopped)
	for _, b := range s.bans {
		s.ByPrefix = append(s.ByPrefix, *b)
	}
	s.shareOut()
	slices.SortFunc(s.ByPrefix, func(x, y ReplayBan) int {
		return cmp.Or(cmp.Compare(y.Stopped, x.Stopped), x.Prefix.Addr().Compare(y.Prefix.Addr()), x.Prefix.Bits()-y.Prefix.Bits())
	})
}

// shareOut credits each stopped request to the widest prefix that was ever banned around its client.
func (s *ReplaySummary) shareOut() {
	slices.SortFunc(s.ByPrefix, func(x, y ReplayBan) int {
		return cmp.Or(x.Prefix.Addr().Compare(y.Prefix.Addr()), x.Prefix.Bits()-y.Prefix.Bits())
	})
	hosts := make([]netip.Addr, 0, len(s.stopped))
	for a := range s.stopped {
		hosts = append(hosts, a)
	}
	slices.SortFunc(hosts, netip.Addr.Compare)
	i := 0
	for _, a := range hosts {
		for i+1 < len(s.ByPrefix) && !s.ByPrefix[i].Prefix.Contains(a) {
			i++
		}
		if i < len(s.ByPrefix) && s.ByPrefix[i].Prefix.Contains(a) {
			s.ByPrefix[i].Stopped += s.stopped[a]
			s.ByPrefix[i].Hosts++
		}
	}
}
