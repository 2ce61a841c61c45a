//go:build linux

package nftables

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"cidrx/firewall"

	nf "github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// features are what kernels differ in.
type features struct {
	replaces bool // an element that is added again gets the new timeout (6.12); it is ignored otherwise
	destroys bool // the deletion of an absent element can be asked for without an error (6.3)
}

// Check is one thing the kernel needs to be able to do.
type Check struct {
	Name   string
	Err    error  // nil: it can
	Advice string // what to do if it cannot
}

// probeTable is the scratch table for a table. It is dormant: its chains hook nowhere.
func probeTable(o Options) string { return o.Table + "_probe" }

// probe writes the whole layout into a scratch table, which shows whether the kernel can do all that the options ask for, and tries what kernels
// differ in.
func (f *Firewall) probe() (features, error) {
	var found features
	err := f.tryLayout(newLayout(f.o, probeTable(f.o), true))
	if err == nil {
		found, err = f.tryElements()
	}
	if err == nil {
		return found, f.endProbe()
	}
	if reopenErr := f.reopen(); reopenErr != nil {
		return found, errors.Join(err, reopenErr)
	}
	checks := f.checks()
	if c := checks[len(checks)-1]; c.Err != nil {
		err = fmt.Errorf("nftables: %s: %w: %s", c.Name, c.Err, c.Advice)
	} else {
		err = explain("probe the kernel", err)
	}
	// What cannot be made cannot be deleted either; the error to report is the first.
	_ = f.endProbe()
	return found, err
}

// tryLayout writes a layout to the scratch table, without what is there from an earlier try.
func (f *Firewall) tryLayout(l *layout) error {
	f.rules.AddTable(&nf.Table{Name: l.table.Name, Family: l.table.Family})
	f.rules.DelTable(l.table)
	l.change(f.rules, found{})
	return flush(f.rules)
}

func (f *Firewall) endProbe() error {
	table := &nf.Table{Name: probeTable(f.o), Family: nf.TableFamilyINet}
	f.rules.AddTable(table) // so that the deletion finds one
	f.rules.DelTable(table)
	return explain("delete the scratch table", flush(f.rules))
}

// tryElements adds an element and renews its timeout, looks what is left of it, and destroys an element that is not there.
func (f *Firewall) tryElements() (features, error) {
	var found features
	there, absent := netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("192.0.2.2/32")
	for _, timeout := range []time.Duration{time.Hour, 2 * time.Hour} {
		if err := f.tryElement(addElement, there, timeout); err != nil {
			return found, err
		}
	}
	err := f.writer.dump(probeTable(f.o), firewall.Host4, func(d dumped) { found.replaces = d.expires > 90*time.Minute })
	if err != nil {
		return found, err
	}
	if err := f.tryElement(destroySetElem, absent, 0); err != nil {
		return found, f.reopen() // a kernel that does not know the verb; whatever else it is will show
	}
	found.destroys = true
	return found, nil
}

func (f *Firewall) tryElement(verb uint16, p netip.Prefix, timeout time.Duration) error {
	b := f.writer.newBatch(nil)
	w := elementWriter{b: b, table: probeTable(f.o), set: firewall.SetOf(p), verb: verb, renew: true}
	w.write(p, timeout)
	w.close()
	return b.commit()
}

// checks tries the parts of the layout one after another, each with the ones before it, and stops at the first that the kernel refuses.
func (f *Firewall) checks() []Check {
	steps := []struct {
		name, advice string
		part         func(*layout)
	}{
		{"nf_tables", "the kernel has no nf_tables (CONFIG_NF_TABLES, CONFIG_NF_TABLES_INET; modprobe nf_tables), or use the ipset backend",
			func(l *layout) { l.sets, l.chains, l.counters, l.rules = nil, nil, nil, nil }},
		{"sets with timeouts", "the kernel has no hash sets with timeouts and counters (Linux 5.7 or newer; modprobe nft_set_hash)",
			func(l *layout) {
				l.sets = slices.DeleteFunc(l.sets, func(s *nf.Set) bool { return s.Interval })
				l.chains, l.rules = nil, nil
			}},
		{"interval sets", "the kernel has no interval sets (modprobe nft_set_rbtree), or use the ipset backend",
			func(l *layout) { l.chains, l.rules = nil, nil }},
		{"base chains", "the kernel has no filter chains at this hook in the inet family", func(l *layout) { l.rules = nil }},
		{"look-ups in sets", "the kernel cannot match packets with sets (modprobe nft_lookup nft_objref)", func(l *layout) {
			l.rules = slices.DeleteFunc(l.rules, func(r *nf.Rule) bool { return uses[*expr.Ct](r) || uses[*expr.Reject](r) || uses[*expr.Log](r) })
		}},
		{"conntrack", "the kernel has no connection tracking (modprobe nf_conntrack nft_ct); set protectOutbound = false", func(l *layout) {
			l.rules = slices.DeleteFunc(l.rules, func(r *nf.Rule) bool { return uses[*expr.Reject](r) || uses[*expr.Log](r) })
		}},
		{"reject", "the kernel cannot reject here (modprobe nft_reject_inet, Linux 5.9 or newer); set action = \"drop\"", func(l *layout) {
			l.rules = slices.DeleteFunc(l.rules, uses[*expr.Log])
		}},
		{"log", "the kernel cannot log here (modprobe nft_log nft_limit); leave logging off", func(*layout) {}},
	}
	var out []Check
	for _, s := range steps {
		l := newLayout(f.o, probeTable(f.o), true)
		s.part(l)
		c := Check{Name: s.name, Err: f.tryLayout(l), Advice: s.advice}
		if errors.Is(c.Err, unix.EPERM) {
			c.Advice = adviceFor(c.Err)
		}
		out = append(out, c)
		if c.Err != nil {
			break
		}
	}
	return out
}

// uses says whether a rule has an expression of a kind.
func uses[E expr.Any](r *nf.Rule) bool {
	return slices.ContainsFunc(r.Exprs, func(e expr.Any) bool { _, ok := e.(E); return ok })
}

// Probe tries one by one what New needs of the kernel, in a scratch table that hooks nowhere, up to the first that it cannot do. The error is
// about the connection itself.
func Probe(o Options) ([]Check, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	f := &Firewall{o: o}
	if err := f.connect(); err != nil {
		return nil, err
	}
	checks := f.checks()
	err = f.endProbe()
	if checks[len(checks)-1].Err != nil {
		err = nil // the scratch table could not be made either
	}
	return checks, errors.Join(err, f.Close())
}
