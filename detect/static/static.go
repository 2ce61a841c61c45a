// Package static analyses whole logs: io.Reader in, Report out, in one pass and in parallel. The rules are those of the agent: lines
// are read by detect/parse, filtered by detect/match, and held against the tiers by detect/cidr. Memory grows with the distinct
// addresses, never with the requests. It opens no file and reads no clock.
package static

import (
	"io"
	"net/netip"
	"sync/atomic"
	"time"

	"cidrx/detect/cidr"
	"cidrx/detect/match"
	"cidrx/detect/parse"
)

// Section is a named question asked of the log: filters, a time range, tiers.
type Section struct {
	Name       string
	Filter     match.Options // Sources are not looked at
	Start, End time.Time     // both inclusive, to the second; zero: open. A line without a time passes neither
	Ranges     []netip.Prefix
	Tiers      []cidr.Tier
}

// Options say what is asked of the logs, and how they are read.
type Options struct {
	Sections []Section
	Format   string        // preset, format string, or "auto": the preset that the first lines of each log have
	Parse    parse.Options // Year is set for each log from Log.Written

	Allow       []netip.Prefix // clients that count in the totals and nowhere else
	AllowAgents []string       // requests whose user agent contains one of these count in the totals and nowhere else
	DenyAgents  []string       // hosts that sent a user agent that contains one of these are listed in the report
	Spent       []Spent        // evidence that earlier bans have used up; it counts in the report, not in Analysis.Findings

	Workers  int              // 0: as many as there are processors
	Sample   bool             // keep a bounded sample of the lines of logs that cannot be read again, for Look
	Progress *Progress        // may be nil
	Clock    func() time.Time // for durations and Generated; nil: they stay zero
	Version  string           // for the report
}

// Spent says that what was requested inside Prefix until Until has had its ban, or was forgiven: it is no evidence for another.
type Spent struct {
	Prefix netip.Prefix
	Until  time.Time
}

// Log is one log. Compressed ones are decompressed by Open.
type Log struct {
	Name    string                        // for the report and for errors
	Open    func() (io.ReadCloser, error) // its error names the file
	Again   bool                          // Open works more than once
	Written time.Time                     // of the newest line, about: where stamps have no year, they get that of this
}

// Progress counts while Analyze or Look runs; any goroutine may read it.
type Progress struct{ Lines, Bytes atomic.Uint64 }

// Finding is a range that a tier that may ban has found on evidence that is not spent.
type Finding struct {
	Section, Tier int // indices into Options
	Prefix        netip.Prefix
	Needed        uint64 // T
	Requests      uint64
	Hosts         int
	Share         float64 // of the section's total, 0 to 1
	First, Last   time.Time
}
