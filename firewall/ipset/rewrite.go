//go:build linux

package ipset

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"cidrx/firewall"
)

// rewriteTries is how often a full write is begun before its error is returned: somebody may be reading one of the sets, which then cannot be swapped.
const (
	rewriteTries = 4
	rewritePause = 100 * time.Millisecond
)

// rewrite writes everything into new sets and swaps them with those in force.
func (f *Firewall) rewrite(ctx context.Context, want firewall.Want, now time.Time) (firewall.Result, error) {
	f.state = unknown
	f.changes++
	live, err := firewall.AppendLive(slices.Grow(f.held[:0], len(want.Elements)), want.Elements, now)
	f.held = live
	if err != nil {
		return firewall.Result{}, err
	}
	for try := 1; ; try++ {
		err := f.writeAll(ctx, live, want.Allow, now)
		if err == nil {
			f.allow, f.anew, f.state = slices.Clone(want.Allow), false, verified
			return firewall.Result{Added: len(live), Full: true}, nil
		}
		if try == rewriteTries || adviceFor(err.Error()) != "" {
			return firewall.Result{}, explain("write everything", err)
		}
		if stop := pause(ctx, rewritePause); stop != nil {
			return firewall.Result{}, err
		}
	}
}

func (f *Firewall) writeAll(ctx context.Context, live []firewall.Element, allow []netip.Prefix, now time.Time) error {
	sets, err := f.headers(ctx)
	if err != nil {
		return err
	}
	if err := f.checkKinds(sets); err != nil {
		return err
	}
	s, err := newScript()
	if err != nil {
		return err
	}
	f.renew, f.anchored = time.Time{}, anchored{}
	f.writeAllow(s, sets, allow) // before any ban
	for _, fam := range f.families {
		s.replace(sets, f.o.banSet(fam), fam, len(live), true, func(set string) {
			for i := range live {
				if familyOf(live[i].Prefix) == fam {
					f.writeBan(s, set, live[i], now)
				}
			}
		})
	}
	f.dumping.Lock()
	defer f.dumping.Unlock()
	return s.run(ctx, f)
}

// checkKinds refuses to replace a set of another kind under our name: rules of somebody else look into it.
func (f *Firewall) checkKinds(sets map[string]header) error {
	for _, name := range f.ownSets() {
		if h, ok := sets[name]; ok && h.kind != "hash:net" {
			return fmt.Errorf("there is a set %s of the type %s, which is not ours: rename it (ipset rename %s NAME) or remove it (ipset destroy %s)",
				name, h.kind, name, name)
		}
	}
	return nil
}

// writeAllow appends the replacement of the allowlist.
func (f *Firewall) writeAllow(s *script, sets map[string]header, allow []netip.Prefix) {
	for _, fam := range f.families {
		s.replace(sets, f.o.allowSet(fam), fam, len(allow), false, func(set string) {
			for _, p := range allow {
				if familyOf(p) == fam {
					s.add(set, p.Masked(), 0, false)
				}
			}
		})
	}
}

// replace appends what fills a new set and puts it in the place of the one in force, if there is one. sets are those that are there.
func (s *script) replace(sets map[string]header, set string, f family, n int, bans bool, fill func(set string)) {
	fresh := newSet(set)
	if _, ok := sets[fresh]; ok { // a full write was cut short
		s.printf("destroy %s\n", fresh)
	}
	s.create(fresh, f, n, bans)
	fill(fresh)
	if _, ok := sets[set]; !ok {
		s.printf("rename %s %s\n", fresh, set)
		return
	}
	s.printf("swap %s %s\ndestroy %s\n", fresh, set, fresh)
}
