package report

import (
	"net/netip"
	"time"

	"cidrx/detect/cidr"
)

// Suggestion proposes tiers for a log, with what speaks for each number.
type Suggestion struct {
	Logs        []string
	Format      string
	Requests    uint64
	Hosts       int
	First, Last time.Time // zero when no line has a time

	Approximate bool   // which requests look ordinary was learnt from a sample, because a log can be read only once
	Sampled     uint64 // lines in the sample
	Rule        string // what "ordinary-looking" means here, for people
	Agents      bool   // there are user agents; without them a request looks ordinary by its status and target alone
	Sections    []SuggestedSection
}

// SuggestedSection is what is proposed for one section, which has the filters of the section that was asked about.
type SuggestedSection struct {
	Name       string
	UserAgent  string // RE2; empty: no filter
	Endpoint   string
	Methods    []string
	Statuses   []string
	Hostnames  []string
	Outcomes   []string
	Start, End time.Time // zero: open

	Requests uint64
	Hosts    int
	PerDay   uint64 // requests; 0: no line has a time
	Ordinary Traffic
	Crawlers Traffic // of search engines and feed readers, by the name that they give themselves
	Others   Traffic // the rest: what an attack would be part of
	Busiest  []Busiest

	Tiers   []SuggestedTier // narrow ones first
	Without []string        // why there is no tier for single hosts, small networks, …: a sentence each
	Aside   []CaughtRange   // ordinary-looking or a crawler's, and in the way of a tier: most requests first, at most MaxAside
}

// Bounds of a SuggestedSection.
const (
	MaxAside          = 8
	MaxSuggestedFound = 5
)

// Traffic is a part of the requests. A host belongs where most of its requests do.
type Traffic struct {
	Requests uint64
	Hosts    int
}

// Busiest are the prefixes of a length with the most requests: of all hosts, and of those that look ordinary. An IPv4 length stands for
// the IPv6 one of twice as many bits too. A prefix is not valid if there is none.
type Busiest struct {
	Bits     int
	All      CaughtRange
	Ordinary CaughtRange
}

// SuggestedTier is a proposed tier, and what it catches in the log.
type SuggestedTier struct {
	cidr.Tier
	What    string   // "single hosts"
	Why     []Reason // for each number and condition
	Ranges  int
	Caught  Traffic
	New     uint64 // requests that no tier before it catches, and that are neither ordinary-looking nor a crawler's
	Of      Caught
	Largest []CaughtRange // most requests first, at most MaxSuggestedFound
}

// Caught says what kind of traffic Traffic is made of.
type Caught struct{ Ordinary, Crawlers, Others Traffic }

// CaughtRange is a range, and what it is made of.
type CaughtRange struct {
	Prefix   netip.Prefix
	Requests uint64
	Hosts    int
	Of       Caught
}

// Reason says why a number of a tier is what it is.
type Reason struct {
	Name  string // "minSize", as in the configuration
	Value string
	Text  string
}
