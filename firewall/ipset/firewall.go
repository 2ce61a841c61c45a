//go:build linux

// Package ipset keeps bans in sets of ipset and has rules of iptables drop what comes from them: for hosts on which nftables cannot be used.
//
// There is one set of bans for each family, hash:net with timeouts, where the most specific prefix that matches is the one that counts; prefixes
// that overlap for a moment do no harm. (The sets hold a few prefixes of multicast addresses besides: see anchor.) Changes go through "ipset restore", rules through go-iptables, both as children that no shell starts.
//
// What is different from package nftables: Drop with the hook Input, and Reject, apply behind connection tracking; Reject behind DNAT too, where
// rules that others put before ours at the top of INPUT or FORWARD come first. Timeouts are whole seconds. Who changed something is not known, and
// that something was changed is noticed by looking each second (rules and elements one by one: every few seconds, every half minute). A full write
// begins the counters anew. There is no log of dropped packets.
package ipset

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"cidrx/firewall"
	"cidrx/firewall/internal/stepclock"
)

// Firewall is the kernel's ip_set, and its xtables. Its methods may be called from several goroutines.
type Firewall struct {
	o          Options
	program    string // ipset
	tables     iptablesPair
	families   []family                // those that the kernel has
	variant    string                  // "iptables-nft", "iptables-legacy"
	references map[string]int          // rules of ours that look into each set
	pace       pace                    // of Watch
	uptime     func() time.Duration    // how much time has passed, whatever the clock says
	done       chan struct{}           // closed with the Firewall
	rules      atomic.Pointer[written] // the rules as they were read back when written; nil: they have to be written

	dumping sync.Mutex // while the elements of a set are read it cannot be swapped; taken after mu where both are

	mu        sync.Mutex
	closed    bool
	state     state
	held      []firewall.Element // what the kernel has, if verified
	allow     []netip.Prefix
	anew      bool // the allowlist has to be written whether it changed or not
	clock     stepclock.Clock
	renew     time.Time // when elements with the longest timeout have to get it again; zero: there are none
	anchored  anchored
	changes   uint64 // how often held changed
	noticed   string // drift that Watch has not told of yet
	strangers bool   // it was tried to take away rules of the other variant
	ops       []firewall.Op
}

// state is how much is known of what the kernel's sets hold.
type state uint8

const (
	unknown  state = iota // nothing: write everything anew
	suspect               // somebody changed elements: read them back
	verified              // held is true
)

var _ firewall.Firewall = (*Firewall)(nil)

// New looks for the programs and finds out whether they and the kernel can do what the options ask for, with scratch sets and chains that nothing jumps
// to; it leaves ours alone until the first Sync. An error names what is missing (a program and its package, a module, a permission) and what to do.
func New(o Options) (*Firewall, error) {
	f, err := prepare(o)
	if err != nil {
		return nil, err
	}
	if err := f.probe(context.Background()); err != nil {
		return nil, err
	}
	f.references = f.o.references(f.families)
	return f, nil
}

// prepare makes a Firewall that can speak to ipset.
func prepare(o Options) (*Firewall, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	f := &Firewall{o: o, pace: defaultPace, uptime: stepclock.Uptime, done: make(chan struct{})}
	if f.program, err = findProgram("ipset"); err != nil {
		return nil, missing(err, "ipset", `install the package "ipset" (Debian, Ubuntu, RHEL, Fedora)`)
	}
	return f, nil
}

// Name is "ipset".
func (f *Firewall) Name() string { return "ipset" }

// Variant is the iptables that was chosen: "iptables-nft" or "iptables-legacy".
func (f *Firewall) Variant() string { return f.variant }

// ready says whether a change can be made.
func (f *Firewall) ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if f.closed {
		return fmt.Errorf("ipset: %w", os.ErrClosed)
	}
	return nil
}

// Remove takes our rules and sets away. The next Sync begins anew.
func (f *Firewall) Remove(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.ready(ctx); err != nil {
		return err
	}
	f.forget()
	return f.remove(ctx)
}

// forget begins anew: what is in the kernel is not known, and nothing there is ours.
func (f *Firewall) forget() {
	f.state, f.held, f.allow, f.noticed, f.renew = unknown, nil, nil, "", time.Time{}
	f.rules.Store(nil)
	f.changes++
}

// Clean takes away the rules and sets that an earlier process left, and says whether there were any. Where there is no ipset it does nothing: the backend
// that is used instead calls it without knowing.
func Clean(ctx context.Context, o Options) (found bool, err error) {
	if _, err := os.Stat("/sys/module/ip_set"); err != nil {
		return false, nil // asking the kernel would load it
	}
	f, err := prepare(o)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	sets, err := f.headers(ctx)
	if err != nil || !f.anyOurs(sets) {
		return false, nil // who may not even look could not have left anything
	}
	if err := f.probe(ctx); err != nil {
		return true, err
	}
	return true, f.remove(ctx)
}

// Close leaves rules and sets in place: bans go on until their timeouts. Watch returns.
func (f *Firewall) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed {
		f.closed = true
		close(f.done)
	}
	return nil
}
