// Package detect turns events into verdicts: which addresses and networks attack, by which rule, on what evidence. It opens no file,
// reads no clock, logs nothing and knows no firewall: events and times go in, verdicts come out.
package detect

import (
	"net/netip"
	"time"

	"cidrx/detect/cidr"
	"cidrx/detect/match"
)

// Strategy is a named question asked of the traffic: filters, a window, tiers.
type Strategy struct {
	Name       string
	Filter     match.Options
	Window     time.Duration // whole seconds, at least 1 s
	MaxEntries int           // (address, second) counts kept; beyond it the oldest go first
	Tiers      []cidr.Tier
}

// Verdict says that the traffic of a prefix fulfils a tier of a strategy. The jail decides what becomes of it.
type Verdict struct {
	Prefix      netip.Prefix
	Strategy    string
	Tier        int    // index into the strategy's tiers
	Reason      string // for people: `strategy "botnet", tier 1 [600,16,25,0.06]`
	Jail        bool   // the tier may ban; otherwise the verdict is only reported
	Enforceable bool   // false: the clients' packets do not reach this host (behind a proxy)
	Needed      uint64 // T at that moment
	Time        time.Time
	Evidence    Evidence
}

// Evidence is what a verdict rests on, within the strategy's window.
type Evidence struct {
	Requests    uint64
	Hosts       int     // distinct IPv4 addresses and IPv6 /64s
	Share       float64 // of the strategy's total, 0 to 1
	First, Last time.Time
	Samples     []string // a few log lines of the prefix, as logged, at most 3 of at most 1 KiB
}
