package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/agent/jail"
	"cidrx/detect"
	"cidrx/detect/login"
	"cidrx/detect/parse"
)

// ReplayInput is one old log.
type ReplayInput struct {
	Name    string
	Reader  io.Reader
	Source  config.Source // how to read it, and as which source strategies see it
	Written time.Time     // when the log was last written: gives stamps without a year their year
}

// ErrNoTime is returned by Replay for logs of which no line has a time: windows and bans mean nothing without.
var ErrNoTime = errors.New("not one line has a time")

// Replay runs detection and jail over old logs in their own time, as if every ban were in force at once. Several logs are merged by
// time. event is called for everything that the audit trail of a live agent would hold; its error ends the replay.
//
// It is the code that runs live: only the clock is that of the log, and a line from a prefix that is banned at its time is counted as
// stopped and goes no further.
func Replay(ctx context.Context, cfg *config.Config, inputs []ReplayInput, event func(control.Event) error) (*ReplaySummary, error) {
	return replayLogs(ctx, cfg, inputs, nobody{}, event)
}

func replayLogs(ctx context.Context, cfg *config.Config, inputs []ReplayInput, look Onlooker, event func(control.Event) error) (*ReplaySummary, error) {
	c, err := newCore(cfg.Live, jailOptions(cfg, false))
	if err != nil {
		return nil, err
	}
	r := &replay{core: c, event: event, look: look, sum: newReplaySummary(), window: longestWindow(cfg), matcher: c.engine.Matcher()}
	c.report = r.sum.report
	r.prepare(cfg)
	g, ctx := errgroup.WithContext(ctx)
	var logs []*replayLog
	for _, in := range inputs {
		l, err := newReplayLog(in, c.engine.Matcher())
		if err != nil {
			return nil, err
		}
		l.attempts = r.attemptsOf(in.Source.Name)
		logs = append(logs, l)
	}
	for _, l := range logs {
		g.Go(func() error { return l.read(ctx) })
	}
	g.Go(func() error { return r.run(ctx, logs) })
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for _, l := range logs {
		r.sum.addLog(l)
	}
	r.sum.close()
	if r.sum.Requests == 0 && r.sum.Untimed > 0 {
		return nil, fmt.Errorf("%s: %w, and a replay needs them: the format wants a %%t", logs[0].in.Name, ErrNoTime)
	}
	return r.sum, nil
}

// replay is one run.
type replay struct {
	core     *core
	event    func(control.Event) error
	look     Onlooker
	sum      *ReplaySummary
	window   time.Duration   // the longest
	attempts []attempts      // one for each source that is read
	matcher  *detect.Matcher // of login attempts, which are put together behind the merge
	due      []parse.Event
}

// attempts puts the lines of one source's connections together, as live: a connection may go on in the next file.
type attempts struct {
	source           string
	through, stopped *login.Assembler // stopped: lines of clients that were banned at their time
}

func (a *attempts) side(stopped bool) *login.Assembler {
	if stopped {
		return a.stopped
	}
	return a.through
}

// attemptsOf is the index of a source's attempts.
func (r *replay) attemptsOf(source string) int {
	for i := range r.attempts {
		if r.attempts[i].source == source {
			return i
		}
	}
	r.attempts = append(r.attempts, attempts{source, login.New(0), login.New(0)})
	return len(r.attempts) - 1
}

// prepare gives the jail the lists. What this host is does not matter: the log may be another's.
func (r *replay) prepare(cfg *config.Config) {
	var allow []jail.AllowEntry
	for _, e := range cfg.Allow.Entries {
		allow = append(allow, jail.AllowEntry{Prefix: e.Prefix, Note: e.Note, Origin: e.Origin})
	}
	var proxies []jail.Protected
	for _, s := range cfg.Sources {
		for _, p := range s.TrustedProxies {
			proxies = append(proxies, jail.Protected{Prefix: p, Why: "trusted proxy of source " + s.Name})
		}
	}
	start := time.Unix(0, 0)
	r.core.note(r.core.jail.SetAllow(start, allow))
	r.core.note(r.core.jail.SetProtected(start, proxies))
	r.core.note(r.core.jail.SetDeny(start, cfg.Deny.Prefixes()))
	for _, ch := range r.core.take() { // the deny list is not news
		r.sum.list(ch)
	}
	r.core.jail.Unsaved()
}

// run takes the lines of all logs in the order of their time.
func (r *replay) run(ctx context.Context, logs []*replayLog) error {
	logs, err := byFirstLine(ctx, logs)
	if err != nil {
		return err
	}
	for len(logs) > 0 {
		next := 0
		for i := 1; i < len(logs); i++ {
			if logs[i].when().Before(logs[next].when()) {
				next = i
			}
		}
		l := logs[next]
		if l.index%detect.Ahead == 0 {
			r.core.engine.Expect(l.batch.events[l.index:], l.batch.masks[l.index:])
		}
		if err := r.step(l); err != nil {
			return err
		}
		l.index++
		more, err := l.peek(ctx)
		if err != nil {
			return err
		}
		if !more {
			logs = append(logs[:next:next], logs[next+1:]...)
		}
	}
	return r.finish()
}

