package agent

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"cidrx/agent/config"
	"cidrx/agent/tail"
	"cidrx/detect"
	"cidrx/detect/parse"
)

// batchesPerSource is how many batches of a source may be on their way to the loop: reading and counting overlap, and no more waits.
const batchesPerSource = 4

// follower reads what one kind of source has: a tail.Follower files, a journal.Follower units of the journal, a syslog.Listener datagrams.
type follower interface {
	// Run hands out chunks until ctx is done. It returns an error only when nothing more can ever come; what may pass Status says.
	Run(ctx context.Context, emit func(tail.Chunk) error) error
	Ready() <-chan struct{}
	Status() []tail.FileStatus
}

// source follows the logs of one [source.NAME] section.
type source struct {
	cfg      config.Source
	follower follower // nil before open
	decoder  *decoder
	counts   sourceCounts
	offset   clockOffset
	matcher  atomic.Pointer[detect.Matcher] // a newer one for decoder, after a reload
	o        sourceOptions
	since    func(line []byte) (time.Time, bool)
	free     chan *delivery
	cancel   context.CancelFunc
	stopped  chan struct{}
	err      error // what ended run; read after stopped is closed

	positions []tail.Position // of lines that the loop has dealt with; the loop's
	moved     bool            // positions changed since they were last saved
}

// delivery is a batch with what the loop must know of its origin.
type delivery struct {
	batch
	source    *source
	kind      tail.Kind
	position  tail.Position
	untrusted bool
	arrived   time.Time
	release   func() // of the chunk that the events alias
}

func newSource(cfg config.Source, o sourceOptions) (*source, error) {
	s := &source{cfg: cfg, o: o, free: make(chan *delivery, batchesPerSource), stopped: make(chan struct{}), positions: o.resume}
	for range batchesPerSource {
		s.free <- &delivery{source: s}
	}
	parser, err := parse.New(cfg.Format, s.parseOptions())
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", cfg.Name, err)
	}
	if s.since, err = lineTime(cfg, s.parseOptions()); err != nil {
		return nil, fmt.Errorf("source %s: %w", cfg.Name, err)
	}
	s.decoder = newDecoder(cfg.Name, parser, o.matcher, &s.counts)
	return s, nil
}

type sourceOptions struct {
	clock   func() time.Time
	log     *slog.Logger
	out     chan<- *delivery
	matcher *detect.Matcher
	resume  []tail.Position
	window  time.Duration
}

func (s *source) parseOptions() parse.Options {
	o := parse.Options{Location: s.cfg.Timezone, Year: s.o.clock, Fields: s.cfg.Fields, TrustedProxies: s.cfg.TrustedProxies, Forwarded: s.cfg.Forwarded}
	if o.Location == nil {
		o.Location = time.Local
	}
	return o
}

// lineTime reads the time of single lines, with a parser of its own.
func lineTime(cfg config.Source, o parse.Options) (func([]byte) (time.Time, bool), error) {
	parser, err := parse.New(cfg.Format, o)
	if err != nil {
		return nil, err
	}
	var arena parse.Arena
	return func(line []byte) (time.Time, bool) {
		var ev parse.Event
		arena.Reset()
		if err := parser.Parse(line, &ev, &arena); err != nil || ev.Time.IsZero() {
			return time.Time{}, false
		}
		return ev.Time, true
	}, nil
}

// run follows until ctx is done.
func (s *source) run(ctx context.Context) {
	defer close(s.stopped)
	s.err = s.follower.Run(ctx, func(c tail.Chunk) error { return s.deliver(ctx, c) })
}

// deliver decodes a chunk and hands it to the loop. It waits while the loop is behind.
func (s *source) deliver(ctx context.Context, c tail.Chunk) error {
	var d *delivery
	select {
	case d = <-s.free:
	case <-ctx.Done():
		c.Release()
		return ctx.Err()
	}
	d.kind, d.position, d.release, d.arrived = c.Kind, c.Pos, c.Release, s.o.clock()
	d.untrusted = c.Untrusted != "" && !s.cfg.Trust
	if m := s.matcher.Swap(nil); m != nil {
		s.decoder.matcher = m
	}
	if c.Kind == tail.WarmUp {
		s.decoder.rehearse(&d.batch, c.Data, c.Times)
	} else {
		s.counts.cut.Add(uint64(c.Cut))
		s.decoder.decode(&d.batch, c.Data, c.Times)
	}
	s.correct(d)
	select {
	case s.o.out <- d:
		return nil
	case <-ctx.Done():
		d.recycle()
		return ctx.Err()
	}
}

// correct adds a steady difference between log time and arrival to the events' times, so that a wrong time zone does not switch
// protection off.
func (s *source) correct(d *delivery) {
	if d.kind != tail.Live {
		return
	}
	offset := time.Duration(s.counts.offset.Load())
	for i := range d.events {
		ev := &d.events[i]
		if ev.Time.IsZero() {
			ev.Time = d.arrived
			continue
		}
		offset = s.offset.add(d.arrived.Sub(ev.Time))
		ev.Time = ev.Time.Add(offset)
	}
	s.counts.offset.Store(int64(offset))
}

