//go:build linux

package nftables

import (
	"fmt"
	"maps"

	nf "github.com/google/nftables"
)

// install makes the table's sets, chains and rules what the options ask for, in one transaction and in place: sets and chains that are as they
// should be stay, with all their elements, so packets are dropped throughout. Whatever else is in the table goes. kept says that sets of bans
// stayed.
func (f *Firewall) install(have found) (kept bool, err error) {
	l := newLayout(f.o, f.o.Table, false)
	if l.fits(have) && have.tracks != f.o.ProtectOutbound {
		if have, err = f.installBetween(have); err != nil {
			return false, err
		}
	}
	kept = l.change(f.rules, have)
	err = flush(f.rules)
	if err == nil || !have.exists {
		return kept, wrapInstall(f.o.Table, err)
	}
	f.o.Logger.Warn("nftables: the table cannot be changed in place; replacing it", "table", f.o.Table, "error", err)
	return false, f.installAnew()
}

// installBetween has networks dropped in both chains. They were dropped in one so far and will be in the other, and a packet that is between the
// two at the moment of change would meet neither.
func (f *Firewall) installBetween(have found) (found, error) {
	l := newLayout(f.o, f.o.Table, false)
	l.rules = rules(f.o, l.table, true)
	l.change(f.rules, have)
	if err := flush(f.rules); err != nil {
		return have, wrapInstall(f.o.Table, err)
	}
	return f.writer.readLayout(f.o.Table)
}

// installAnew replaces the whole table, for what cannot be changed in place: there is a moment without bans.
func (f *Firewall) installAnew() error {
	if err := f.reopen(); err != nil {
		return err
	}
	l := newLayout(f.o, f.o.Table, false)
	f.rules.AddTable(l.table)
	f.rules.DelTable(l.table)
	l.change(f.rules, found{})
	return wrapInstall(f.o.Table, flush(f.rules))
}

// fits says whether the chains and the sets of bans are there as they should be.
func (l *layout) fits(have found) bool {
	sets, chains := l.shapes()
	for _, set := range banSets {
		if have.sets[string(set)] != sets[string(set)] {
			return false
		}
	}
	return maps.Equal(chains, have.chains)
}

func wrapInstall(table string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("write table inet %s: %w", table, err)
}

// change queues what turns the table found into the layout, and says whether sets of bans stay.
func (l *layout) change(c *nf.Conn, have found) (kept bool) {
	sets, chains := l.shapes()
	c.AddTable(l.table)
	if have.exists {
		c.FlushTable(l.table)
	}
	for name, shape := range have.chains {
		if chains[name] != shape {
			c.DelChain(&nf.Chain{Table: l.table, Name: name})
		}
	}
	for name, shape := range have.sets {
		if sets[name] != shape {
			c.DelSet(&nf.Set{Table: l.table, Name: name})
		}
	}
	for _, o := range l.counters {
		c.AddObj(o)
	}
	for _, s := range l.sets {
		if have.sets[s.Name] == sets[s.Name] {
			kept = kept || s.HasTimeout
			continue
		}
		_ = c.AddSet(s, nil) // an error sticks, and Flush returns it
	}
	l.addPorts(c)
	for _, chain := range l.chains {
		if have.chains[chain.Name] != chains[chain.Name] {
			c.AddChain(chain)
		}
	}
	for _, r := range l.rules {
		c.AddRule(r)
	}
	return kept
}

func (l *layout) addPorts(c *nf.Conn) {
	for _, s := range l.sets {
		if s.Name == portsSet {
			c.FlushSet(s)
			_ = c.SetAddElements(s, l.portElements())
		}
	}
}

// flush is c.Flush. google/nftables waits with select(2), whose fd_set ends at 1024: its panic beyond that becomes an error here. New opens this
// connection before everything else, so it only happens when a connection has to be replaced in a process with very many files open.
func flush(c *nf.Conn) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the netlink library cannot use a file descriptor over 1023; this process has too many files open: %v", p)
		}
	}()
	return c.Flush()
}
