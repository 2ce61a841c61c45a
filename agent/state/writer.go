package state

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	companyDelay = 250 * time.Millisecond // that positions alone wait
	firstRetry   = 100 * time.Millisecond
	lastRetry    = 5 * time.Second
	lookEvery    = 10 * time.Second // at the file and for events that are too old
)

// errWanted says that a Full batch has been asked for.
var errWanted = errors.New("the state file is being written anew")

// Run writes what Save was given until ctx is done, then what is left, and returns an error if that could not be written. A disk that
// fails does not end it: it tries again, and Err says so meanwhile. Cancel ctx when the last batch has been handed over.
func (s *Store) Run(ctx context.Context) error {
	w := &writer{Store: s}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return w.finish()
		case <-look.C:
			w.look(time.Now())
		case <-s.wake:
		case <-timer.C:
		}
		if wait := w.step(time.Now()); wait > 0 {
			timer.Reset(wait)
		}
	}
}

// writer is the goroutine of Run. While it is in a transaction, batches gather in Store.next for the following one.
type writer struct {
	*Store
	since   time.Time     // when it first saw positions that wait for company; zero: none do
	retryAt time.Time     // zero: the disk works
	backoff time.Duration //
	pruneAt time.Time     // events are looked through for old ones then
}

// step writes what there is, unless it is better to wait, and returns for how long; 0: until there is more.
func (w *writer) step(now time.Time) time.Duration {
	if wait := w.retryAt.Sub(now); wait > 0 && !w.retryAt.IsZero() {
		w.refuse()
		return wait
	}
	p := w.take(now)
	if p == nil {
		return w.company(now)
	}
	w.settle(p, w.write(p, now), now)
	return w.retryAt.Sub(now) // negative when the disk works
}

// take takes what is pending; nil if there is nothing yet.
func (w *writer) take(now time.Time) *pending {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.next.empty() {
		return nil
	}
	if w.since.IsZero() {
		w.since = now
	}
	if !w.next.urgent && !w.next.stale && !w.next.prune && w.retryAt.IsZero() && now.Sub(w.since) < companyDelay {
		return nil
	}
	p := w.next
	w.next, w.since = pending{}, time.Time{}
	return &p
}

// company is how long positions still wait.
func (w *writer) company(now time.Time) time.Duration {
	if w.since.IsZero() {
		return 0
	}
	return max(companyDelay-now.Sub(w.since), time.Millisecond)
}

// write puts p on the disk.
func (w *writer) write(p *pending, now time.Time) error {
	fresh, err := w.usable()
	if err != nil {
		return err
	}
	if fresh && !p.full {
		p.giveUp()
	}
	var pruned uint64
	after, err := w.file.update(func(b *book) (err error) {
		if p.stale { // only to see whether the disk works again
			return b.putMeta(formatKey, []byte{format})
		}
		pruned, err = w.apply(b, p, now)
		return err
	})
	if err != nil {
		return err
	}
	if p.stale {
		signal(w.wanted)
		return errWanted
	}
	w.note(p, after, pruned)
	return nil
}

// apply makes the changes within a transaction.
func (s *Store) apply(b *book, p *pending, now time.Time) (pruned uint64, err error) {
	if err := p.encodePositions(); err != nil {
		return 0, err
	}
	for t := bansTable; t < auditTable; t++ {
		if err := b.apply(t, p.records[t], p.full); err != nil {
			return 0, fmt.Errorf("%s: %w", tableNames[t], err)
		}
	}
	if err := b.append(p.audit); err != nil {
		return 0, fmt.Errorf("%s: %w", tableNames[auditTable], err)
	}
	return b.prune(s.auditBytes, now.Add(-s.auditAge))
}

// note keeps what a transaction has changed.
func (s *Store) note(p *pending, after [tables]tally, pruned uint64) {
	s.saved.Store(max(p.last, s.saved.Load()))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tallies = after
	s.held.FileBytes = s.file.info.Size()
	s.held.AuditPruned += pruned
	s.held.AuditDropped += p.dropped
	if len(p.audit) > 0 {
		close(s.appended)
		s.appended = make(chan struct{})
	}
}

// settle answers those who wait for p. What could not be written goes back to the front.
func (w *writer) settle(p *pending, err error, now time.Time) {
	waiting := p.waiting
	p.waiting = nil
	if err != nil {
		err = w.fail(p, err, now)
	} else {
		w.recover()
	}
	for _, done := range waiting {
		done(err)
	}
}

// fail puts p back and sets the time of the next try.
func (w *writer) fail(p *pending, err error, now time.Time) error {
	err = w.describe(err)
	w.mu.Lock()
	p.follow(&w.next)
	w.next = *p
	first := w.err == nil
	w.err = err
	w.next.bound(roomWhileFailing)
	w.mu.Unlock()
	if errors.Is(err, errWanted) {
		w.retryAt, w.backoff = time.Time{}, 0
		return err
	}
	w.backoff = min(max(2*w.backoff, firstRetry), lastRetry)
	w.retryAt = now.Add(w.backoff)
	if first {
		w.log.Error("state not saved", "error", err)
	}
	w.lose(err)
	return err
}

// recover notes that the disk works.
func (w *writer) recover() {
	w.retryAt, w.backoff = time.Time{}, 0
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		w.log.Info("state is saved again", "path", w.path)
	}
	w.err = nil
}

// refuse answers those who came while the disk is known to fail.
func (w *writer) refuse() {
	w.mu.Lock()
	waiting, err := w.next.waiting, w.err
	w.next.waiting = nil
	w.mu.Unlock()
	for _, done := range waiting {
		done(err)
	}
}

// look checks that the file is still there, and prunes the audit trail of a host on which nothing happens.
func (w *writer) look(now time.Time) {
	if w.file == nil || !w.retryAt.IsZero() {
		return
	}
	if err := w.file.check(); err != nil {
		w.mu.Lock()
		w.next.giveUp()
		w.mu.Unlock()
		return
	}
	if now.Before(w.pruneAt) {
		return
	}
	w.pruneAt = now.Add(time.Hour)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next.prune = true
}

// finish writes what is left, once.
func (w *writer) finish() error {
	w.mu.Lock()
	p := w.next
	w.next, w.closed = pending{}, true
	w.mu.Unlock()
	if p.empty() {
		return nil
	}
	err := w.write(&p, time.Now())
	if err != nil {
		err = fmt.Errorf("the last changes are not saved: %w", w.describe(err))
	}
	for _, done := range p.waiting {
		done(err)
	}
	return err
}
