// Package loglimit bounds what a program writes to its own log. What others can provoke, by the lines of a log or by calls at a socket,
// they can provoke a million times, and the log's disk is shared: of each kind of message so many pass, and the rest is counted.
package loglimit

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

const (
	// Burst is how many messages of a kind pass at once: a start with many log files says all that it has to say.
	Burst = 100
	// Every is how often one more of them passes in the long run.
	Every = 6 * time.Second
	// Window is how often what was suppressed is summed up.
	Window = time.Minute
	// maxKinds bounds the kinds that are told apart. A message's kind is its text and the attributes of its logger, and both come from the
	// source code or the configuration; texts that do not are many, and share a kind when there is no room.
	maxKinds = 256
)

// Limit is what several loggers made from one have used up. Its methods may be called from any goroutine.
type Limit struct {
	clock func() time.Time

	mu         sync.Mutex
	kinds      map[string]*kind
	rest       *kind     // all kinds that there is no room for
	tidied     time.Time // when idle kinds were last forgotten
	suppressed uint64
}

// kind is what is known of one kind of message.
type kind struct {
	handler    slog.Handler // of its logger, for the summary
	text       string
	left       int       // how many may pass now
	refilled   time.Time // when left was last raised
	suppressed uint64    // not yet summed up
	since      time.Time // the first of these
}

// Wrap returns a logger that writes what l does, within the limit. A logger that is limited already is returned as it is, with its limit.
func Wrap(l *slog.Logger, clock func() time.Time) (*slog.Logger, *Limit) {
	if h, ok := l.Handler().(*handler); ok {
		return l, h.limit
	}
	limit := &Limit{clock: clock, kinds: map[string]*kind{}}
	return slog.New(&handler{limit: limit, to: l.Handler()}), limit
}

// always is the context key of Always.
type always struct{}

// Always is a context for messages that are never suppressed: those that people look for one by one.
func Always(ctx context.Context) context.Context { return context.WithValue(ctx, always{}, true) }

// Suppressed is how many messages were suppressed so far.
func (l *Limit) Suppressed() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.suppressed
}

// Tick writes one message for each kind of which some were suppressed a window ago and since. It has to be called now and then.
func (l *Limit) Tick() { l.sumUp(Window) }

// Flush is Tick for the last time: it waits for the end of no window.
func (l *Limit) Flush() { l.sumUp(0) }

func (l *Limit) sumUp(after time.Duration) {
	now := l.clock()
	for _, s := range l.due(now, after) {
		r := slog.NewRecord(now, slog.LevelWarn, s.message(now), 0)
		r.AddAttrs(slog.String("like", s.text))
		_ = s.handler.Handle(context.Background(), r) // there is nowhere to say that the log cannot be written
	}
}

// due takes the kinds that are to be summed up. Nothing is written under the lock.
func (l *Limit) due(now time.Time, after time.Duration) []kind {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []kind
	for _, k := range l.kinds {
		list = k.takeDue(list, now, after)
	}
	if l.rest != nil {
		list = l.rest.takeDue(list, now, after)
	}
	return list
}

func (k *kind) takeDue(list []kind, now time.Time, after time.Duration) []kind {
	if age := now.Sub(k.since); k.suppressed == 0 || age >= 0 && age < after { // below 0 the clock was set back
		return list
	}
	list = append(list, *k)
	k.suppressed = 0
	return list
}

func (k kind) message(now time.Time) string {
	over := max(time.Second, now.Sub(k.since).Round(time.Second))
	if over == Window {
		return fmt.Sprintf("%d more like this were suppressed in the last minute", k.suppressed)
	}
	return fmt.Sprintf("%d more like this were suppressed in the last %v", k.suppressed, over)
}

// pass says whether a message may be written.
func (l *Limit) pass(h *handler, text string) bool {
	now := l.clock()
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.kindOf(h, text, now)
	k.refill(now)
	if k.left > 0 {
		k.left--
		return true
	}
	if k.suppressed == 0 {
		k.since = now
	}
	k.suppressed++
	l.suppressed++
	return false
}

func (l *Limit) kindOf(h *handler, text string, now time.Time) *kind {
	key := h.attrs + text
	if k := l.kinds[key]; k != nil {
		return k
	}
	if len(l.kinds) >= maxKinds {
		l.forgetIdle(now)
	}
	if len(l.kinds) < maxKinds {
		k := &kind{handler: h.to, text: text, left: Burst, refilled: now}
		l.kinds[key] = k
		return k
	}
	if l.rest == nil {
		l.rest = &kind{handler: h.to, text: "(messages of many kinds)", left: Burst, refilled: now}
	}
	return l.rest
}

// forgetIdle forgets the kinds that might as well be new. None becomes so sooner than Every after it was used.
func (l *Limit) forgetIdle(now time.Time) {
	if gone := now.Sub(l.tidied); gone >= 0 && gone < Every {
		return
	}
	l.tidied = now
	for key, k := range l.kinds {
		if k.refill(now); k.left == Burst && k.suppressed == 0 {
			delete(l.kinds, key)
		}
	}
}

// refill lets one more pass for each Every that has gone by.
func (k *kind) refill(now time.Time) {
	gone := now.Sub(k.refilled)
	if gone < 0 { // the clock was set back
		k.refilled = now
		return
	}
	n := int(min(gone/Every, Burst))
	if k.left += n; k.left >= Burst {
		k.left, k.refilled = Burst, now
		return
	}
	k.refilled = k.refilled.Add(time.Duration(n) * Every)
}
