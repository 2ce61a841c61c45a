//go:build linux

package nftables

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"cidrx/firewall"
)

// Watch reports what others do to our table, from New on, until ctx is done or the Firewall is closed; it returns nil. It hears of changes through
// events; behind them stands a look at the generation each second, and where events were lost the whole table is compared with what it should be.
// What goes wrong is logged and tried again each second. One Watch at a time.
func (f *Firewall) Watch(ctx context.Context, drift func(firewall.Drift)) error {
	stop := context.AfterFunc(ctx, f.wake)
	defer stop()
	w := &watch{f: f, drift: drift, check: time.Now().Add(f.checkEvery)}
	for ctx.Err() == nil && !f.isClosed() {
		if err := w.step(ctx); err != nil && !f.isClosed() {
			w.f.o.Logger.Warn("nftables: cannot listen for changes by others; trying again", "error", err)
			w.pause(ctx, f.checkEvery)
		}
	}
	return nil
}

// spacing is how many checks lie between two comparisons of the whole table at the least.
const spacing = 5

// watch is the state of one Watch.
type watch struct {
	f      *Firewall
	drift  func(firewall.Drift)
	check  time.Time // when to compare generations next
	seen   uint32    // newest generation heard of at the last check
	late   bool      // at the last check there was one that had not been heard of
	broken bool      // what was heard may not be all: begin anew
	resume time.Time // not before
}

func (w *watch) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// wake makes a waiting monitor return.
func (f *Firewall) wake() {
	f.monitorMu.Lock()
	defer f.monitorMu.Unlock()
	// It fails only for a closed socket, on which nobody waits.
	_ = f.monitor.conn.SetReadDeadline(time.Unix(1, 0))
}

func (f *Firewall) isClosed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed
}

// step hears one round of events, or checks the generation when it is time.
func (w *watch) step(ctx context.Context) error {
	if w.broken {
		return w.beginAnew(ctx)
	}
	var commits []heard
	err := w.f.monitor.listen(ctx, w.f.o.Table, w.check, func(h heard) { commits = append(commits, h) })
	for _, h := range commits {
		if w.f.suspectAfter(h) {
			w.drift(firewall.Drift{What: h.change.String(), By: h.by()})
		}
	}
	switch {
	case ctx.Err() != nil || errors.Is(err, os.ErrClosed):
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded), err == nil && time.Now().After(w.check):
		return w.compare()
	case err == nil:
		return nil
	}
	w.f.o.Logger.Info("nftables: events about changes were lost; comparing the table", "reason", err)
	w.broken = true
	return nil
}

// compare looks whether there was a commit that no event told of. An event may be on its way: only one that is missing at two checks is missing.
func (w *watch) compare() error {
	w.check = time.Now().Add(w.f.checkEvery)
	g, err := w.f.currentGeneration()
	if err != nil {
		w.broken = true
		return err
	}
	last := w.f.monitor.last.Load()
	behind := g.id != last
	w.broken = behind && w.late && w.seen == last
	w.late, w.seen = behind, last
	return nil
}

func (f *Firewall) currentGeneration() (generation, error) {
	f.readMu.Lock()
	defer f.readMu.Unlock()
	if f.reader == nil {
		return generation{}, os.ErrClosed
	}
	g, err := f.reader.generation()
	if err != nil {
		return g, f.readFailed(err)
	}
	return g, nil
}

// beginAnew listens anew and looks at everything that may have happened meanwhile. On a host where others change so much that events are lost all
// the time, it does so now and then only: reading 100,000 elements takes half a second of a core.
func (w *watch) beginAnew(ctx context.Context) error {
	f := w.f
	w.pause(ctx, time.Until(w.resume))
	w.late, w.resume = false, time.Now().Add(spacing*f.checkEvery)
	f.mu.Lock()
	if err := f.listenAnew(); err != nil {
		f.mu.Unlock()
		return err
	}
	found, by, err := f.verify()
	f.mu.Unlock()
	if err != nil {
		return err
	}
	w.broken = false
	if found != noChange {
		w.drift(firewall.Drift{What: found.String(), By: by})
	}
	return nil
}

func (f *Firewall) listenAnew() error {
	if f.closed {
		return nil
	}
	if err := f.ready(context.Background()); err != nil {
		return err
	}
	m, err := openMonitor(f.o.Netns, f.writer.portID, f.ports)
	if err != nil {
		return err
	}
	f.monitorMu.Lock()
	defer f.monitorMu.Unlock()
	old := f.monitor
	f.monitor = m
	return old.Close()
}

// suspectAfter notes that what we believe of the kernel is no longer true, unless everything was written anew after it. It says whether the table
// was ours.
func (f *Firewall) suspectAfter(h heard) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.written && later(h.id, f.gen) {
		f.doubt(h.change)
	}
	return f.written && later(h.id, f.born)
}

func (f *Firewall) doubt(c change) {
	switch {
	case c == noChange:
	case c == elementsChanged:
		f.state = min(f.state, suspect)
	default:
		f.state = unknown
	}
}

// verify compares the whole table with what it should be, and says what is different and who made the last commit.
func (f *Firewall) verify() (change, string, error) {
	if f.closed || !f.written || f.state != verified {
		return noChange, "", nil // nothing to compare with, or the next Sync will put it right anyway
	}
	found, err := f.compare()
	if err != nil {
		return noChange, "", f.broken(fmt.Errorf("compare the table with what it should be: %w", err))
	}
	f.doubt(found)
	g, err := f.writer.generation()
	if err != nil {
		return found, "", f.broken(err)
	}
	return found, g.by(), nil
}

func (f *Firewall) compare() (change, error) {
	have, err := f.writer.readLayout(f.o.Table)
	switch {
	case err != nil:
		return noChange, err
	case !have.exists:
		return tableDeleted, nil
	case have.digest != f.digest:
		return rulesChanged, nil
	}
	elements, err := f.readElements(banSets...)
	if err == nil && same(elements, f.held, f.o.Now()) && f.sameAllow() {
		return noChange, nil
	}
	return elementsChanged, nil // what cannot be read as ours was changed by others
}
