package top

import (
	"context"
	"sync"
	"time"

	"cidrx/agent/control"
)

const (
	// keptEvents are how many of the newest events the view remembers.
	keptEvents = 500
	// feedPause lies between two attempts to follow the audit trail.
	feedPause = time.Second
)

// feed follows the audit trail. The trail may bring thousands of events at once, so the view is not told of each but takes what there
// is when it has time.
type feed struct {
	wake chan struct{}

	mu     sync.Mutex
	events []control.Event // oldest first
	total  uint64          // ever seen
	last   time.Time
}

func newFeed() *feed { return &feed{wake: make(chan struct{}, 1)} }

// run follows the trail from since on until ctx ends, again and again when the agent goes away.
func (f *feed) run(ctx context.Context, agent Agent, since time.Time) {
	f.last = since
	for ctx.Err() == nil {
		agent.EventsSince(ctx, f.next(), func(e control.Event) error { f.add(e); return nil }) // why it ended is what Top says, too
		select {
		case <-time.After(feedPause):
		case <-ctx.Done():
		}
	}
}

// next is from when on events are new.
func (f *feed) next() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

func (f *feed) add(e control.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, e)
	if len(f.events) >= 2*keptEvents {
		f.events = append([]control.Event(nil), f.events[keptEvents:]...)
	}
	f.total++
	f.last = e.At.Add(1) // a nanosecond: the trail's own events of one moment stay together
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// newest are the events, newest first, and how many there ever were.
func (f *feed) newest() ([]control.Event, uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := min(len(f.events), keptEvents)
	out := make([]control.Event, n)
	for i := range out {
		out[i] = f.events[len(f.events)-1-i]
	}
	return out, f.total
}
