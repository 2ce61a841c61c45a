package agent

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"cidrx/agent/jail"
	"cidrx/firewall"
)

// denyHold is how long the kernel keeps an element that has no end of its own (deny list) without hearing from us: a dead agent
// cannot ban for ever. It is renewed every half of that.
const denyHold = 24 * time.Hour

// enforcer brings what the jail holds into the kernel, on a goroutine of its own. Orders that come while one is carried out
// replace each other: the next sync carries out the newest.
type enforcer struct {
	open    func() (firewall.Firewall, error)
	clock   func() time.Time
	log     *slog.Logger
	wake    chan struct{}
	results chan verdictOfKernel

	mu        sync.Mutex
	fw        firewall.Firewall // nil until the first order opens it
	order     *order
	repair    bool
	drift     firewall.Drift  // the newest one that asks for a repair
	repairing *firewall.Drift // what has not been put right yet
	active    bool            // the last order was not "off": what others do to our table matters
}

// order is a state that the kernel shall have. gen numbers the loop's states; a confirmed order confirms all before it.
type order struct {
	gen   uint64
	off   bool // observe mode: nothing of ours shall be in the kernel
	holds []jail.Hold
	allow []netip.Prefix
}

// verdictOfKernel is what became of an order.
type verdictOfKernel struct {
	gen      uint64
	off      bool // the order was that nothing of ours shall be there
	elements int
	result   firewall.Result
	repaired *firewall.Drift // somebody else had changed our table, and this sync put it right
	backend  string
	err      error
}

func newEnforcer(open func() (firewall.Firewall, error), clock func() time.Time, log *slog.Logger) *enforcer {
	return &enforcer{open: open, clock: clock, log: log, wake: make(chan struct{}, 1), results: make(chan verdictOfKernel, 16)}
}

// submit replaces the order that waits, if any. It never blocks.
func (e *enforcer) submit(o order) {
	e.mu.Lock()
	e.order = &o
	e.mu.Unlock()
	e.poke()
}

// drifted asks for a repair: the last order once more.
func (e *enforcer) drifted(d firewall.Drift) {
	e.mu.Lock()
	e.repair, e.drift = e.active, d
	e.mu.Unlock()
	e.poke()
}

func (e *enforcer) poke() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// take returns the order to carry out: a new one, or the last one once more. drift is not nil when that is (also) a repair.
func (e *enforcer) take(last *order) (o *order, drift *firewall.Drift) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.repair {
		d := e.drift
		o, e.repairing = last, &d
	}
	if e.order != nil {
		o = e.order
	}
	e.order, e.repair, drift = nil, false, e.repairing
	if o != nil {
		e.active = !o.off
	}
	return o, drift
}

// run carries out orders until ctx is done. What fails is tried again, ever less often, unless a newer order comes.
func (e *enforcer) run(ctx context.Context) error {
	defer e.close()
	var last *order
	retry := time.NewTimer(time.Hour)
	retry.Stop()
	wait := firstRetry
	for {
		o, drift := e.take(last)
		if o == nil {
			select {
			case <-ctx.Done():
				return nil
			case <-e.wake:
			case <-retry.C:
				e.again(last)
			}
			continue
		}
		last = o
		v := e.carryOut(ctx, o)
		if retry.Stop(); v.err != nil {
			retry.Reset(wait)
			wait = min(2*wait, lastRetry)
		} else {
			wait, v.repaired, e.repairing = firstRetry, drift, nil
		}
		select {
		case e.results <- v:
		case <-ctx.Done():
			return nil
		}
	}
}

const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// again puts a failed order back, unless a newer one has come.
func (e *enforcer) again(last *order) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.order == nil {
		e.order = last
	}
}

func (e *enforcer) carryOut(ctx context.Context, o *order) verdictOfKernel {
	v := verdictOfKernel{gen: o.gen, off: o.off}
	fw, err := e.firewall(ctx)
	if err != nil {
		v.err = err
		return v
	}
	v.backend = fw.Name()
	if o.off {
		v.err = fw.Remove(ctx)
		return v
	}
	want := firewall.Want{Elements: elements(o.holds, e.clock()), Allow: o.allow}
	v.result, v.err = fw.Sync(ctx, want)
	v.elements = len(want.Elements)
	return v
}

// firewall opens the firewall at the first order, and from then on watches what others do to it.
func (e *enforcer) firewall(ctx context.Context) (firewall.Firewall, error) {
	if fw := e.opened(); fw != nil {
		return fw, nil
	}
	fw, err := e.open()
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	e.fw = fw
	e.mu.Unlock()
	go func() {
		if err := fw.Watch(ctx, e.drifted); err != nil {
			e.log.Error("changes that others make to the firewall are not seen at once", "error", err)
		}
	}()
	return fw, nil
}

// opened is the firewall, or nil.
func (e *enforcer) opened() firewall.Firewall {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.fw
}

// close lets go of the firewall and leaves the kernel's table in place: a stop leaves no gap.
func (e *enforcer) close() {
	if fw := e.opened(); fw != nil {
		if err := fw.Close(); err != nil {
			e.log.Warn("closing the firewall", "error", err)
		}
	}
}

// elements gives the kernel's view of holds: those without an end get one that moves on twice a day.
func elements(holds []jail.Hold, now time.Time) []firewall.Element {
	out := make([]firewall.Element, len(holds))
	rolling := now.Truncate(denyHold / 2).Add(denyHold + denyHold/2)
	for i, h := range holds {
		until := h.Until
		if until.IsZero() {
			until = rolling
		}
		out[i] = firewall.Element{Prefix: h.Prefix, Until: until}
	}
	return out
}
