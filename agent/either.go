package agent

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"cidrx/agent/tail"
)

// either follows the journal where it can be read, and files where it cannot: what sshd writes is in the journal on one host, in a file on
// another, on many in both, and must not count twice. What is decided holds until the source is opened anew.
type either struct {
	readable func(ctx context.Context) error // says why nothing can be read in the journal; nil: it can
	journal  place
	files    place
	log      *slog.Logger
	retry    time.Duration // how often both are looked at while there is neither

	ready chan struct{}

	mu     sync.Mutex
	chosen *place // nil: not decided yet
	why    string // it is not
}

// place is where the lines of a source may come from.
type place struct {
	follower follower
	where    string   // in words
	paths    []string // of files
}

// Run decides, and then follows.
func (e *either) Run(ctx context.Context, emit func(tail.Chunk) error) error {
	var once sync.Once
	isReady := func() { once.Do(func() { close(e.ready) }) }
	defer isReady()
	p := e.choose(ctx, isReady)
	if p == nil {
		return nil
	}
	go func() {
		select {
		case <-p.follower.Ready():
			isReady()
		case <-ctx.Done():
		}
	}()
	return p.follower.Run(ctx, emit)
}

// choose returns when there is something to follow; nil: ctx is done. If there is nothing yet it calls undecided.
func (e *either) choose(ctx context.Context, undecided func()) *place {
	for {
		p, why := e.look(ctx)
		e.mu.Lock()
		e.chosen, e.why = p, why
		e.mu.Unlock()
		if p != nil {
			return p
		}
		undecided()
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(e.retry):
		}
	}
}

// look says which place there is.
func (e *either) look(ctx context.Context) (p *place, why string) {
	err := e.readable(ctx)
	if err == nil {
		return &e.journal, ""
	}
	for _, pattern := range e.files.paths {
		if found, _ := filepath.Glob(pattern); len(found) > 0 { // the configuration has checked the pattern
			e.log.Info("reading files in place of the journal", "why", err)
			return &e.files, ""
		}
	}
	return nil, fmt.Sprintf("%v; nor is there a file %s", err, e.files.where)
}

// Ready is that of what is followed, or is closed when there is nothing to follow yet.
func (e *either) Ready() <-chan struct{} { return e.ready }

// Status is that of what is followed.
func (e *either) Status() []tail.FileStatus {
	e.mu.Lock()
	p, why := e.chosen, e.why
	e.mu.Unlock()
	if p == nil {
		return []tail.FileStatus{{Path: e.where(), Error: why}}
	}
	return p.follower.Status()
}

// where says in words what is followed.
func (e *either) where() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.chosen == nil {
		return e.journal.where + ", else " + e.files.where
	}
	return e.chosen.where
}
