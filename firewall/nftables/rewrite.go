//go:build linux

package nftables

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cidrx/firewall"

	"golang.org/x/sys/unix"
)

// rewriteTries is how often a full write is begun before its error is returned: somebody may delete the table in the middle of the first.
const rewriteTries = 2

// rewrite writes table, rules and all elements, whatever the kernel has.
func (f *Firewall) rewrite(ctx context.Context, want firewall.Want, now time.Time) (firewall.Result, error) {
	f.state = unknown
	live, err := firewall.AppendLive(slices.Grow(f.held[:0], len(want.Elements)), want.Elements, now)
	f.held = live
	if err != nil {
		return firewall.Result{}, err
	}
	for range rewriteTries {
		if err := f.ready(ctx); err != nil {
			return firewall.Result{}, err
		}
		if err = f.writeAll(ctx, want, now); err == nil {
			return firewall.Result{Added: len(f.held), Full: true}, nil
		}
		if errors.Is(err, unix.EPERM) {
			break
		}
	}
	return firewall.Result{}, explain("write everything", err)
}

func (f *Firewall) writeAll(ctx context.Context, want firewall.Want, now time.Time) error {
	before, err := f.writer.generation()
	if err != nil {
		return f.broken(err)
	}
	have, err := f.writer.readLayout(f.o.Table)
	if err != nil {
		return f.broken(err)
	}
	kept, err := f.install(have)
	if err != nil {
		return f.broken(err)
	}
	if !f.written {
		f.written, f.born = true, before.id
	}
	if kept {
		err = f.replace(ctx, want, now)
	} else {
		err = f.fill(ctx, want, now)
	}
	if err != nil {
		return err
	}
	after, err := f.writer.readLayout(f.o.Table)
	if err != nil {
		return f.broken(err)
	}
	f.digest, f.gen = after.digest, before.id
	f.allow, f.anew, f.state = slices.Clone(want.Allow), false, verified
	return nil
}

// broken opens new connections after an error of unknown consequences.
func (f *Firewall) broken(err error) error { return errors.Join(err, f.reopen()) }

// fill writes everything to empty sets, in commits of a moderate size.
func (f *Firewall) fill(ctx context.Context, want firewall.Want, now time.Time) error {
	live := f.held
	for first := true; first || len(live) > 0; first = false {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(len(live), f.maxOps)
		b := f.newBatch()
		if first {
			f.writeAllow(b, want.Allow)
		}
		for _, set := range banSets {
			f.writeSet(b, set, addElement, live[:n], now)
		}
		if err := f.commit(b); err != nil {
			return err
		}
		live = live[n:]
	}
	return nil
}

// replace writes everything to sets that may hold bans, with nobody let in meanwhile: the old bans may be in other sets than the new ones (see
// changeGroups). So networks are replaced and hosts added in one commit, and only then those hosts removed that should not be there.
// (100,000 bans are a batch of 3 MB.)
func (f *Firewall) replace(ctx context.Context, want firewall.Want, now time.Time) error {
	const elementBytes = 52 // an IPv4 host; with networks and IPv6 the batch grows
	f.buf = slices.Grow(f.buf[:0], len(f.held)*elementBytes)
	b := f.newBatch()
	f.writeAllow(b, want.Allow)
	for _, set := range banSets {
		switch {
		case !isHash(set):
			b.flush(f.o.Table, set)
		case !f.features.replaces: // the timeout counts only when the element is new
			f.writeSet(b, set, addElement, f.held, now)
			f.writeSet(b, set, deleteElement, f.held, now)
		}
		f.writeSet(b, set, addElement, f.held, now)
	}
	err := f.commit(b)
	switch {
	case err == nil:
		return f.tidy(ctx, now)
	case errors.Is(err, errTooLarge):
		return f.merge(ctx, want, now)
	}
	return err
}

// tidy removes hosts that are not wanted. The bans that are wanted are in force already, so the time to read the sets (0.4 s for 100,000 hosts)
// costs nobody anything.
func (f *Firewall) tidy(ctx context.Context, now time.Time) error {
	hosts := slices.DeleteFunc(slices.Clone(f.held), func(e firewall.Element) bool { return !isHash(firewall.SetOf(e.Prefix)) })
	n4, n6 := f.writer.count(f.o.Table, firewall.Host4), f.writer.count(f.o.Table, firewall.Host6)
	if n4 >= 0 && n6 >= 0 && n4+n6 == len(hosts) {
		return nil // what is wanted was just written, so there is nothing else
	}
	for range dumpTries {
		have, err := f.readElements(firewall.Host4, firewall.Host6)
		if err != nil {
			return f.broken(fmt.Errorf("read the hosts back: %w", err))
		}
		ops, err := firewall.AppendDiff(nil, settle(have, hosts), hosts, f.o.Now()) // some may have ended meanwhile
		if err != nil {
			return err
		}
		// What is wanted was just written: where some of it was not seen, not all was seen.
		if firewall.Count(ops).Added == 0 {
			return f.commitOps(ctx, f.newBatch(), ops, now)
		}
	}
	b := f.newBatch()
	for _, set := range []firewall.Set{firewall.Host4, firewall.Host6} {
		b.flush(f.o.Table, set)
		f.writeSet(b, set, addElement, f.held, now)
	}
	return f.commit(b)
}

// merge is replace for sockets that may not send that much at once (in a user namespace): it reads what the kernel has, and changes what differs.
func (f *Firewall) merge(ctx context.Context, want firewall.Want, now time.Time) error {
	have, err := f.readElements(banSets...)
	if err != nil {
		return f.broken(fmt.Errorf("read the elements back: %w", err))
	}
	ops, err := firewall.AppendDiff(nil, settle(have, f.held), want.Elements, now)
	if err != nil {
		return err
	}
	f.anew = true
	if err := f.change(ctx, ops, want, now); err != nil {
		return err
	}
	return f.tidy(ctx, now)
}
