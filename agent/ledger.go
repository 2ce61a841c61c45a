package agent

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"net/netip"
	"sync"
	"time"

	"cidrx/agent/control"
	"cidrx/agent/jail"
	"cidrx/agent/state"
)

// entry is what waits for the kernel and then for the disk: changes to be shown, positions to be saved, a caller to be answered.
// Order: kernel, then state, then shown, audited and answered, then the log positions.
type entry struct {
	gen     uint64 // the order to the kernel that must be confirmed first
	batch   state.Batch
	changes []jail.Change

	believed int          // of changes, how many, from the first, follow from sources that are believed
	answer   chan<- error // nil: nobody waits
	arrived  time.Time    // when the batch was read that it follows from; zero: from none
}

// ledger holds entries in order. It belongs to the loop, but for settled, which the store calls.
type ledger struct {
	store    keeper
	waiting  []entry // for the kernel
	saving   int     // entries handed to the store and not settled
	dropped  uint64  // entries whose audit events were dropped because the kernel did not confirm for too long
	gaveUp   bool    // see giveUp
	needFull bool    // so much was dropped that the next save must hold everything

	mu      sync.Mutex
	settled []settlement
	wake    chan struct{}
}

// keeper is the part of state.Store that the ledger needs.
type keeper interface {
	Save(state.Batch, func(error)) uint64
	Saved() uint64
}

// settlement is an entry of which the store has said what became of it.
type settlement struct {
	entry
	n   uint64 // number of the save
	err error  // in force all the same, but not durable
}

// maxWaiting is how many entries wait for a kernel that does not confirm. One more and all of them become one full save.
const maxWaiting = 4096

func newLedger(store keeper) *ledger {
	return &ledger{store: store, wake: make(chan struct{}, 1)}
}

// add files an entry. It goes to the store at once if the kernel has confirmed already. It returns entries that had to be given up.
func (l *ledger) add(e entry, confirmed uint64) (lost []entry) {
	if e.gen <= confirmed && len(l.waiting) == 0 {
		l.save(e)
		return nil
	}
	if len(l.waiting) > 0 && l.waiting[len(l.waiting)-1].join(e) {
		return nil
	}
	if len(l.waiting) >= maxWaiting {
		lost = l.collapse()
	}
	l.waiting = append(l.waiting, e)
	return lost
}

// join takes the positions of a newer entry that has nothing else, if it has nothing else itself: on a busy host there are many.
func (e *entry) join(newer entry) bool {
	if !e.onlyPositions() || !newer.onlyPositions() {
		return false
	}
	maps.Copy(e.batch.Positions, newer.batch.Positions)
	e.gen = newer.gen
	return true
}

func (e *entry) onlyPositions() bool {
	return e.answer == nil && len(e.changes) == 0 && len(e.batch.Positions) > 0 && len(e.batch.Audit)+len(e.batch.Bans)+len(e.batch.Ended)+len(e.batch.Graces)+len(e.batch.Allow) == 0
}

// collapse gives up the records that wait: the next save holds everything instead.
func (l *ledger) collapse() []entry {
	lost := l.waiting
	l.dropped += uint64(len(lost))
	l.needFull, l.waiting = true, nil
	return lost
}

// giveUp saves all that waits without the kernel's word, as one batch that holds everything. Nothing of it is shown.
func (l *ledger) giveUp(all state.Batch) {
	l.refuse(math.MaxUint64, errStopping)
	clear(l.waiting)
	l.waiting = l.waiting[:0]
	l.gaveUp = true
	l.save(entry{batch: all})
}

// collapsed says that giveUp has been called.
func (l *ledger) collapsed() bool { return l.gaveUp }

// errTooLong answers those who waited for a kernel that did not confirm.
var errTooLong = errors.New("the firewall has not confirmed it for a long time; it is tried again")

var errStopping = errors.New("the agent is stopping, and the firewall had not confirmed it")

// confirm saves the entries that waited for the kernel's orders up to gen, and tells of each. full makes the batch that holds everything.
func (l *ledger) confirm(gen uint64, full func() state.Batch, confirmed func(entry)) {
	if l.needFull && (len(l.waiting) == 0 || l.waiting[0].gen <= gen) { // before positions that lie behind what it holds
		l.needFull = false
		l.store.Save(full(), nil)
	}
	n := 0
	for n < len(l.waiting) && l.waiting[n].gen <= gen {
		confirmed(l.waiting[n])
		l.save(l.waiting[n])
		n++
	}
	rest := copy(l.waiting, l.waiting[n:])
	clear(l.waiting[rest:])
	l.waiting = l.waiting[:rest]
}