// recycle gives the batch back to its source. Nothing may use its events any more.
func (d *delivery) recycle() {
	d.batch.reset()
	d.release()
	d.source.free <- d
}

// sourceSet are the sources of the configuration now in force. It belongs to the loop.
type sourceSet struct {
	batches chan *delivery
	list    []*source
	running bool
	ended   chan struct{} // closed when all of list have stopped after stop
	wait    sync.WaitGroup
}

func newSources(a *Agent, cfg *config.Config, resume positionsBySource) (*sourceSet, error) {
	set := &sourceSet{batches: make(chan *delivery, batchesPerSource)}
	for _, c := range cfg.Sources {
		s, err := a.newSource(cfg, c, set.batches, resume[c.Name])
		if err != nil {
			return nil, err
		}
		set.list = append(set.list, s)
	}
	return set, nil
}

func (a *Agent) newSource(cfg *config.Config, c config.Source, out chan<- *delivery, resume []tail.Position) (*source, error) {
	return newSource(c, sourceOptions{
		clock: a.o.Clock, log: a.log, out: out, matcher: a.core.engine.Matcher(), resume: resume, window: longestWindow(cfg),
	})
}

func longestWindow(cfg *config.Config) time.Duration {
	var w time.Duration
	for _, s := range cfg.Live {
		w = max(w, s.Window)
	}
	return w
}

// start lets all sources run.
func (set *sourceSet) start() {
	set.running = true
	for _, s := range set.list {
		set.launch(s, s.o.window)
	}
}

// launch lets a source run, if sources run yet. window is how far back before its positions it reads to warm the windows up;
// 0: not at all.
func (set *sourceSet) launch(s *source, window time.Duration) bool {
	if !set.running {
		return false
	}
	s.open(window)
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	set.wait.Go(func() { s.run(ctx) })
	return true
}

// stop ends all sources; done tells when they have. What they had read is still in batches.
func (set *sourceSet) stop() {
	for _, s := range set.list {
		if s.cancel != nil {
			s.cancel()
		}
	}
	set.ended = make(chan struct{})
	ended := set.ended
	go func() { set.wait.Wait(); close(ended) }()
}

// done is closed when all sources have stopped.
func (set *sourceSet) done() <-chan struct{} { return set.ended }

// takePositions are the positions of sources that have moved since the last call.
func (set *sourceSet) takePositions() positionsBySource {
	var out positionsBySource
	for _, s := range set.list {
		if s.moved {
			if out == nil {
				out = positionsBySource{}
			}
			out[s.cfg.Name], s.moved = slices.Clone(s.positions), false
		}
	}
	return out
}

// positions are the positions of all sources.
func (set *sourceSet) positions() positionsBySource {
	out := positionsBySource{}
	for _, s := range set.list {
		out[s.cfg.Name] = slices.Clone(s.positions)
	}
	return out
}

// sameSource says that a source can go on as it is.
func sameSource(a, b config.Source) bool { return reflect.DeepEqual(a, b) }

// replaceSources makes the sources of a new configuration. Those that stay the same go on; the others are not started yet.
func (a *Agent) replaceSources(cfg *config.Config) ([]*source, error) {
	var list []*source
	for _, c := range cfg.Sources {
		old := a.sources.find(c.Name)
		if old != nil && sameSource(old.cfg, c) {
			list = append(list, old)
			continue
		}
		s, err := a.newSource(cfg, c, a.sources.batches, nil)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

func (set *sourceSet) find(name string) *source {
	for _, s := range set.list {
		if s.cfg.Name == name {
			return s
		}
	}
	return nil
}

// swapSources stops the sources that are gone or changed and starts their successors, which go on where those had read to.
// It returns those that it started.
func (a *Agent) swapSources(list []*source) (started []*source) {
	old := a.sources.list
	a.sources.list = list
	for _, s := range old {
		if !slices.Contains(list, s) && s.cancel != nil {
			s.cancel()
			a.drain(s)
		}
	}
	for _, s := range list {
		if slices.Contains(old, s) {
			s.matcher.Store(a.core.engine.Matcher())
			continue
		}
		window := s.o.window
		if was := findSource(old, s.cfg.Name); was != nil {
			s.positions, window = was.positions, 0 // drained meanwhile, and all of it is in the windows
		}
		s.decoder.matcher = a.core.engine.Matcher()
		if a.sources.launch(s, window) {
			started = append(started, s)
		}
	}
	return started
}

// awaitPlaces returns when all sources in list have found the place where they begin to read, or have ended, or ctx is done.
func awaitPlaces(ctx context.Context, list []*source) {
	for _, s := range list {
		select {
		case <-s.follower.Ready():
		case <-s.stopped:
		case <-ctx.Done():
			return
		}
	}
}

func findSource(list []*source, name string) *source {
	i := slices.IndexFunc(list, func(s *source) bool { return s.cfg.Name == name })
	if i < 0 {
		return nil
	}
	return list[i]
}

// drain takes what a stopped source, and others meanwhile, still had under way.
func (a *Agent) drain(s *source) {
	for {
		select {
		case d := <-a.sources.batches:
			a.take(d)
		case <-s.stopped:
			for len(a.sources.batches) > 0 {
				a.take(<-a.sources.batches)
			}
			return
		}
	}
}
