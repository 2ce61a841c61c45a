package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"cidrx/agent/control"
	"cidrx/cmd/internal/rig"
	"cidrx/firewall/netlab"
)

// soak is one run.
type soak struct {
	plan     plan
	say      func(format string, args ...any)
	host     *rig.Host
	standing []netip.Prefix
	cast     *cast
	log      *accessLog
	witness  *witness
	door     *door
	auditor  *auditor
	watch    *watch
	told     told

	began   time.Time
	ended   time.Time
	deeds   []deed
	version int // of the configuration
	life    *life
	kills   []kill
	gaps    []gap
	repairs rig.Spread // from a flush to all bans being back
	counts  struct{ rotations, reloads, changed, refused, flushes int }
	checked time.Time // the last time that all that was written had been counted
	wrong   faults    // lines lost or counted twice
}

// kill is one kill -9, and what the next life made of it.
type kill struct {
	at      time.Time
	written uint64 // lines, by then
	reread  int64  // of those written that the next life counted
}

// newSoak makes the host, its log and everybody who is about, in lab and dir.
func newSoak(p plan, lab *netlab.Lab, dir, binaries string, say func(string, ...any)) (*soak, error) {
	h, err := rig.NewHost(lab, dir, binaries, p.configuration(0))
	if err != nil {
		return nil, err
	}
	s := &soak{plan: p, say: say, host: h, standing: rig.Prefixes(p.hosts, p.networks), cast: newCast(), watch: &watch{host: h}}
	s.told.cast = s.cast
	if err := h.Store(s.standing, p.total+time.Hour, p.history()...); err != nil {
		return nil, err
	}
	if s.log, err = newAccessLog(h, s.cast, p); err != nil {
		return nil, err
	}
	if s.door, err = openDoor(lab, h.NS, s.standing); err != nil {
		return nil, err
	}
	m, err := rig.Listen(h.NS)
	if err != nil {
		return nil, err
	}
	s.witness = newWitness(m, s.cast, s.standing, p.ban+p.ban/10+p.endPatience)
	s.auditor = &auditor{edge: h.NS, cast: s.cast, standing: s.standing, ban: p.ban, endPatience: p.endPatience}
	return s, nil
}

// run soaks the agent. Everything that it starts has ended when it returns.
func (s *soak) run(ctx context.Context) (err error) {
	back, bctx := errgroup.WithContext(ctx)
	bctx, stop := context.WithCancel(bctx)
	back.Go(func() error { return s.witness.run(bctx) })
	back.Go(s.door.answer)
	err = s.start(bctx)
	if err == nil {
		back.Go(func() error { return s.door.knock(bctx) })
		back.Go(func() error { return s.watch.run(bctx, min(time.Second, s.plan.kill/20)) })
		err = s.traffic(bctx)
	}
	s.watch.over()
	err = errors.Join(err, s.host.Stop()) // as a service is stopped: it must end well
	stop()
	err = errors.Join(err, s.door.close())
	if other := back.Wait(); other != nil {
		err = errors.Join(other, err)
	}
	s.told.streams.Wait()
	return errors.Join(err, s.witness.monitor.Close())
}

// traffic has lines written and attackers come while the agent is troubled, and waits until all of them have got what they deserve.
func (s *soak) traffic(ctx context.Context) error {
	group, gctx := errgroup.WithContext(ctx)
	done := make(chan struct{})
	group.Go(func() error { return s.log.run(done) })
	group.Go(func() error {
		defer close(done)
		return s.trouble(gctx)
	})
	err := group.Wait()
	s.ended = time.Now()
	if err != nil {
		return err
	}
	return errors.Join(s.check(ctx), s.auditor.look())
}

// trouble troubles the agent until the time is over.
func (s *soak) trouble(ctx context.Context) error {
	s.began = time.Now()
	visitors, vctx := errgroup.WithContext(ctx)
	vctx, stop := context.WithCancel(vctx)
	visitors.Go(func() error { return s.visits(vctx) })
	defer visitors.Wait()
	defer stop()
	if err := s.catchUp(ctx); err != nil {
		return err
	}
	if err := s.work(ctx, s.agenda(), s.began.Add(s.plan.total)); err != nil {
		return err
	}
	stop()
	var left faults
	err := poll(ctx, "all who crossed are banned", func() bool { left = s.cast.pending(); return left.n == 0 })
	if err != nil {
		err = fmt.Errorf("%w: %s", err, left.String())
	}
	return err
}

