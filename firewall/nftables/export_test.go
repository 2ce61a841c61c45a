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
