package main

import (
	"context"
	"fmt"
	"slices"
	"syscall"
	"time"

	"cidrx/cmd/internal/rig"
)

// item is something that is done again and again.
type item struct {
	what  string
	next  time.Time
	every time.Duration
	do    func(context.Context) error
	done  int
}

// deed is something that was done once.
type deed struct {
	what     string
	from, to time.Time
}

// agenda is what is done to the agent, one thing after the other. Every item is out of step with the others: what happens at the same time as
// what changes from time to time.
func (s *soak) agenda() []*item {
	p := s.plan
	at := func(every time.Duration, shift float64) time.Time {
		return s.began.Add(every + time.Duration(shift*float64(p.rotate)))
	}
	return []*item{
		{what: "check", every: p.check, next: at(p.check, 0), do: s.check},
		{what: "rotation", every: p.rotate, next: at(p.rotate, 0), do: s.rotate},
		{what: "reload", every: p.reload, next: at(p.reload, 0.2), do: s.reload},
		{what: "flush", every: p.flush, next: at(p.flush, -0.4), do: s.flush},
		{what: "audit", every: p.audit, next: at(p.audit, 0.5), do: func(context.Context) error { return s.auditor.look() }},
		{what: "kill -9", every: p.kill, next: at(p.kill, -0.3), do: s.kill},
		{what: "progress", every: time.Minute, next: at(time.Minute, 0), do: s.progress},
	}
}

// work does what is due until the end, and what was never due once.
func (s *soak) work(ctx context.Context, a []*item, end time.Time) error {
	for {
		it := slices.MinFunc(a, func(x, y *item) int { return x.next.Compare(y.next) })
		if it.next.After(end) {
			break
		}
		if err := pause(ctx, time.Until(it.next)); err != nil {
			return err
		}
		if err := s.step(ctx, it); err != nil {
			return err
		}
	}
	for _, it := range a {
		if it.done == 0 {
			if err := s.step(ctx, it); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *soak) step(ctx context.Context, it *item) error {
	from := time.Now()
	if err := it.do(ctx); err != nil {
		return fmt.Errorf("%s %d: %w", it.what, it.done+1, err)
	}
	it.done++
	s.deeds = append(s.deeds, deed{fmt.Sprintf("%s %d", it.what, it.done), from, time.Now()})
	for it.next = it.next.Add(it.every); time.Now().After(it.next); { // what was missed is not made up for
		it.next = it.next.Add(it.every)
	}
	return nil
}

// reopenAfter is how long a server writes to a log that has been renamed.
const reopenAfter = 50 * time.Millisecond

// rotate turns the log over.
func (s *soak) rotate(ctx context.Context) error {
	s.counts.rotations++
	if err := s.log.moveAway(); err != nil {
		return err
	}
	if err := pause(ctx, reopenAfter); err != nil {
		return err
	}
	return s.log.reopen()
}

// reload has the configuration read again: by a signal or a request; the same, one with a strategy more or less, one with another source, one
// that is refused.
func (s *soak) reload(ctx context.Context) error {
	s.counts.reloads++
	switch s.counts.reloads % 4 {
	case 0:
		return s.reloadBad(ctx)
	case 1:
		return s.signal(syscall.SIGHUP)
	}
	if err := s.reconfigure(); err != nil {
		return err
	}
	reply, err := s.host.Client.Reload(ctx)
	if err != nil {
		return err
	}
	if len(reply.Changed) == 0 {
		return fmt.Errorf("the agent saw no change in version %d of the configuration", s.version)
	}
	return nil
}

// reconfigure writes the next version of the configuration.
func (s *soak) reconfigure() error {
	s.version++
	s.counts.changed++
	return s.host.Configure(s.plan.configuration(s.version))
}

// reloadBad has the agent refuse a configuration, and puts the one in force back.
func (s *soak) reloadBad(ctx context.Context) error {
	s.counts.refused++
	if err := s.host.Configure(s.plan.badConfiguration()); err != nil {
		return err
	}
	if _, err := s.host.Client.Reload(ctx); err == nil {
		return fmt.Errorf("the agent did not refuse a bad configuration")
	}
	return s.host.Configure(s.plan.configuration(s.version))
}

// flush takes the agent's table away, as somebody would who loads rules of their own, and waits until all bans are back.
func (s *soak) flush(ctx context.Context) error {
	s.counts.flushes++
	s.witness.expect()
	start := time.Now()
	if _, err := nft(s.host.NS, "flush", "ruleset"); err != nil {
		return err
	}
	back, flushed, err := s.witness.allBack(ctx)
	if err != nil {
		return err
	}
	s.gaps = append(s.gaps, gap{start, back})
	s.repairs = append(s.repairs, back.Sub(flushed))
	return nil
}

// kill ends the agent at once, each time in another situation, and starts it again.
func (s *soak) kill(ctx context.Context) error {
	if time.Until(s.began.Add(s.plan.total)) < s.plan.kill/2 && len(s.kills) > 0 {
		return nil // too late for a life of its own
	}
	flushed := time.Time{}
	var err error
	switch len(s.kills) % 5 {
	case 0:
		s.end()
	case 1: // in the middle of a rotation
		if err = s.log.moveAway(); err == nil {
			s.end()
			err = s.log.reopen()
		}
		s.counts.rotations++
	case 2: // in the middle of a reload
		if err = s.reconfigure(); err == nil {
			err = s.signal(syscall.SIGHUP)
		}
		s.end()
		s.counts.reloads++
	case 3: // before it can repair what somebody did
		flushed = time.Now()
		_, err = nft(s.host.NS, "flush", "ruleset")
		s.end()
		s.counts.flushes++
	case 4: // for so long that a whole log comes and goes
		s.end()
		err = s.rotate(ctx)
		if err == nil {
			err = pause(ctx, s.plan.rotate/5)
		}
		if err == nil {
			err = s.rotate(ctx)
		}
	}
	if err != nil {
		return err
	}
	if err := s.start(ctx); err != nil {
		return err
	}
	if !flushed.IsZero() {
		s.gaps = append(s.gaps, gap{flushed, s.life.back})
	}
	return s.catchUp(ctx)
}

// end kills the agent and takes down what it cannot have read.
func (s *soak) end() {
	s.watch.over()
	s.host.Kill()
	written, _ := s.log.written()
	s.kills = append(s.kills, kill{at: time.Now(), written: written})
}

// progress says how far it is.
func (s *soak) progress(context.Context) error {
	lines, _ := s.log.written()
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	last := sample{}
	if n := len(s.life.samples); n > 0 {
		last = s.life.samples[n-1]
	}
	s.say("%v: life %d, %d lines, %d checks, %.1f MB, %d descriptors, load %s", time.Since(s.began).Round(time.Second), len(s.watch.all), lines,
		s.life.checks, last.memory.Own, last.files, rig.LoadAverage())
	return nil
}