// visits brings in attackers, two at a time.
func (s *soak) visits(ctx context.Context) error {
	for pause(ctx, s.plan.attackers) == nil {
		s.cast.pair(time.Now(), s.plan.rotate)
	}
	return nil
}

// start starts the agent, for the first time or again.
func (s *soak) start(ctx context.Context) error {
	s.witness.expect()
	l := s.watch.begin(time.Now())
	if err := s.host.Start(); err != nil {
		return err
	}
	l.ready = time.Now()
	s.watch.runs(s.host.Agent.Process.Pid)
	s.life = l
	s.told.listen(ctx, &s.host.Client, l.start)
	back, _, err := s.witness.allBack(ctx)
	l.back = back
	return err
}

// catchUp waits until the agent has counted all that was written before.
func (s *soak) catchUp(ctx context.Context) error {
	s.log.mu.Lock()
	a, err := s.log.mark()
	s.log.mu.Unlock()
	if err != nil {
		return err
	}
	s.life.caughtUp, err = s.witness.banned(ctx, a)
	return err
}

// check stops the traffic until all of it has been counted, and compares. A life counts what was written less what a life before has
// counted: that difference must stay what it was at its first check.
func (s *soak) check(ctx context.Context) error {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	a, err := s.log.mark()
	if err != nil {
		return err
	}
	if _, err := s.witness.banned(ctx, a); err != nil {
		return err
	}
	m, err := scrape(ctx, s.host)
	if err != nil {
		return err
	}
	s.compare(int64(s.log.lines)-int64(m[`cidrx_requests_total{strategy="all"}`]), m)
	s.life.goroutines = append(s.life.goroutines, int(m["go_goroutines"]))
	s.life.checks++
	last := s.checked
	s.checked = time.Now()
	return s.log.forget(last)
}

// compare takes down how many lines written the agent has not counted, and what its metrics say.
func (s *soak) compare(before int64, metrics map[string]float64) {
	l := s.life
	switch {
	case l.checks == 0:
		l.before = before
		s.resumed(before)
	case before > l.before:
		s.wrong.add("%d lines lost", before-l.before)
		l.before = before
	case before < l.before:
		s.wrong.add("%d lines counted twice", l.before-before)
		l.before = before
	}
	if n := metrics[`cidrx_lines_total{result="failed",source="web"}`]; n > 0 {
		s.wrong.add("%.0f lines did not parse", n)
	}
	if n := metrics["cidrx_leaked_requests_total"]; n > 0 {
		s.wrong.add("%.0f requests of clients reported as leaks: nobody attacks after its ban", n)
	}
}

// resumed compares where a life began to count with what was known at the end of the one before.
func (s *soak) resumed(before int64) {
	if len(s.kills) == 0 {
		if before != 0 {
			s.wrong.add("the first life did not count the first %d lines", before)
		}
		return
	}
	k := &s.kills[len(s.kills)-1]
	if k.reread = int64(k.written) - before; k.reread < 0 {
		s.wrong.add("%d lines that were written after kill %d lost", -k.reread, len(s.kills))
	}
}

// told is what the agent's audit trail says went wrong.
type told struct {
	cast    *cast
	streams sync.WaitGroup
	mu      sync.Mutex
	wrong   faults
	kinds   map[string]int
}

// listen follows the audit trail of a life until the agent ends.
func (t *told) listen(ctx context.Context, c *control.Client, since time.Time) {
	t.streams.Go(func() {
		_ = c.EventsSince(ctx, since, func(e control.Event) error { // ends with the agent
			t.mu.Lock()
			defer t.mu.Unlock()
			if t.kinds == nil {
				t.kinds = map[string]int{}
			}
			t.kinds[e.Event]++
			if e.Event == "error" || e.Event == "leak" || e.Event == "refused" || e.Event == "ban" && !t.cast.has(*e.Prefix) {
				t.wrong.add("%s %v: %s", e.Event, e.Prefix, e.Reason)
			}
			return nil
		})
	})
}

// signal sends a signal to the agent.
func (s *soak) signal(sig syscall.Signal) error { return s.host.Agent.Process.Signal(sig) }
