package tierview

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"cidrx/detect"
	"cidrx/detect/cidr"
)

// Moment is how an address stood to one tier at one time. Prefix is the one, of those around the address, that came closest.
type Moment struct {
	At          time.Time    `json:"at"`
	Prefix      netip.Prefix `json:"prefix"`
	Requests    uint64       `json:"requests"` // of Prefix, less those that narrower prefixes are reported for
	Needed      uint64       `json:"needed"`   // T
	Decides     string       `json:"decides"`  // the condition that makes T: minSize, threshold, sizeAlone
	Total       uint64       `json:"total"`    // of the strategy, in its window
	Share       float64      `json:"share"`    // Requests of Total, 0 to 1
	Hosts       int          `json:"hosts"`
	HostsNeeded int          `json:"hosts_needed"`
	Bystanders  int          `json:"bystanders"` // hosts there without a matching request; 0 unless the tier limits them
	Reported    bool         `json:"reported"`
	Missing     []string     `json:"missing"` // what it takes to be reported, in words

	closeness float64
}

// momentOf makes a Moment of what the engine says.
func momentOf(at time.Time, st detect.Standing, t cidr.Tier, total uint64) *Moment {
	m := &Moment{
		At: at.UTC(), Prefix: st.Prefix, Requests: st.Requests, Needed: st.Needed, Decides: Decides(t, total), Total: total, Hosts: st.Hosts,
		HostsNeeded: st.HostsNeeded, Bystanders: st.Bystanders, Reported: st.Reported, Missing: []string{},
	}
	if total > 0 {
		m.Share = float64(st.Requests) / float64(total)
	}
	m.closeness = float64(m.Requests) / float64(m.Needed)
	if m.HostsNeeded > 0 {
		m.closeness = min(m.closeness, float64(m.Hosts)/float64(m.HostsNeeded))
	}
	if m.Reported {
		m.closeness++ // what is reported is closer than what has even more and is refused
		return m
	}
	m.closeness, m.Missing = min(m.closeness, 1), m.missing(t)
	return m
}

// missing says what keeps the prefix from being reported.
func (m *Moment) missing(t cidr.Tier) []string {
	missing := []string{}
	if m.Requests < m.Needed {
		missing = append(missing, count(m.Needed-m.Requests, "request")+" ("+m.Decides+")")
	}
	if m.Hosts < m.HostsNeeded {
		missing = append(missing, count(uint64(m.HostsNeeded-m.Hosts), "host")+" (minHosts)")
	}
	if len(missing) > 0 {
		return missing
	}
	allowed := uint64(t.MaxCollateral) * uint64(m.Hosts+m.Bystanders) / 1e6
	switch {
	case t.MaxCollateral != cidr.NoCollateralLimit && uint64(m.Bystanders) > allowed:
		missing = append(missing, fmt.Sprintf("%s too many that do nothing like it (maxCollateral)", count(uint64(m.Bystanders)-allowed, "host")))
	case t.Balance:
		missing = append(missing, "its two halves differ too much (thresholdMode balance)")
	default:
		missing = append(missing, "a wider prefix around it is looked at first")
	}
	return missing
}

func count(n uint64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// Same says that nothing but the time has changed.
func (m *Moment) Same(o *Moment) bool {
	return m.Prefix == o.Prefix && m.Requests == o.Requests && m.Needed == o.Needed && m.Hosts == o.Hosts && m.Reported == o.Reported
}

// Words says for people how it stood.
func (m *Moment) Words() string {
	hosts := ""
	if m.HostsNeeded > 1 {
		hosts = fmt.Sprintf(", %d of %d hosts", m.Hosts, m.HostsNeeded)
	}
	text := fmt.Sprintf("%d of %d requests%s, %.1f %% of %d", m.Requests, m.Needed, hosts, 100*m.Share, m.Total)
	if m.Reported {
		return text + ": reported"
	}
	return text + ": missing " + strings.Join(m.Missing, " and ")
}
