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

// maxOps is how many steps are kept memory for.
const maxOps = 10_000

// Sync makes the kernel hold want and returns when the kernel has confirmed it; see firewall.Firewall.
//
// It sends the difference to what was written before, in one "ipset restore", and looks at the headers of the sets first: whether they are there,
// and rules still look into them. Where it is not known what the kernel has (at the start, after an error), everything is written into new sets, which
// then take the place of those in force, each in one moment.
func (f *Firewall) Sync(ctx context.Context, want firewall.Want) (firewall.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.ready(ctx); err != nil {
		return firewall.Result{}, err
	}
	want = f.possible(want)
	now := f.o.Now()
	if err := f.look(ctx, now); err != nil {
		return firewall.Result{}, err
	}
	if f.state == suspect {
		f.readBack(ctx)
	}
	if f.clock.Stepped(now, f.uptime()) {
		f.forgetEnds()
	}
	result, err := f.write(ctx, want, now)
	if err == nil && f.rules.Load() == nil {
		err = f.install()
	}
	return result, err
}

// possible leaves out what no packet can come from: IPv6 where the kernel does not have it.
func (f *Firewall) possible(want firewall.Want) firewall.Want {
	if len(f.families) == 2 {
		return want
	}
	is6 := func(p netip.Prefix) bool { return familyOf(p) == v6 }
	return firewall.Want{
		Elements: slices.DeleteFunc(slices.Clone(want.Elements), func(e firewall.Element) bool { return is6(e.Prefix) }),
		Allow:    slices.DeleteFunc(slices.Clone(want.Allow), is6),
	}
}

// forgetEnds makes the next difference give all timeouts again.
func (f *Firewall) forgetEnds() {
	for i := range f.held {
		f.held[i].Until = time.Time{}
	}
}

// readBack replaces what we believe the kernel has by what it has, so that the next difference repairs it. If that is not possible the state becomes
// unknown.
func (f *Firewall) readBack(ctx context.Context) {
	f.state = unknown
	have, err := f.readBans(ctx, wholes(f.held))
	if err == nil {
		have, f.anchored = f.withoutAnchors(have)
	}
	if err == nil && overlapping(have) {
		err = fmt.Errorf("elements overlap: they are not ours")
	}
	if err != nil {
		f.o.Logger.Warn("ipset: elements cannot be read back; writing everything anew", "error", err)
		return
	}
	f.held, f.state, f.anew = settle(have, f.held, f.o.Now()), verified, true
}

// write brings the sets to want.
func (f *Firewall) write(ctx context.Context, want firewall.Want, now time.Time) (firewall.Result, error) {
	if f.state != verified {
		return f.rewrite(ctx, want, now)
	}
	ops, err := firewall.AppendDiff(f.ops[:0], f.held, want.Elements, now)
	if f.ops = ops; cap(ops) > maxOps {
		f.ops = nil
	}
	if err != nil {
		return firewall.Result{}, err
	}
	if err = f.change(ctx, ops, want, now); err == nil {
		return firewall.Count(ops), nil
	}
	f.o.Logger.Warn("ipset: a change was refused; writing everything anew", "error", err)
	return f.rewrite(ctx, want, now)
}

// change carries ops out, the allowlist first. After an error the state is unknown.
func (f *Firewall) change(ctx context.Context, ops []firewall.Op, want firewall.Want, now time.Time) error {
	writeAllow := f.anew || !slices.Equal(f.allow, want.Allow)
	if len(ops) == 0 && !writeAllow {
		return nil
	}
	f.state = unknown
	s, err := newScript()
	if err != nil {
		return err
	}
	if writeAllow {
		sets, err := f.headers(ctx)
		if err != nil {
			return err
		}
		f.writeAllow(s, sets, want.Allow)
		f.dumping.Lock() // a set whose elements are being read cannot be swapped
		defer f.dumping.Unlock()
	}
	if f.anew { // anchors may be missing of bans that are there
		for i := range want.Elements {
			f.anchor(s, f.o.banSet(familyOf(want.Elements[i].Prefix)), want.Elements[i].Prefix, now)
		}
	}
	f.writeOps(s, ops, now)
	if err := s.run(ctx, f); err != nil {
		return explain("change the sets", err)
	}
	f.hold(want, now)
	return nil
}

// writeOps adds before it removes: a set of networks holds prefixes inside others, so that whoever is banned before and after is banned in between.
func (f *Firewall) writeOps(s *script, ops []firewall.Op, now time.Time) {
	added := map[netip.Prefix]bool{} // the short ones, which may be halves of a whole that goes
	for i := range ops {
		if ops[i].Kind == firewall.Remove {
			continue
		}
		f.writeBan(s, f.o.banSet(familyOf(ops[i].Element.Prefix)), ops[i].Element, now)
		if p := ops[i].Element.Prefix; p.Bits() <= 1 {
			for _, half := range halves(p) {
				added[half] = true
			}
		}
	}
	for i := range ops {
		if ops[i].Kind != firewall.Remove {
			continue
		}
		for _, p := range halves(ops[i].Element.Prefix) {
			switch set := f.o.banSet(familyOf(p)); {
			case isAnchor(p):
				f.writeAnchor(s, set, familyOf(p), p.Bits(), now)
			case !added[p]:
				s.remove(set, p)
			}
		}
	}
}

// renewAfter is when elements with the longest timeout get it again: their bans are longer than the kernel can count.
const renewAfter = maxTimeout / 2

func (f *Firewall) writeBan(s *script, set string, e firewall.Element, now time.Time) {
	f.anchor(s, set, e.Prefix, now)
	timeout := left(e.Until, now)
	f.noteLong(timeout, now)
	s.add(set, e.Prefix, timeout, isNetwork(e.Prefix))
}

// noteLong remembers when an element with the longest timeout has to be given it again.
func (f *Firewall) noteLong(timeout time.Duration, now time.Time) {
	if timeout == maxTimeout && f.renew.IsZero() {
		f.renew = now.Add(renewAfter)
	}
}

// hold notes that the kernel has all of want.
func (f *Firewall) hold(want firewall.Want, now time.Time) {
	f.held = append(f.held[:0], want.Elements...)
	f.held = slices.DeleteFunc(f.held, func(e firewall.Element) bool { return !e.Until.After(now) })
	if !slices.Equal(f.allow, want.Allow) {
		f.allow = slices.Clone(want.Allow)
	}
	f.anew, f.state = false, verified
	f.changes++
}
