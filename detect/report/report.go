// Package report is what the analysis of a whole log found, and its forms: JSON, text for reading, one page of HTML. It computes
// nothing that detect/static could: it shows.
package report

import (
	"net/netip"
	"time"

	"cidrx/detect/cidr"
)

// Report is the outcome of one analysis. Its slices are shared and must not be written to.
type Report struct {
	Version   string        // of the program
	Generated time.Time     // when the analysis ended
	Took      time.Duration // all of it; 0: not measured
	Logs      []string      // names as given, in the order of reading
	Format    string        // preset or format string; several logs of different presets: joined with commas
	ReadTook  time.Duration // reading, parsing and counting; 0: not measured

	Requests uint64 // that parsed, each as often as its line says
	Lines    uint64 // all, those that did not parse too
	Skipped  uint64 // lines that did not parse
	Ignored  uint64 // lines of another program, such as CRON in auth.log
	Hosts    int    // distinct IPv4 addresses and IPv6 /64s
	First    time.Time
	Last     time.Time // zero, as First, when no line has a time

	Sections []Section // in the order of the options
	Warnings []Warning
	Space    Space
	Detail   *Detail // nil: no second look was asked for

	DeniedAgents []netip.Prefix // hosts that sent a user agent of the deny list, sorted
}

// Section is what one strategy found.
type Section struct {
	Name       string
	UserAgent  string // RE2; empty: no filter
	Endpoint   string
	Methods    []string // one of these; empty: any
	Statuses   []string
	Hostnames  []string
	Outcomes   []string
	Start, End time.Time // both inclusive; zero: open
	Balance    bool      // the threshold mode of its tiers

	Requests  uint64        // T's total: those that passed the filters, allowlisted clients included
	Hosts     int           // distinct hosts that count: without the allowlisted
	Allowed   uint64        // of Requests: from allowlisted clients or user agents, which count nowhere else
	CountTook time.Duration // to sort the hosts that count, once all was read; sections that ask the same share it

	Asked []Range // the prefixes whose count was asked for, in the order asked
	Tiers []Tier
}

// Tier is what one tier of a section found.
type Tier struct {
	cidr.Tier
	Needed   uint64 // T
	Took     time.Duration
	Detected []Range // as the tier defines it, disjoint, sorted by address, IPv4 first
	Merged   []Range // the smallest set of prefixes that covers the same addresses, sorted
	Missed   []Miss  // only where nothing was detected: the nearest misses, nearest first, at most 3
}

// Range is a prefix and what was requested from it.
type Range struct {
	Prefix   netip.Prefix
	Requests uint64
	Share    float64 // of the section's total, 0 to 1
	Hosts    int
	First    time.Time // zero, as Last, when no line has a time
	Last     time.Time
}

// Miss is a prefix that a tier looked at and did not report, and by how much it fell short.
type Miss struct {
	Prefix      netip.Prefix
	Requests    uint64
	Hosts       int
	Needed      uint64  // T
	HostsNeeded int     // 0: none
	Bystanders  float64 // share of its hosts without a matching request; only looked at with maxCollateral
	Uneven      bool    // balance mode would not report it whatever the numbers, as its halves differ too much
	Why         string  // which condition, for people: "412 of 500 requests (minSize)"
}

// Warning is something about the log or the options that a reader must know.
type Warning struct {
	Type    string // stable, lower case with underscores: "skipped_lines"
	Message string
	Count   uint64
}

// Space is the part of the IPv4 space that was seen, as cells of one prefix length, sorted by address.
type Space struct {
	Bits  int // length of the cells' prefixes: 24, 20, 16, 12 or 8: the longest that gives at most MaxCells
	Cells []Cell
}

// MaxCells is how many cells a Space has at the most.
const MaxCells = 16384

// Cell is one prefix of a Space.
type Cell struct {
	First    uint32 // its first address
	Hosts    uint32
	Requests uint64
}

// Detail is what a second look at the log adds, for those who read and not for programs.
type Detail struct {
	Approximate bool   // taken from a sample of the lines, because the log can be read only once: counts are estimates
	Sampled     uint64 // lines in the sample

	Start    time.Time     // of the first bucket
	Bucket   time.Duration // 0: no line has a time
	Requests []uint64      // a bucket each, at most MaxBuckets
	Ranges   []RangeDetail // by section, then by prefix; at most MaxDetailed
	Omitted  int           // ranges without detail: there were more than MaxDetailed, and these have the fewest requests
}

// Bounds of a Detail.
const (
	MaxBuckets  = 400
	MaxDetailed = 256
	MaxText     = 256 // bytes of a text of Tops: those that begin with the same ones count as one
)

// RangeDetail tells more of a detected range: of the requests of its section only.
type RangeDetail struct {
	Section   int // index into Report.Sections
	Prefix    netip.Prefix
	Requests  uint64
	Ordinary  uint64   // of Requests: look like those of people (a browser's user agent, a status below 400, not one of a scanner's targets)
	Times     []uint64 // requests a bucket, as Detail.Requests
	Agents    Tops
	Endpoints Tops // without their query
	Statuses  Tops
	Hosts     []Host   // most requests first, at most 100
	Samples   []string // lines as logged, at most 5 of at most 1 KiB
}

// Host is one host of a range.
type Host struct {
	Prefix      netip.Prefix // a /32, an IPv6 /64, or a NAT64 /128
	Requests    uint64
	First, Last time.Time
}
