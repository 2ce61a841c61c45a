package detect

import (
	"math/bits"
	"time"

	"cidrx/detect/cidr"
	"cidrx/detect/parse"
	"cidrx/detect/window"
)

// clockStep is how far, in seconds, now may go back before the clock must have been set back. Less is taken for a late caller.
const clockStep = 5

// Observe counts one event in the strategies of mask and calls raise for each verdict that follows from it, before it returns. What
// is raised depends on the sequence of events and on the seconds of now, not on how the events were batched. now is the later of the
// clock and the newest event; events from the future count as now, events without a time too. raise may call Forget, Exempt and Reset.
// ev is not kept.
//
// A now that is a little earlier than the last one counts as that one. If it is more than 5 seconds earlier, the clock was set back:
// all windows start anew. Otherwise every event would be too old to count until the clock is where it was.
func (e *Engine) Observe(now time.Time, ev *parse.Event, mask Mask, raise func(Verdict)) {
	e.move(now)
	e.count(ev, mask, true)
	e.handOver(raise)
}

// Warm counts an event as Observe does, raises nothing, and leaves the figures of Stats that only ever grow alone.
func (e *Engine) Warm(now time.Time, ev *parse.Event, mask Mask) {
	e.move(now)
	e.count(ev, mask, false)
}

// Advance moves the windows to now, as Observe does. It raises only what events before now had left to be looked at.
func (e *Engine) Advance(now time.Time, raise func(Verdict)) {
	e.move(now)
	e.handOver(raise)
}

// move brings the windows to now. What the last second left to be looked at is looked at first, while it is all there.
func (e *Engine) move(now time.Time) {
	sec := now.Unix()
	switch {
	case sec == e.sec:
	case sec > e.sec:
		e.catchUp()
		clear(e.told)
		e.sec = sec
		e.advance()
	case e.sec-sec > clockStep:
		e.sec, e.now = sec, now
		e.Reset()
	}
	if now.After(e.now) {
		e.now = now
	}
}

func (e *Engine) advance() {
	for i := range e.strategies {
		e.strategies[i].win.Advance(e.sec)
	}
	for _, t := range e.everything {
		t.win.Advance(e.sec)
	}
}

// count puts ev into the windows and, unless it is for warm-up, looks at what follows.
func (e *Engine) count(ev *parse.Event, mask Mask, judge bool) {
	if mask == 0 && len(e.everything) == 0 {
		return
	}
	sec := e.sec
	if !ev.Time.IsZero() {
		sec = min(sec, ev.Time.Unix())
	}
	n := uint32(min(max(1, ev.Repeat), window.MaxRequests))
	if e.exempt != nil && e.exempt(ev.Client) {
		e.countExempt(mask, sec, n, judge)
		return
	}
	k := cidr.KeyOf(ev.Client)
	for _, t := range e.everything {
		t.win.Add(k, sec, n)
	}
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros64(uint64(m))
		if i >= len(e.strategies) {
			break
		}
		s := &e.strategies[i]
		counted := s.win.Add(k, sec, n)
		if judge {
			s.note(counted, n)
		}
		if judge && counted {
			e.judge(i, occasion{key: k, n: n, ev: ev})
		}
	}
	if mask != 0 {
		kind := 0
		if mask&e.filtering != 0 {
			kind = 1
		}
		e.lines.add(k, mask, kind, e.sec, ev.Line)
	}
}

// countExempt counts ev in the totals.
func (e *Engine) countExempt(mask Mask, sec int64, n uint32, judge bool) {
	for i := range e.strategies {
		if mask&(1<<i) == 0 {
			continue
		}
		counted := e.strategies[i].win.AddTotal(sec, n)
		if judge {
			e.strategies[i].note(counted, n)
		}
	}
}

// note keeps the figures of Stats.
func (s *strategy) note(counted bool, n uint32) {
	if counted {
		s.seen += uint64(n)
	} else {
		s.late += uint64(n)
	}
}

// handOver gives away what was raised. raise may bring more about.
func (e *Engine) handOver(raise func(Verdict)) {
	if len(e.raised) == 0 {
		return
	}
	for i := 0; i < len(e.raised); i++ {
		raise(e.raised[i])
	}
	clear(e.raised)
	e.raised = e.raised[:0]
}
