package agent

import (
	"slices"
	"strings"
	"time"

	"cidrx/agent/journal"
	"cidrx/agent/syslog"
	"cidrx/agent/tail"
)

// open makes the follower, which goes on where the positions say. window is how far back it reads to warm the windows up; 0: not at all.
func (s *source) open(window time.Duration) {
	start, since := tail.AtEnd, time.Time{}
	if window > 0 {
		since = s.o.clock().Add(-window)
	}
	if s.cfg.StartAt == "window" {
		start = tail.AtWindow
	}
	switch log := s.o.log.With("source", s.cfg.Name); {
	case len(s.cfg.Journal) > 0:
		s.positions = journal.Adopt(s.cfg.Journal, s.positions)
		s.follower = journal.New(journal.Options{
			Units: s.cfg.Journal, AnyUser: s.cfg.Trust, Resume: slices.Clone(s.positions), StartAt: start, WindowStart: since,
			Header: s.needsHeader(), Clock: s.o.clock, Log: log,
		})
	case s.cfg.Listen.Network != "":
		s.positions = nil
		s.follower = syslog.New(syslog.Options{
			Network: s.cfg.Listen.Network, Address: s.cfg.Listen.Address, Header: s.needsHeader(), Clock: s.o.clock, Log: log,
		})
	default:
		s.positions = slices.DeleteFunc(s.positions, journal.IsPosition) // from before the configuration was changed
		s.follower = tail.New(tail.Options{
			Paths: s.cfg.Paths, Resume: slices.Clone(s.positions), StartAt: start, Since: s.since, WindowStart: since,
			Buffers: batchesPerSource, Log: log,
		})
	}
}

// needsHeader says of which programs' messages the lines have to begin as in a syslog file: of all if the format is sshd's, which tells
// programs and processes apart by it; if the format is to be found out, of sshd's. Other formats are the message alone.
func (s *source) needsHeader() func(program []byte) bool {
	format := s.cfg.Format
	return func(program []byte) bool {
		return format == "sshd" || format == "auto" && strings.HasPrefix(string(program), "sshd")
	}
}
