//go:build linux

package ipset

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ownSets are the names of all sets that are ours.
func (f *Firewall) ownSets() []string {
	var out []string
	for _, fam := range []family{v4, v6} {
		for _, set := range []string{f.o.banSet(fam), f.o.allowSet(fam)} {
			out = append(out, set, newSet(set))
		}
	}
	return out
}

func (f *Firewall) anyOurs(sets map[string]header) bool {
	for _, set := range f.ownSets() {
		if _, ok := sets[set]; ok {
			return true
		}
	}
	return false
}

// remove takes rules and sets away, also rules that were written with the other variant of iptables.
func (f *Firewall) remove(ctx context.Context) error {
	if err := f.removeRules(f.tables); err != nil {
		return err
	}
	if err := f.removeStrangers(ctx, nil); err != nil {
		return err
	}
	for _, set := range f.ownSets() {
		if err := f.destroy(ctx, set); err != nil {
			return err
		}
	}
	return nil
}

func (f *Firewall) removeRules(t iptablesPair) error {
	return f.o.inside(func() error {
		for _, fam := range t.families() {
			for _, table := range tables {
				f.removeChains(t[fam], table)
			}
		}
		return nil
	})
}

// removeStrangers takes away what an earlier process wrote with another variant of iptables, if more rules look into a set than should.
func (f *Firewall) removeStrangers(ctx context.Context, should map[string]int) error {
	sets, err := f.awaitReferences(ctx, should)
	if err != nil || !referred(sets, f.ownSets(), should) {
		return err
	}
	for _, v := range []Variant{Nft, Legacy} {
		if f.variant == v.program() {
			continue
		}
		other, err := openTables(f.o, v)
		if err == nil {
			f.o.Logger.Info("ipset: taking away rules that an earlier process wrote with another iptables", "program", v.program())
			err = f.removeRules(other)
		}
		if err != nil {
			f.o.Logger.Debug("ipset: rules of the other variant", "program", v.program(), "error", err)
		}
	}
	return nil
}

func referred(sets map[string]header, names []string, should map[string]int) bool {
	for _, name := range names {
		if sets[name].references > should[name] {
			return true
		}
	}
	return false
}

// releasePatience is how long the kernel may take to let go of a set whose rules are gone: iptables-nft frees them some time later.
const (
	releasePatience = 2 * time.Second
	releasePause    = 10 * time.Millisecond
)

// awaitReferences reads the headers until no more rules look into the sets than should, or for a while.
func (f *Firewall) awaitReferences(ctx context.Context, should map[string]int) (map[string]header, error) {
	for deadline := time.Now().Add(releasePatience); ; {
		sets, err := f.headers(ctx)
		if err != nil || !referred(sets, f.ownSets(), should) || time.Now().After(deadline) {
			return sets, err
		}
		if err := pause(ctx, releasePause); err != nil {
			return nil, err
		}
	}
}

// destroy takes a set away. It is empty in any case, so that nobody is banned by a rule that we do not find.
func (f *Firewall) destroy(ctx context.Context, set string) error {
	sets, err := f.headers(ctx)
	if _, ok := sets[set]; err != nil || !ok {
		return err
	}
	if err := f.ipset(ctx, nil, nil, "flush", set); err != nil {
		return explain("empty the set "+set, err)
	}
	for deadline := time.Now().Add(releasePatience); ; {
		f.dumping.Lock()
		err := f.ipset(ctx, nil, nil, "destroy", set)
		f.dumping.Unlock()
		switch {
		case err == nil, strings.Contains(fmt.Sprint(err), "does not exist"):
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("ipset: remove the set %s, which is empty now: %w: a rule that is not ours looks into it; find it with iptables-save, "+
				"iptables-legacy-save", set, err)
		}
		if stop := pause(ctx, releasePause); stop != nil {
			return errors.Join(err, stop)
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
