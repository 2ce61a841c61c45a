//go:build linux

package ipset

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/coreos/go-iptables/iptables"
)

// written is what was read back after the rules had been written.
type written struct {
	text   string               // all rules of ours, and the jumps to them
	chains [2]map[string]string // by family and table: the name of the chain in force
}

// install writes the rules and has them jumped to before the former ones go, so packets are dropped throughout.
func (f *Firewall) install() error {
	f.rules.Store(nil)
	err := f.o.inside(func() error {
		for _, fam := range f.families {
			if err := f.installFamily(fam); err != nil {
				return err
			}
		}
		now, err := f.readRules()
		if err == nil {
			f.rules.Store(now)
		}
		return err
	})
	return explain("write the rules", err)
}

// installFamily begins with the last chain that a packet meets: when other options move networks from the first to the last, they are in the last before
// they go from the first.
func (f *Firewall) installFamily(fam family) error {
	chains := f.o.chains(fam)
	for _, c := range slices.Backward(chains) {
		if err := f.installChain(f.tables[fam], c); err != nil {
			return err
		}
	}
	for _, table := range tables { // what was written with other options
		if !slices.ContainsFunc(chains, func(c chain) bool { return c.table == table }) {
			f.removeChains(f.tables[fam], table)
		}
	}
	return nil
}

// installChain writes a chain under the name that is not in use.
func (f *Firewall) installChain(t *iptables.IPTables, c chain) error {
	old, err := f.jumps(t, c.table)
	if err != nil {
		return err
	}
	next, former := f.o.chainName(false), f.o.chainName(true)
	if slices.ContainsFunc(old, func(j jump) bool { return j.target == next }) {
		next, former = former, next
	}
	// Both names are in use if an earlier process ended in the middle of this; former is complete then.
	stale := func(j jump) bool { return j.target == next }
	if err := dropJumps(t, c.table, filter(old, stale)); err != nil {
		return err
	}
	if err := t.ClearChain(c.table, next); err != nil {
		return err
	}
	for _, rule := range c.rules {
		if err := t.Append(c.table, next, rule...); err != nil {
			return err
		}
	}
	for _, builtin := range c.builtins {
		for _, match := range c.jumps {
			if err := t.Insert(c.table, builtin, 1, append(slices.Clone(match), "-j", next)...); err != nil {
				return err
			}
		}
	}
	err = dropJumps(t, c.table, filter(old, func(j jump) bool { return !stale(j) }))
	return errors.Join(err, t.ClearAndDeleteChain(c.table, former))
}

func filter[E any](in []E, keep func(E) bool) (out []E) {
	for _, e := range in {
		if keep(e) {
			out = append(out, e)
		}
	}
	return out
}

// tables are those that chains of ours can be in, with the built-in chains that can jump to them.
var tables = []string{"raw", "mangle", "filter"}

func builtins(table string) []string {
	return map[string][]string{"raw": {"PREROUTING"}, "mangle": {"PREROUTING", "INPUT"}, "filter": {"INPUT", "FORWARD"}}[table]
}

// jump is a rule of a built-in chain that jumps to a chain of ours.
type jump struct {
	builtin, target string
	rule            []string
}

// jumps reads them, in order.
func (f *Firewall) jumps(t *iptables.IPTables, table string) ([]jump, error) {
	var out []jump
	for _, builtin := range builtins(table) {
		lines, err := t.List(table, builtin)
		if err != nil {
			return nil, err
		}
		for _, line := range lines {
			words := strings.Fields(line) // the jumps that we write have no quotes
			n := len(words)
			if n < 4 || words[0] != "-A" || words[n-2] != "-j" {
				continue
			}
			if target := words[n-1]; target == f.o.chainName(false) || target == f.o.chainName(true) {
				out = append(out, jump{builtin, target, words[2:]})
			}
		}
	}
	return out, nil
}

func dropJumps(t *iptables.IPTables, table string, jumps []jump) error {
	for _, j := range jumps {
		if err := t.DeleteIfExists(table, j.builtin, j.rule...); err != nil {
			return err
		}
	}
	return nil
}

// readRules reads what is in force of ours.
func (f *Firewall) readRules() (*written, error) {
	var text strings.Builder
	w := &written{}
	for _, fam := range f.families {
		w.chains[fam] = map[string]string{}
		for _, c := range f.o.chains(fam) {
			jumps, err := f.jumps(f.tables[fam], c.table)
			if err != nil {
				return nil, err
			}
			for _, j := range jumps {
				w.chains[fam][c.table] = j.target
				fmt.Fprintln(&text, fam, c.table, j.builtin, j.rule)
			}
		}
		for _, table := range slices.Sorted(maps.Keys(w.chains[fam])) {
			rules, err := f.tables[fam].List(table, w.chains[fam][table])
			if err != nil {
				return nil, err
			}
			fmt.Fprintln(&text, fam, table, strings.Join(rules, "\n"))
		}
	}
	w.text = text.String()
	return w, nil
}

// removeChains takes our chains out of a table, and what jumps to them. A table that cannot be read has nothing of ours.
func (f *Firewall) removeChains(t *iptables.IPTables, table string) {
	jumps, err := f.jumps(t, table)
	if err == nil {
		err = dropJumps(t, table, jumps)
	}
	for _, second := range []bool{false, true} {
		if err == nil {
			err = t.ClearAndDeleteChain(table, f.o.chainName(second))
		}
	}
	if err != nil {
		f.o.Logger.Debug("ipset: a table cannot be cleared", "table", table, "error", err)
	}
}
