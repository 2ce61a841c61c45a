//go:build linux

package nftables

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"cidrx/firewall"

	"golang.org/x/sys/unix"
)

// Watch reports what others do to our table, from New on, until ctx is done or the Firewall is closed. It hears of it through events; behind them
// stands a look at the generation each second, and where events were lost the whole table is compared with what it should be.
// One Watch at a time.
func (f *Firewall) Watch(ctx context.Context, drift func(firewall.Drift)) error {
	stop := context.AfterFunc(ctx, f.wake)
	defer stop()
	w := &watch{f: f, drift: drift, check: time.Now().Add(f.checkEvery)}
	for ctx.Err() == nil {
		err := w.step(ctx)
		if f.isClosed() || ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("nftables: watch: %w", err)
		}
	}
	return nil
}

// watch is the state of one Watch.
type watch struct {
	f     *Firewall
	drift func(firewall.Drift)
	check time.Time // when to compare generations next
	seen  uint32    // newest generation heard of at the last check
	late  bool      // at the last check there was one that had not been heard of
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
	case errors.Is(err, os.ErrDeadlineExceeded):
		return w.compare()
	case errors.Is(err, errMissed), errors.Is(err, unix.ENOBUFS):
		return w.resume()
	case err != nil:
		w.f.o.Logger.Warn("nftables: listening for changes failed; beginning anew", "error", err)
		return w.resume()
	case time.Now().After(w.check):
		return w.compare()
	}
	return nil
}

// compare looks whether there was a commit that no event told of. An event may be on its way: only one that is missing at two checks is missing.
func (w *watch) compare() error {
	w.check = time.Now().Add(w.f.checkEvery)
	g, err := w.f.currentGeneration()
	if err != nil {
		return err
	}
	last := w.f.monitor.last.Load()
	behind := g.id != last
	if behind && w.late && w.seen == last {
		return w.resume()
	}
	w.late, w.seen = behind, last
	return nil
}

func (f *Firewall) currentGeneration() (generation, error) {
	f.readMu.Lock()
	defer f.readMu.Unlock()
	g, err := f.reader.generation()
	if err != nil {
		return g, f.readFailed(err)
	}
	return g, nil
}

// resume begins to listen anew and looks at everything that may have happened meanwhile.
func (w *watch) resume() error {
	w.late = false
	f := w.f
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
	m, err := openMonitor(f.o.Netns, f.ports())
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
	now := f.o.Now()
	elements, err := f.readElements(now, banSets...)
	if err != nil || !same(elements, f.held, now) {
		return elementsChanged, nil // what cannot be read as ours was changed by others
	}
	return noChange, nil
}
