// Package agent is the process on a live host: it follows logs, detects, jails, and keeps the kernel's sets equal to the bans.
//
// The main flow is in this file: sources read and parse (source.go), each on its own goroutine, and hand batches of events to one
// loop, which owns detection and jail (core.go) and needs no locks. What shall be in the kernel goes to the enforcer (enforcer.go);
// what it confirms goes to the state and is then shown, audited and answered (ledger.go). Control requests run on the loop
// (orders.go, status.go).
package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"golang.org/x/sync/errgroup"

	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/agent/host"
	"cidrx/agent/jail"
	"cidrx/agent/loglimit"
	"cidrx/agent/state"
	"cidrx/firewall"
)

// Options are the seams of an Agent: what it touches of the world.
type Options struct {
	Logger    *slog.Logger
	Firewall  func(config.Firewall) (firewall.Firewall, error) // opens the backend; called when something shall be enforced
	Load      func() (*config.Config, []config.Warning, error) // reads the configuration again; nil: it cannot be reloaded
	Clock     func() time.Time                                 // nil: time.Now
	Host      *host.Reader                                     // nil: this host
	Notify    func(state string)                               // told "READY=1", "RELOADING=1", "STOPPING=1", "WATCHDOG=1" (sd_notify(3))
	Reload    <-chan struct{}                                  // a value asks for a reload (SIGHUP)
	ForceMode bool                                             // the configured mode goes before one set with cidrxctl
}

// Agent is one running agent. Run it once.
type Agent struct {
	o   Options
	cfg *config.Config
	log *slog.Logger // limited: see limit

	core     *core // trusted sources
	shadow   *core // sources whose logs others could have written: they only ever observe
	store    *state.Store
	found    *state.Recovered
	ledger   *ledger
	enforcer *enforcer
	sources  *sourceSet
	server   *control.Server
	limit    *loglimit.Limit

	requests chan func(now time.Time)
	facts    chan host.Facts
	started  time.Time

	// What the loop owns.
	mode      state.Mode
	allow     map[netip.Prefix]jail.AllowEntry // run-time allowlist
	gen       uint64                           // newest order to the kernel
	confirmed uint64                           // newest order that it has carried out
	holds     uint64                           // version of the jail's holds in order gen
	fresh     bool                             // the next settle gives an order even if the holds are the same
	kernel    kernelState
	shown     shownState
	guarded   guarded
	logins    recentLogins
	regulars  regulars
	drops     dropCache
	tops      topCache
	metrics   *metrics
	leaks     leaks
	damage    string                 // what was wrong with the state file at the start
	reported  map[reported]time.Time // verdicts of tiers that may not ban, already told of
	callers   chan control.Caller
}

// New opens the state and restores what was in force. Nothing reaches the kernel, and no log is read, before Run.
func New(cfg *config.Config, o Options) (*Agent, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	log, limit := loglimit.Wrap(o.Logger, o.Clock)
	o.Logger = log
	if o.Notify == nil {
		o.Notify = func(string) {}
	}
	if o.Host == nil {
		o.Host = host.New(host.Options{Logger: o.Logger})
	}
	a := &Agent{
		o: o, cfg: cfg, log: log, limit: limit, started: o.Clock(),
		requests: make(chan func(time.Time)), callers: make(chan control.Caller, 16), facts: make(chan host.Facts),
		allow: map[netip.Prefix]jail.AllowEntry{}, fresh: true, metrics: newMetrics(),
	}
	a.enforcer = newEnforcer(func() (firewall.Firewall, error) { return o.Firewall(cfg.Firewall) }, o.Clock, log)
	if err := a.restore(); err != nil {
		return nil, err
	}
	return a, nil
}

// Run follows the logs until ctx is done, then brings everything under way to its end. The kernel's table stays: a stop leaves no gap.
func (a *Agent) Run(ctx context.Context) error {
	listener, err := control.Listen(a.cfg.Agent.Socket)
	if err != nil {
		return errors.Join(err, a.store.Close())
	}
	// What lives on until the loop has finished: sources and server stop first, then the loop, then kernel and state.
	rest, stop := context.WithCancel(context.WithoutCancel(ctx))
	back, bctx := errgroup.WithContext(rest)
	back.Go(func() error { return a.store.Run(bctx) })
	back.Go(func() error { return a.enforcer.run(bctx) })

	front, fctx := errgroup.WithContext(ctx)
	a.server = control.NewServer(a, control.ServerOptions{Logger: a.log, Seen: a.sawCaller})
	front.Go(func() error { return a.server.Run(fctx, listener) })
	front.Go(func() error { return a.reloadOnSignal(fctx) })
	front.Go(func() error { return a.watchHost(fctx) })
	metricsListen := a.cfg.Agent.MetricsListen // from now on a.cfg is the loop's
	front.Go(func() error { return a.serveMetrics(fctx, metricsListen) })
	front.Go(func() error { return a.loop(fctx, bctx) })

	err = front.Wait()
	stop()
	err = errors.Join(err, back.Wait(), a.store.Close())
	a.limit.Flush()
	return err
}

