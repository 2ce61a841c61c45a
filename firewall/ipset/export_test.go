//go:build linux

package ipset

import "time"

// Distrust makes the next Sync write everything anew.
func (f *Firewall) Distrust() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state = unknown
	f.rules.Store(nil)
}

// LookEvery sets how often Watch looks at the headers, the rules, and the elements.
func (f *Firewall) LookEvery(headers, rules, elements time.Duration) {
	f.pace = pace{headers, rules, elements, 1}
}

// Uptime replaces the clock that nobody sets.
func (f *Firewall) Uptime(now func() time.Duration) { f.uptime = now }

// Suspect makes the next Sync read the elements back.
func (f *Firewall) Suspect() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state = suspect
}

// MaxTimeout is the longest timeout.
const MaxTimeout = maxTimeout

// ParseSaved reads a line of "ipset save" and says what it means.
func ParseSaved(line string) (prefix string, timeout time.Duration, packets uint64, network, ok bool, err error) {
	e, ok, err := parseSaved(line)
	return e.prefix.String(), e.timeout, e.packets, e.network, ok, err
}

// Left is the timeout that is given to an element.
var Left = left

// WithoutIPv6 makes f treat the kernel as one that has none.
func (f *Firewall) WithoutIPv6() {
	f.tables[v6], f.families = nil, []family{v4}
	f.references = f.o.references(f.families)
}
