//go:build linux

package nftables

import (
	"time"

	"golang.org/x/sys/unix"
)

// Distrust makes the next Sync write everything anew.
func (f *Firewall) Distrust() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state = unknown
}

// OldKernel makes f treat the kernel as one that ignores the timeout of an element added again, and knows no destroy.
func (f *Firewall) OldKernel() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.features = features{}
}

// CheckEvery sets how often Watch looks at the generation.
func (f *Firewall) CheckEvery(d time.Duration) { f.checkEvery = d }

// Deafen makes the monitor leave the multicast group, as if it lost all events.
func (f *Firewall) Deafen() {
	f.monitorMu.Lock()
	defer f.monitorMu.Unlock()
	if err := f.monitor.conn.LeaveGroup(unix.NFNLGRP_NFTABLES); err != nil {
		panic(err)
	}
}

// Caught says whether Watch has heard of everything that happened so far.
func (f *Firewall) Caught() bool {
	g, err := f.currentGeneration()
	f.monitorMu.Lock()
	defer f.monitorMu.Unlock()
	return err == nil && f.monitor.last.Load() == g.id
}

// Suspect makes the next Sync read the elements back.
func (f *Firewall) Suspect() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state = suspect
}

// LimitSend makes the sockets send no more than n bytes at once, as in a user namespace.
func (f *Firewall) LimitSend(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writer.limit, f.writer.room, f.maxOps = n, n, n/opBytes
}

// Disconnect closes the connections that write, as an error does when new ones cannot be opened.
func (f *Firewall) Disconnect() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.disconnect()
}

// Uptime replaces the clock that nobody sets.
func (f *Firewall) Uptime(now func() time.Duration) { f.uptime = now }

// Replaces says whether the kernel renews the timeout of an element in place.
func (f *Firewall) Replaces() bool { return f.features.replaces }

// Destroys says whether the kernel deletes absent elements without an error.
func (f *Firewall) Destroys() bool { return f.features.destroys }
