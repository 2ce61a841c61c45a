//go:build linux

package nftables

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cidrx/firewall"
)

// maxCommit is how many elements one commit changes, more or less: groups are never split. Commits of this size are where the time for each
// element stops falling, and other users of nftables wait some 30 ms for one at the most.
const maxCommit = 10_000

// opBytes is what one element takes in a batch at the most: an IPv6 network that is added, deleted and added again.
const opBytes = 256

// Sync makes the kernel hold want and returns when the kernel has confirmed it; see firewall.Firewall.
//
// It sends the difference to what was committed before, without asking the kernel what it has. Where that is not known (at the start, after an
// error, after somebody else's change of the table) everything is written anew.
func (f *Firewall) Sync(ctx context.Context, want firewall.Want) (firewall.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.ready(ctx); err != nil {
		return firewall.Result{}, err
	}
	now := f.o.Now()
	if f.state == suspect {
		f.readBack()
	}
	if f.clock.Stepped(now, f.uptime()) {
		f.forgetEnds()
	}
	if f.state == verified {
		ops, err := firewall.AppendDiff(f.ops[:0], f.held, want.Elements, now)
		if f.ops = ops; cap(ops) > maxCommit {
			f.ops = nil
		}
		if err != nil {
			return firewall.Result{}, err
		}
		if err = f.change(ctx, ops, want, now); err == nil {
			return firewall.Count(ops), nil
		}
		if ctx.Err() != nil {
			return firewall.Result{}, err
		}
		f.o.Logger.Warn("nftables: the kernel refused a change; writing everything anew", "error", err)
	}
	return f.rewrite(ctx, want, now)
}

// forgetEnds makes the next difference give all timeouts again.
func (f *Firewall) forgetEnds() {
	for i := range f.held {
		f.held[i].Until = time.Time{}
	}
}

// change commits ops, in several commits if there are many, and the allowlist with the first. After an error the state is unknown and the
// connections are new.
func (f *Firewall) change(ctx context.Context, ops []firewall.Op, want firewall.Want, now time.Time) error {
	writeAllow := f.anew || !slices.Equal(f.allow, want.Allow)
	if len(ops) == 0 && !writeAllow {
		return nil
	}
	f.state = unknown
	b := f.newBatch()
	if writeAllow {
		f.writeAllow(b, want.Allow)
	}
	if err := f.commitOps(ctx, b, ops, now); err != nil {
		return err
	}
	f.hold(want, ops, now)
	return nil
}

// commitOps commits ops behind what is in the first batch already.
func (f *Firewall) commitOps(ctx context.Context, b *batch, ops []firewall.Op, now time.Time) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := cut(ops, f.maxOps)
		if err := f.changeGroups(b, ops[:n], now); err != nil {
			return err
		}
		if ops = ops[n:]; len(ops) == 0 {
			return nil
		}
		b = f.newBatch()
	}
}

// changeGroups commits whole groups.
//
// One commit is one moment for each set, but not for two of them: kernel 6.18 makes hashes look new first and interval sets a little later, so an
// address that moves from a hash to an interval set would be in neither in between. The hosts that make way for a network are therefore removed
// in a second commit, when the network is in force. (What moves the other way is looked up in the hashes again behind the networks, see rules.)
func (f *Firewall) changeGroups(b *batch, ops []firewall.Op, now time.Time) error {
	late := movesToNetworks(ops)
	f.writeOps(b, ops, now, func(op *firewall.Op) bool { return !late || !leavesHash(op) })
	if err := f.commit(b); err != nil || !late {
		return err
	}
	b = f.newBatch()
	f.writeOps(b, ops, now, leavesHash)
	return f.commit(b)
}

// movesToNetworks says whether a network is added in one group with others.
func movesToNetworks(ops []firewall.Op) bool {
	for i := range ops {
		grouped := ops[i].Joined || i+1 < len(ops) && ops[i+1].Joined
		if grouped && ops[i].Kind == firewall.Add && !isHash(firewall.SetOf(ops[i].Element.Prefix)) {
			return true
		}
	}
	return false
}

func leavesHash(op *firewall.Op) bool {
	return op.Kind == firewall.Remove && isHash(firewall.SetOf(op.Element.Prefix))
}

func isHash(set firewall.Set) bool { return set == firewall.Host4 || set == firewall.Host6 }

// cut returns how many of ops make up the next commit: about limit, at the border of a group.
func cut(ops []firewall.Op, limit int) int {
	if len(ops) <= limit {
		return len(ops)
	}
	n := limit
	for n > 0 && ops[n].Joined {
		n--
	}
	if n > 0 {
		return n
	}
	for n = limit; n < len(ops) && ops[n].Joined; n++ {
	}
	return n
}

func (f *Firewall) newBatch() *batch { return f.writer.newBatch(f.buf) }

// commit runs a batch. After an error the connections are new; that they could not be opened is noticed by the next call that needs them.
func (f *Firewall) commit(b *batch) error {
	err := b.commit()
	if f.buf = b.buf; cap(f.buf) > maxBuffer {
		f.buf = nil
	}
	if err == nil || errors.Is(err, errTooLarge) {
		return err
	}
	return errors.Join(fmt.Errorf("table inet %s: %w", f.o.Table, err), f.reopen())
}
