//go:build linux

// Package nftables keeps bans in the sets of one nftables table of its own, by netlink, without a process.
package nftables

import (
	"context"
	"errors"

	"cidrx/firewall"
)

// Firewall is the kernel's nf_tables. Its methods may be called from several goroutines.
type Firewall struct{}

var _ firewall.Firewall = (*Firewall)(nil)

var errNotYet = errors.New("nftables: not built yet")

// New opens the connections to the kernel and finds out what it can do, in a scratch table that hooks nowhere; it leaves the rules alone until the
// first Sync. An error names what is missing (permission, nf_tables, interval sets, conntrack …) and what to do.
func New(o Options) (*Firewall, error) {
	if _, err := o.withDefaults(); err != nil {
		return nil, err
	}
	return nil, errNotYet
}

// Name is "nftables".
func (f *Firewall) Name() string { return "nftables" }

// Sync makes the kernel hold want; see firewall.Firewall.
func (f *Firewall) Sync(ctx context.Context, want firewall.Want) (firewall.Result, error) {
	return firewall.Result{}, errNotYet
}

// Watch reports changes that others make to our table; see firewall.Firewall.
func (f *Firewall) Watch(ctx context.Context, drift func(firewall.Drift)) error { return errNotYet }

// Counters reads what was dropped; see firewall.Firewall.
func (f *Firewall) Counters(ctx context.Context) (firewall.Counters, error) {
	return firewall.Counters{}, errNotYet
}

// Remove deletes the table; see firewall.Firewall.
func (f *Firewall) Remove(ctx context.Context) error { return errNotYet }

// Close closes the connections and leaves the table in place: bans go on until their timeouts.
func (f *Firewall) Close() error { return nil }
