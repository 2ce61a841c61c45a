//go:build linux

package ipset

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"cidrx/firewall"
)

// Counters reads what was dropped, by each element and by the rules for each kind of element. It holds up no change of a ban, only of the allowlist,
// and takes half a second for 100,000 elements. Counters of elements last as long as the element, and over a new timeout; those of rules as long as the
// rules. Without sets there are none.
func (f *Firewall) Counters(ctx context.Context) (firewall.Counters, error) {
	c := firewall.Counters{Elements: map[netip.Prefix]uint64{}, Sets: map[string]uint64{}}
	select {
	case <-f.done:
		return c, fmt.Errorf("ipset: %w", os.ErrClosed)
	default:
	}
	rules := f.rules.Load()
	if rules == nil {
		return c, nil
	}
	f.mu.Lock()
	whole := wholes(f.held)
	f.mu.Unlock()
	for _, fam := range f.families {
		if err := ctx.Err(); err != nil {
			return c, err
		}
		err := f.eachSaved(ctx, f.o.banSet(fam), func(s saved) {
			if !isAnchor(s.prefix) {
				c.Elements[s.prefix] = s.packets
			}
		})
		if err != nil && strings.Contains(err.Error(), "does not exist") {
			return c, nil
		}
		if err != nil {
			return c, explain("read the counters", err)
		}
		if whole[fam] {
			addHalves(c.Elements, fam)
		}
	}
	return c, explain("read the counters of the rules", f.o.inside(func() error { return f.countRules(rules, c.Sets) }))
}

// addHalves makes one counter of those of the two halves of an address space.
func addHalves(packets map[netip.Prefix]uint64, fam family) {
	all := [...]netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}[fam]
	for _, half := range halves(all) {
		packets[all] += packets[half]
		delete(packets, half)
	}
}

func (f *Firewall) countRules(rules *written, sets map[string]uint64) error {
	for _, fam := range f.families {
		for _, kind := range []string{"host", "net"} {
			sets[kind+fam.digit()] = 0
		}
		for table, chain := range rules.chains[fam] {
			lines, err := f.tables[fam].ListWithCounters(table, chain)
			if err != nil {
				return err
			}
			for _, line := range lines {
				if name, packets, ok := parseCounter(line); ok {
					sets[name] += packets
				}
			}
		}
	}
	return nil
}

// parseCounter reads the name of the counter, which is the rule's comment, and how many packets it says, from a line of "iptables -v -S".
func parseCounter(line string) (name string, packets uint64, ok bool) {
	words := strings.Fields(line)
	for i := 0; i+1 < len(words); i++ {
		switch words[i] {
		case "--comment":
			name = strings.Trim(words[i+1], `"`)
		case "-c":
			n, err := strconv.ParseUint(words[i+1], 10, 64)
			packets, ok = n, err == nil
		}
	}
	return name, packets, ok && name != ""
}