// loop owns everything that has no lock. It ends when ctx is done, the sources have stopped, and nothing waits any more.
func (a *Agent) loop(ctx, rest context.Context) error {
	a.begin(ctx)
	second := time.NewTicker(time.Second)
	defer second.Stop()
	soon := time.NewTimer(time.Hour)
	defer soon.Stop()
	for {
		now := a.o.Clock()
		a.settle(now, cause{})
		a.wakeAt(soon, now)
		select {
		case b := <-a.sources.batches:
			a.take(b)
		case f := <-a.requests:
			f(a.o.Clock())
		case v := <-a.enforcer.results:
			a.kernelSaid(v)
		case <-a.ledger.wake:
			a.showSettled()
		case <-a.store.Wanted():
			a.store.Save(a.everything(), nil)
		case facts := <-a.facts:
			a.protect(facts, a.o.Clock())
		case c := <-a.callers:
			a.protectCaller(c, a.o.Clock())
		case <-soon.C:
			a.tick(a.o.Clock())
		case <-second.C:
			a.tick(a.o.Clock())
		case <-ctx.Done():
			return a.finish(rest)
		}
	}
}

// tick does what time brings when no line does.
func (a *Agent) tick(now time.Time) {
	a.core.advance(now)
	if a.shadow != nil {
		a.shadow.advance(now)
	}
	a.expireMode(now)
	a.expireSessions(now)
	a.expireAllow(now)
	a.showSettled()
	a.renewDenyList(now)
	a.limit.Tick()
	a.o.Notify("WATCHDOG=1")
}

// wakeAt sets the timer to when the next ban ends.
func (a *Agent) wakeAt(t *time.Timer, now time.Time) {
	next, ok := a.core.jail.Next()
	if !ok {
		t.Stop()
		return
	}
	t.Reset(max(0, next.Sub(now)))
}

// finish takes the sources' last batches and waits for what is on its way to kernel and disk, for a while.
func (a *Agent) finish(rest context.Context) error {
	a.log.Info("stopping; the bans stay in the kernel until their time is over")
	a.o.Notify("STOPPING=1")
	a.sources.stop()
	limit := time.NewTimer(stopPatience)
	defer limit.Stop()
	reading := a.sources.done()
	for {
		a.settle(a.o.Clock(), cause{})
		if reading == nil && a.kernel.err != nil && !a.ledger.collapsed() {
			a.ledger.giveUp(a.everything()) // the next start brings it to the kernel
		}
		if reading == nil && a.ledger.idle() {
			return nil
		}
		select {
		case b := <-a.sources.batches:
			a.take(b)
		case <-reading:
			for len(a.sources.batches) > 0 {
				a.take(<-a.sources.batches)
			}
			reading = nil
		case v := <-a.enforcer.results:
			a.kernelSaid(v)
		case <-a.ledger.wake:
			a.showSettled()
		case f := <-a.requests:
			f(a.o.Clock())
		case <-limit.C:
			a.log.Warn("stopping although not everything is on the disk; it is read again from the logs at the next start")
			return nil
		case <-rest.Done():
			return nil
		}
	}
}

// stopPatience is how long a stop waits for kernel and disk.
const stopPatience = 5 * time.Second

// openState gives a predecessor that was killed a moment to be gone: the kernel lets go of its lock only then.
func openState(path string, o state.Options) (*state.Store, *state.Recovered, error) {
	for try := 0; ; try++ {
		store, found, err := state.Open(path, o)
		if !errors.Is(err, state.ErrInUse) || try == lockTries {
			return store, found, err
		}
		time.Sleep(lockPause)
	}
}

const (
	lockTries = 20
	lockPause = 100 * time.Millisecond
)

// restore opens the state and puts back what was in force.
func (a *Agent) restore() error {
	store, found, err := openState(a.cfg.Agent.StateFile(), state.Options{Logger: a.log})
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	a.store, a.found, a.ledger = store, found, newLedger(store)
	if err := a.build(found); err != nil {
		return errors.Join(err, store.Close())
	}
	return nil
}