// step deals with one line at its own time. A line without one has that of the line before it.
func (r *replay) step(l *replayLog) error {
	ev, now := l.head(), l.when()
	if now.IsZero() {
		now = r.core.now
	}
	if now.IsZero() {
		r.sum.Untimed++
		return nil
	}
	if ev.Time.IsZero() {
		ev.Time = now
	}
	l.last = ev.Time
	if err := r.moveTo(now); err != nil {
		return err
	}
	if ev.Part.Kind == parse.NotPart {
		return r.count(ev, l.mask(), r.core.jail.Stops(ev.Client))
	}
	return r.assemble(l, ev)
}

// assemble puts the line of a connection to those before it, and counts the attempts that this decides. Lines that a ban stops would
// not have been written, so they are kept apart.
func (r *replay) assemble(l *replayLog, ev *parse.Event) error {
	from := &r.attempts[l.attempts]
	stopped := r.core.jail.Stops(ev.Client)
	whole := from.side(stopped).Add(ev)
	if err := r.countDue(from, stopped); err != nil {
		return err
	}
	if !whole {
		l.counts.ignored.Add(1)
		return nil
	}
	return r.count(ev, r.maskOf(ev, from, stopped), stopped)
}

// countDue counts the attempts that no line of their own decided.
func (r *replay) countDue(from *attempts, stopped bool) error {
	r.due = from.side(stopped).Due(r.due[:0])
	for i := range r.due {
		if err := r.count(&r.due[i], r.maskOf(&r.due[i], from, stopped), stopped); err != nil {
			return err
		}
	}
	return nil
}

// maskOf are the strategies of an attempt that was put together.
func (r *replay) maskOf(ev *parse.Event, from *attempts, stopped bool) detect.Mask {
	if stopped {
		return 0
	}
	return r.matcher.Mask(ev, from.source)
}

// count deals with one event: it is stopped by a ban, or counted.
func (r *replay) count(ev *parse.Event, mask detect.Mask, stopped bool) error {
	r.sum.Requests += uint64(ev.Repeat)
	if ev.Outcome == parse.Success {
		r.sum.logins.add(ev.Client, ev.Time)
	}
	if stopped {
		r.sum.stop(ev)
		r.look.Counted(r.core.now, r.core.engine, ev, mask, true)
		return nil
	}
	if r.core.now.Sub(ev.Time) > r.window {
		r.sum.Late += uint64(ev.Repeat)
	}
	r.core.observe(r.core.now, ev, mask)
	r.look.Counted(r.core.now, r.core.engine, ev, mask, false)
	return r.tell()
}

// moveTo lets time pass until t, stopping wherever a ban ends and where a live agent would have looked again at what the last second
// left to be looked at. Time does not go back.
func (r *replay) moveTo(t time.Time) error {
	if !t.After(r.core.now) {
		return nil
	}
	r.secondOver(t)
	if r.core.now.IsZero() {
		r.sum.Start = t
		r.core.advance(t)
		return r.tell()
	}
	if tick := r.core.now.Truncate(time.Second).Add(time.Second); tick.Before(t) {
		if err := r.pass(tick); err != nil {
			return err
		}
	}
	return r.pass(t)
}

// pass lets time pass until t, stopping wherever a ban ends.
func (r *replay) pass(t time.Time) error {
	for next, ok := r.core.jail.Next(); ok && next.After(r.core.now) && next.Before(t); next, ok = r.core.jail.Next() {
		r.core.advance(next)
		if err := r.tell(); err != nil {
			return err
		}
	}
	if next, ok := r.core.jail.Next(); t.Unix() == r.core.now.Unix() && (!ok || next.After(t)) {
		r.core.now = t // windows move by whole seconds: there is nothing to do
		return nil
	}
	r.core.advance(t)
	return r.tell()
}

// finish looks at what the last second left to be looked at. Connections whose end the log does not have stay undecided, as they would
// live.
func (r *replay) finish() error {
	r.sum.End = r.core.now
	if r.sum.End.IsZero() {
		return nil
	}
	r.look.SecondOver(r.core.now, r.core.engine)
	r.look.Over(r.core.now, r.core.engine)
	return r.pass(r.core.now.Truncate(time.Second).Add(time.Second))
}

// tell hands out what has happened.
func (r *replay) tell() error {
	if len(r.core.changes) == 0 {
		return nil
	}
	for _, ch := range r.core.take() {
		if ch.Kind == jail.Forgot {
			continue
		}
		r.sum.add(ch)
		if err := r.event(changeEvent(ch, true)); err != nil {
			return err
		}
	}
	r.core.jail.Unsaved() // nobody saves it: let go of it
	return nil
}
