package agent

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"time"

	"golang.org/x/sync/errgroup"

	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/agent/jail"
	"cidrx/agent/tail"
	"cidrx/detect"
	"cidrx/detect/parse"
)

// ReplayInput is one old log.
type ReplayInput struct {
	Name    string
	Reader  io.Reader
	Source  config.Source // how to read it, and as which source strategies see it
	Written time.Time     // when the log was last written: gives stamps without a year their year
}

// Replay runs detection and jail over old logs in their own time, as if every ban were in force at once. Several logs are merged by
// time. event is called for everything that the audit trail of a live agent would hold; its error ends the replay.
//
// It is the code that runs live: only the clock is that of the log, and a line from a prefix that is banned at its time is counted as
// stopped and goes no further.
func Replay(ctx context.Context, cfg *config.Config, inputs []ReplayInput, event func(control.Event) error) (*ReplaySummary, error) {
	c, err := newCore(cfg.Live, jailOptions(cfg, false))
	if err != nil {
		return nil, err
	}
	r := &replay{core: c, event: event, sum: &ReplaySummary{stopped: map[netip.Addr]uint64{}, bans: map[netip.Prefix]*ReplayBan{}}}
	r.prepare(cfg)
	g, ctx := errgroup.WithContext(ctx)
	var logs []*replayLog
	for _, in := range inputs {
		l, err := newReplayLog(in, c.engine.Matcher())
		if err != nil {
			return nil, err
		}
		logs = append(logs, l)
		g.Go(func() error { return l.read(ctx) })
	}
	g.Go(func() error { return r.run(ctx, logs) })
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for _, l := range logs {
		r.sum.addLog(l)
	}
	r.sum.close(r.core, r.core.now)
	return r.sum, nil
}

// replay is one run.
type replay struct {
	core  *core
	event func(control.Event) error
	sum   *ReplaySummary
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
	r.core.take() // the deny list is not news
}

// run takes the events of all logs in the order of their time.
func (r *replay) run(ctx context.Context, logs []*replayLog) error {
	for {
		var next *replayLog
		for _, l := range logs {
			ok, err := l.peek(ctx)
			if err != nil {
				return err
			}
			if ok && (next == nil || l.head().Time.Before(next.head().Time)) {
				next = l
			}
		}
		if next == nil {
			return r.tell()
		}
		ev, mask := next.head(), next.mask()
		if err := r.step(ev, mask); err != nil {
			return err
		}
		next.index++
	}
}

// step deals with one event at its own time.
func (r *replay) step(ev *parse.Event, mask detect.Mask) error {
	if err := r.moveTo(ev.Time); err != nil {
		return err
	}
	r.sum.Requests += uint64(ev.Repeat)
	if r.core.jail.Stops(ev.Client) {
		r.sum.Stopped += uint64(ev.Repeat)
		r.sum.stopped[ev.Client] += uint64(ev.Repeat)
		return nil
	}
	r.core.observe(r.core.now, ev, mask)
	if len(r.core.changes) > 0 {
		return r.tell()
	}
	return nil
}

// moveTo lets time pass until t, stopping wherever a ban ends.
func (r *replay) moveTo(t time.Time) error {
	if !t.After(r.core.now) {
		return nil
	}
	if r.core.now.IsZero() {
		r.sum.Start = t
	}
	if err := r.endBans(t); err != nil {
		return err
	}
	if t.Unix() == r.core.now.Unix() { // windows move by whole seconds
		r.core.now = t
		return nil
	}
	r.core.advance(t)
	return r.tell()
}

// endBans stops at every instant until t at which a ban ends.
func (r *replay) endBans(t time.Time) error {
	for {
		next, ok := r.core.jail.Next()
		if !ok || next.After(t) {
			return nil
		}
		r.core.advance(later(next, r.core.now))
		if err := r.tell(); err != nil {
			return err
		}
		if again, ok := r.core.jail.Next(); !ok || !again.After(next) {
			return nil // nothing more to do at that instant
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// tell hands out what has happened.
func (r *replay) tell() error {
	for _, ch := range r.core.take() {
		if ch.Kind == jail.Forgot {
			continue
		}
		r.sum.add(ch)
		if err := r.event(changeEvent(ch)); err != nil {
			return err
		}
	}
	r.core.jail.Unsaved() // nobody saves it: let go of it
	return nil
}

// replayLog reads and decodes one log ahead of the run.
type replayLog struct {
	in      ReplayInput
	decoder *decoder
	counts  sourceCounts
	full    chan *replayBatch
	free    chan *replayBatch
	batch   *replayBatch // whose events are being taken
	index   int
	last    time.Time
}

type replayBatch struct {
	batch
	release func()
}

func newReplayLog(in ReplayInput, m *detect.Matcher) (*replayLog, error) {
	zone := in.Source.Timezone
	if zone == nil {
		zone = time.Local
	}
	parser, err := parse.New(in.Source.Format, parse.Options{
		Location: zone, Year: func() time.Time { return in.Written }, Fields: in.Source.Fields,
		TrustedProxies: in.Source.TrustedProxies, Forwarded: in.Source.Forwarded,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	l := &replayLog{in: in, full: make(chan *replayBatch, batchesPerSource), free: make(chan *replayBatch, batchesPerSource)}
	for range batchesPerSource {
		l.free <- &replayBatch{}
	}
	l.decoder = newDecoder(in.Source.Name, parser, m, &l.counts)
	return l, nil
}

// read decodes the log to its end.
func (l *replayLog) read(ctx context.Context) error {
	defer close(l.full)
	follower := tail.New(tail.Options{Paths: []string{"-"}, Stdin: l.in.Reader, Buffers: batchesPerSource + 1})
	err := follower.Run(ctx, func(c tail.Chunk) error {
		l.counts.cut.Add(uint64(c.Cut))
		return l.put(ctx, c.Data, c.Release)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", l.in.Name, err)
	}
	l.decoder.assembler.Flush()
	return l.put(ctx, nil, func() {})
}

func (l *replayLog) put(ctx context.Context, lines []byte, release func()) error {
	select {
	case b := <-l.free:
		b.release = release
		l.decoder.decode(&b.batch, lines)
		l.full <- b // has room for every batch there is
		return nil
	case <-ctx.Done():
		release()
		return ctx.Err()
	}
}

// peek makes sure that there is a next event; ok is false at the end of the log.
func (l *replayLog) peek(ctx context.Context) (ok bool, err error) {
	for l.batch == nil || l.index >= len(l.batch.events) {
		if l.batch != nil {
			l.batch.reset()
			l.batch.release()
			l.free <- l.batch
			l.batch = nil
		}
		select {
		case b, open := <-l.full:
			if !open {
				return false, nil
			}
			l.batch, l.index = b, 0
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	ev := l.head()
	if ev.Time.IsZero() { // a format without a time: as the line before it
		ev.Time = l.last
	}
	l.last = ev.Time
	return true, nil
}

func (l *replayLog) head() *parse.Event { return &l.batch.events[l.index] }
func (l *replayLog) mask() detect.Mask  { return l.batch.masks[l.index] }
