//go:build linux

// Package nftables keeps bans in the sets of one nftables table of its own, by netlink, without a process.
//
// Tables, chains and rules are written with google/nftables; elements, which come in hundreds of thousands, and events by the netlink sockets of
// this package.
package nftables

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"time"

	"cidrx/firewall"
	"cidrx/firewall/internal/stepclock"

	nf "github.com/google/nftables"
)

// Firewall is the kernel's nf_tables. Its methods may be called from several goroutines.
type Firewall struct {
	o          Options
	features   features
	checkEvery time.Duration        // how often the generation is compared with the events heard
	uptime     func() time.Duration // how much time has passed, whatever the clock says

	mu     sync.Mutex
	closed bool
	rules  *nf.Conn // table, chains and rules; nil after a failed reopen
	writer *socket  // elements; nil after a failed reopen
	maxOps int      // elements of one commit
	ports  []uint32 // of rules and writer and those before them, the newest first; never changed in place

	state   state
	held    []firewall.Element // what the kernel has, if verified
	allow   []netip.Prefix
	anew    bool // the allowlist has to be written whether it changed or not
	clock   stepclock.Clock
	written bool              // the table is ours: changes by others are drift
	born    uint32            // generation before it became ours
	gen     uint32            // generation before the last full write: drift up to it is repaired
	digest  [sha256.Size]byte // of the layout, as read back after the last full write
	ops     []firewall.Op     // kept for their capacity
	buf     []byte

	readMu sync.Mutex // beside mu, so that a dump of counters delays no ban; taken after mu where both are
	reader *socket

	monitorMu sync.Mutex // the last to be taken
	monitor   *monitor
}

// state is how much is known of what the kernel holds.
type state uint8

const (
	unknown  state = iota // nothing: write everything anew
	suspect               // somebody changed elements, the rest stands: read them back
	verified              // held is true
)

var _ firewall.Firewall = (*Firewall)(nil)

// maxBuffer is the most that is kept of a batch's memory for the next one.
const maxBuffer = 1 << 20

// New opens the connections to the kernel and finds out what it can do, in a scratch table that hooks nowhere; it leaves our table alone until the
// first Sync. An error names what is missing (permission, nf_tables, interval sets, conntrack …) and what to do.
func New(o Options) (*Firewall, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	f := &Firewall{o: o, checkEvery: time.Second, uptime: stepclock.Uptime}
	if err := f.open(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (f *Firewall) open() error {
	if err := f.connect(); err != nil { // first of all: see flush
		return err
	}
	var err error
	if f.reader, err = dial(f.o.Netns); err != nil {
		return explain("open a netlink socket", err)
	}
	if f.features, err = f.probe(); err != nil {
		return err
	}
	f.monitor, err = openMonitor(f.o.Netns, f.writer.portID, f.ports)
	return err
}

// connect opens the connections that write.
func (f *Firewall) connect() error {
	options := []nf.ConnOption{nf.AsLasting()}
	if f.o.Netns != 0 {
		options = append(options, nf.WithNetNSFd(f.o.Netns))
	}
	rules, err := nf.New(options...)
	if err != nil {
		return explain("open a netlink socket", err)
	}
	writer, err := dial(f.o.Netns)
	if err != nil {
		return errors.Join(explain("open a netlink socket", err), rules.CloseLasting())
	}
	f.rules, f.writer = rules, writer
	f.notePorts()
	f.maxOps = maxCommit
	if !writer.reserve(maxCommit * opBytes) {
		f.maxOps = max(writer.room/opBytes, 1)
	}
	return nil
}

// reopen replaces the connections that write: after an error, answers to what was asked before may still be in them.
func (f *Firewall) reopen() error {
	if err := f.disconnect(); err != nil {
		f.o.Logger.Debug("nftables: closing a broken connection", "error", err)
	}
	if err := f.connect(); err != nil {
		return err
	}
	f.monitorMu.Lock()
	defer f.monitorMu.Unlock()
	if f.monitor == nil {
		return nil
	}
	return f.monitor.follow(f.writer.portID, f.ports)
}

func (f *Firewall) disconnect() error {
	var errs []error
	if f.rules != nil {
		errs = append(errs, f.rules.CloseLasting())
	}
	if f.writer != nil {
		errs = append(errs, f.writer.Close())
	}
	f.rules, f.writer = nil, nil
	return errors.Join(errs...)
}

// maxPorts is how many ports are remembered: those of two connections, and of the ones that they replaced not long ago.
const maxPorts = 8

// notePorts remembers the kernel's names of the connections that write: events about what we did ourselves carry them, and may be read late.
func (f *Firewall) notePorts() {
	ports := []uint32{f.writer.portID}
	if p, err := f.rules.GetPortID(); err == nil { // it cannot fail while the connection is open
		ports = append(ports, p)
	}
	ports = append(ports, f.ports...)
	f.ports = ports[:min(len(ports), maxPorts)]
}

// Name is "nftables".
func (f *Firewall) Name() string { return "nftables" }

// ready says whether a change can be made, opening the connections again if the last error closed them.
func (f *Firewall) ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if f.closed {
		return fmt.Errorf("nftables: %w", os.ErrClosed)
	}
	if f.writer == nil {
		return f.reopen()
	}
	return nil
}

// Remove deletes the table and everything in it. The next Sync begins anew.
func (f *Firewall) Remove(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.ready(ctx); err != nil {
		return err
	}
	f.state, f.written, f.held, f.allow = unknown, false, nil, nil
	table := &nf.Table{Name: f.o.Table, Family: nf.TableFamilyINet}
	f.rules.AddTable(table) // so that the deletion finds one
	f.rules.DelTable(table)
	if err := flush(f.rules); err != nil {
		return errors.Join(fmt.Errorf("nftables: delete table inet %s: %w", f.o.Table, err), f.reopen())
	}
	return nil
}

// Close closes the connections and leaves the table in place: bans go on until their timeouts. Watch returns.
func (f *Firewall) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil
	}
	f.closed = true
	errs := []error{f.disconnect()}
	f.readMu.Lock()
	defer f.readMu.Unlock()
	if f.reader != nil {
		errs = append(errs, f.reader.Close())
		f.reader = nil
	}
	f.monitorMu.Lock()
	defer f.monitorMu.Unlock()
	if f.monitor != nil {
		errs = append(errs, f.monitor.Close())
	}
	return errors.Join(errs...)
}
