//go:build linux

package nftables

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cidrx/firewall"

	"golang.org/x/sys/unix"
)

// rewriteTries is how often a full write is begun before its error is returned: somebody may delete the table in the middle of the first.
const rewriteTries = 2

// rewrite writes table, rules and all elements, whatever the kernel has.
func (f *Firewall) rewrite(ctx context.Context, want firewall.Want, now time.Time) (firewall.Result, error) {
	f.state = unknown
	live, err := firewall.AppendLive(f.held[:0], want.Elements, now)
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
	f.written = true
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
	f.hold(want, now)
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
		f.writeElements(b, live[:n], now)
		if err := f.commit(b); err != nil {
			return err
		}
		live = live[n:]
	}
	return nil
}

// replace empties and fills all sets in one commit. That is the only way to let nobody in meanwhile, for the old bans may be in other sets than the
// new ones. (100,000 bans are a batch of 3 MB.)
func (f *Firewall) replace(ctx context.Context, want firewall.Want, now time.Time) error {
	b := f.newBatch()
	f.writeAllow(b, want.Allow)
	for _, set := range banSets {
		b.flush(f.o.Table, set)
	}
	f.writeElements(b, f.held, now)
	err := f.commit(b)
	if !errors.Is(err, errTooLarge) {
		return err
	}
	return f.merge(ctx, want, now)
}

// merge is replace for sockets that may not send that much at once (in a user namespace): it reads what the kernel has, and changes what differs.
func (f *Firewall) merge(ctx context.Context, want firewall.Want, now time.Time) error {
	have, err := f.readElements(now)
	if err != nil {
		return f.broken(fmt.Errorf("nftables: read the elements back: %w", err))
	}
	ops, err := firewall.AppendDiff(nil, have, want.Elements, now)
	if err != nil {
		return err
	}
	f.anew = true
	return f.change(ctx, ops, want, now)
}

// writeElements appends additions, set by set.
func (f *Firewall) writeElements(b *batch, elements []firewall.Element, now time.Time) {
	for _, set := range banSets {
		w := elementWriter{b: b, table: f.o.Table, set: set, verb: addElement}
		for i := range elements {
			if e := &elements[i]; firewall.SetOf(e.Prefix) == set {
				w.write(e.Prefix, left(e.Until, now))
			}
		}
		w.close()
	}
}
