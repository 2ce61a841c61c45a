package agent

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"cidrx/agent/journal"
	"cidrx/agent/syslog"
	"cidrx/agent/tail"
)

// beginning is where a follower begins to read.
type beginning struct {
	start tail.Start
	since time.Time // the window's; zero: it is not read again
	log   *slog.Logger
}

// open makes the follower, which goes on where the positions say. window is how far back it reads to warm the windows up; 0: not at all.
func (s *source) open(window time.Duration) {
	b := beginning{start: tail.AtEnd, log: s.o.log.With("source", s.cfg.Name)}
	if window > 0 {
		b.since = s.o.clock().Add(-window)
	}
	if s.cfg.StartAt == "window" {
		b.start = tail.AtWindow
	}
	switch {
	case len(s.cfg.Journal) > 0 && len(s.cfg.Paths) > 0:
		s.follower = s.openEither(b)
	case len(s.cfg.Journal) > 0:
		s.positions = journal.Adopt(s.cfg.Journal, s.positions)
		s.follower = s.openJournal(b)
	case s.cfg.Listen.Network != "":
		s.positions = nil
		s.follower = syslog.New(syslog.Options{
			Network: s.cfg.Listen.Network, Address: s.cfg.Listen.Address, Header: s.needsHeader(), Clock: s.o.clock, Log: b.log,
		})
	default:
		s.positions = slices.DeleteFunc(s.positions, journal.IsPosition) // from before the configuration was changed
		s.follower = s.openFiles(b)
	}
}

func (s *source) openJournal(b beginning) follower {
	return journal.New(journal.Options{
		Units: s.cfg.Journal, AnyUser: s.cfg.Trust, Resume: journal.Adopt(s.cfg.Journal, s.positions), StartAt: b.start, WindowStart: b.since,
		Header: s.needsHeader(), Clock: s.o.clock, Log: b.log,
	})
}

func (s *source) openFiles(b beginning) follower {
	return tail.New(tail.Options{
		Paths: s.cfg.Paths, Resume: slices.DeleteFunc(slices.Clone(s.positions), journal.IsPosition), StartAt: b.start, Since: s.since,
		WindowStart: b.since, Buffers: batchesPerSource, Log: b.log,
	})
}

// openEither keeps the positions of both places: which of them counts is decided later.
func (s *source) openEither(b beginning) follower {
	inJournal, inFiles := s.cfg, s.cfg
	inJournal.Paths, inFiles.Journal = nil, nil
	return &either{
		readable: func(ctx context.Context) error { return journal.Readable(ctx, nil) },
		journal:  place{follower: s.openJournal(b), where: inJournal.Where()},
		files:    place{follower: s.openFiles(b), where: inFiles.Where(), paths: s.cfg.Paths},
		log:      b.log, retry: neitherRetry, ready: make(chan struct{}),
	}
}

// neitherRetry is how often a source looks for its places while there is none.
const neitherRetry = 2 * time.Second

// where says in words where the lines come from.
func (s *source) where() string {
	if e, ok := s.follower.(*either); ok {
		return e.where()
	}
	return s.cfg.Where()
}

// merge takes a new position in. Those of another kind of place mean nothing any more.
func (s *source) merge(p tail.Position) {
	kind := journal.IsPosition(p)
	s.positions = slices.DeleteFunc(s.positions, func(old tail.Position) bool { return journal.IsPosition(old) != kind })
	s.positions, s.moved = tail.Merge(s.positions, p), true
}

// needsHeader says of which programs' messages the lines have to begin as in a syslog file: of all if the format is sshd's, which tells
// programs and processes apart by it; if the format is to be found out, of sshd's. Other formats are the message alone.
func (s *source) needsHeader() func(program []byte) bool {
	format := s.cfg.Format
	return func(program []byte) bool {
		return format == "sshd" || format == "auto" && strings.HasPrefix(string(program), "sshd")
	}
}