// refuse answers those who wait for an order that the kernel did not carry out. Their entries stay: it is tried again.
func (l *ledger) refuse(gen uint64, err error) {
	for i := range l.waiting {
		if e := &l.waiting[i]; e.gen <= gen && e.answer != nil {
			e.answer <- err
			e.answer = nil
		}
	}
}

func (l *ledger) save(e entry) {
	l.saving++
	var n uint64
	ready := make(chan struct{}) // the store may call back before Save has returned its number
	n = l.store.Save(e.batch, func(err error) {
		<-ready
		l.mu.Lock()
		l.settled = append(l.settled, settlement{e, n, err})
		l.mu.Unlock()
		select {
		case l.wake <- struct{}{}:
		default:
		}
	})
	close(ready)
}

// take hands out what the store has settled.
func (l *ledger) take() []settlement {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.settled
	l.settled = nil
	l.saving -= len(out)
	return out
}

// idle says that nothing waits, for the kernel or for the disk.
func (l *ledger) idle() bool { return len(l.waiting) == 0 && l.saving == 0 }

// records is what the jail wants saved.
func records(u jail.Unsaved) state.Batch {
	return state.Batch{Bans: u.Bans, Ended: u.Ended, Graces: u.Graces}
}

// auditEvents translates changes for the audit trail.
func auditEvents(changes []jail.Change, firewall bool) []state.Event {
	var out []state.Event
	for _, ch := range changes {
		if ch.Kind != jail.Forgot {
			out = append(out, auditEvent(changeEvent(ch, firewall)))
		}
	}
	return out
}

func auditEvent(e control.Event) state.Event {
	data, err := json.Marshal(e)
	if err != nil { // only a time beyond year 9999 could do that
		data = []byte(`{"event":"error","reason":"an event could not be written down"}`)
	}
	return state.Event{At: e.At, JSON: data}
}

// changeEvent is a change as the audit trail and replay show it; firewall says that there is one to enforce with.
func changeEvent(ch jail.Change, firewall bool) control.Event {
	e := control.Event{At: ch.At.UTC(), Event: string(ch.Kind), Prefix: &ch.Prefix, Reason: ch.Reason, By: ch.By}
	if ch.Kind != jail.Banned && ch.Kind != jail.Extended {
		return e
	}
	b := ch.Ban
	e.Until, e.State = until(b), stateWith(b, firewall)
	if b.Origin == jail.Detected {
		e.Stage = &b.Stage
	}
	e.Requests, e.Hosts, e.Share, e.Samples = b.Evidence.Requests, b.Evidence.Hosts, b.Evidence.Share, b.Evidence.Samples
	return e
}

func until(b jail.Ban) *time.Time {
	if b.Until.IsZero() {
		return nil
	}
	t := b.Until.UTC()
	return &t
}

// banState is the state of a ban that the kernel has confirmed.
func banState(b jail.Ban) string {
	switch {
	case b.Ended:
		return "ended"
	case b.Observed:
		return "observed"
	case b.Exported:
		return "exported"
	}
	return "in_force"
}

// stateWith is banState where there may be no firewall: then bans are only exported.
func stateWith(b jail.Ban, firewall bool) string {
	if s := banState(b); s != "in_force" || firewall {
		return s
	}
	return "exported"
}

// wireBan translates a ban for the control socket.
func wireBan(b jail.Ban, now time.Time) control.Ban {
	out := control.Ban{
		Prefix: b.Prefix, Except: b.Except, Start: b.Start.UTC(), Until: until(b), Stage: b.Stage, State: banState(b), Durable: true,
		Reasons: b.Reasons, Requests: b.Evidence.Requests, Hosts: b.Evidence.Hosts, Share: b.Evidence.Share, Samples: b.Evidence.Samples,
		FirstSeen: instant(b.Evidence.First), LastSeen: instant(b.Evidence.Last),
	}
	if !b.Until.IsZero() && !b.Ended {
		out.RemainingS = int64(max(0, b.Until.Sub(now)).Round(time.Second) / time.Second)
	}
	return out
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// prefixesOf lists the prefixes of changes that wait to be shown.
func prefixesOf(changes []jail.Change) []netip.Prefix {
	var out []netip.Prefix
	for _, ch := range changes {
		if ch.Kind == jail.Banned || ch.Kind == jail.Extended {
			out = append(out, ch.Ban.Prefix)
		}
	}
	return out
}
