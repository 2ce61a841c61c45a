package agent

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/agent/jail"
	"cidrx/agent/loglimit"
	"cidrx/agent/state"
	"cidrx/agent/tail"
	"cidrx/detect"
)

// kernelState is what is known of the firewall.
type kernelState struct {
	err      error
	backend  string
	elements int
	repairs  uint64
	known    bool      // the first order has been answered, one way or the other
	counts   time.Time // when it last began to count what it drops
	holds    bool      // it has confirmed an order since enforcing began
	clean    bool      // it has confirmed that nothing of ours is there
}

// shownState is what may be said of each ban.
type shownState struct {
	pending map[netip.Prefix]int    // changes of a ban that the kernel or the disk has not confirmed
	unsaved map[netip.Prefix]uint64 // bans in force that the disk does not hold before this save succeeds
}

// build makes detection and jail from the configuration and puts back what was found in the state.
func (a *Agent) build(found *state.Recovered) error {
	now := a.o.Clock()
	a.shown = shownState{pending: map[netip.Prefix]int{}, unsaved: map[netip.Prefix]uint64{}}
	a.setMode(found.Mode)
	a.metrics.expect(a.cfg.Live)
	c, err := newCore(a.strategies(a.cfg), jailOptions(a.cfg, !a.mode.Enforce))
	if err != nil {
		return err
	}
	a.core = c
	c.report = a.reportVerdict
	for _, entry := range found.Allow {
		if entry.Origin == sessionOrigin {
			a.guarded.restore(entry)
		} else {
			a.allow[entry.Prefix] = entry
		}
	}
	a.setAllow(now)
	c.note(c.jail.Restore(now, found.Snapshot))
	c.note(c.jail.SetDeny(now, a.cfg.Deny.Prefixes()))
	a.sources, err = newSources(a, a.cfg, found.Positions)
	return err
}

// setMode decides the mode: one set with cidrxctl persists, unless a flag goes before it.
func (a *Agent) setMode(saved *state.Mode) {
	a.mode = state.Mode{Enforce: a.cfg.Agent.Mode == config.Enforce, Since: a.started, By: "configuration"}
	if saved != nil && saved.By != byConfiguration && !a.o.ForceMode {
		a.mode = *saved
	}
}

// begin is the loop's first step: what this host is is known, and what was in force goes to the kernel, before the first line is read.
func (a *Agent) begin(ctx context.Context) {
	facts, err := a.o.Host.Facts(ctx)
	if err != nil {
		a.log.Warn("not everything is known of this host: some of its own addresses may not be protected", "error", err)
	}
	a.protect(facts, a.o.Clock())
	if a.found.Damage != "" {
		a.damage = "bans, mode or allowlist of before may be lost: " + a.found.Damage
		a.log.Error("the state file was damaged", "what", a.found.Damage, "kept_as", a.found.KeptAs)
		a.audit(control.Event{Event: "error", Reason: a.found.Damage})
	}
	a.found = nil
	a.log.Info("cidrx agent starts", "mode", a.modeName(), "bans", len(a.core.jail.Active()), "version", control.Build().Version)
	a.settle(a.o.Clock(), cause{})
	if !a.mode.Enforce {
		a.ready()
	}
}

// ready starts the sources, once, and says so when they have found their places.
func (a *Agent) ready() {
	if a.kernel.known {
		return
	}
	a.kernel.known = true
	a.sources.start()
	list := slices.Clone(a.sources.list)
	go func() {
		awaitPlaces(context.Background(), list)
		a.o.Notify("READY=1")
	}()
}

// settle files what has changed since the last time: a new order to the kernel if it shall hold something else, and an entry for what
// waits for it.
func (a *Agent) settle(now time.Time, cause cause) {
	batch := records(a.core.jail.Unsaved())
	changes := a.core.take()
	believed := len(changes)
	if a.shadow != nil {
		changes = append(changes, a.shadow.take()...)
		a.shadow.jail.Unsaved() // what is only observed is not kept
	}
	a.order(now)
	if len(changes) == 0 && cause.answer == nil && batchEmpty(batch) {
		return
	}
	batch.Audit = auditEvents(changes, a.enforces())
	for _, p := range prefixesOf(changes) {
		a.shown.pending[p]++
	}
	a.file(entry{gen: a.gen, batch: batch, changes: changes, believed: believed, answer: cause.answer, arrived: cause.arrived})
}

// file puts an entry into the ledger. What the ledger had to give up for it will be in the next full save; its events are lost.
func (a *Agent) file(e entry) {
	for _, lost := range a.ledger.add(e, a.confirmed) {
		a.settled(lost.changes)
		if lost.answer != nil {
			lost.answer <- errTooLong
		}
	}
}

// cause is what a change follows from, if somebody wants to know.
type cause struct {
	answer  chan<- error // gets the outcome
	arrived time.Time    // of the lines
}

func batchEmpty(b state.Batch) bool {
	return len(b.Bans) == 0 && len(b.Ended) == 0 && len(b.Graces) == 0
}

// order tells the enforcer what the kernel shall hold, if that is something new.
func (a *Agent) order(now time.Time) {
	holds, version := a.core.jail.Holds()
	if version == a.holds && !a.fresh {
		return
	}
	quiet := a.confirmed == a.gen && a.kernel.clean && a.kernel.err == nil
	a.gen++
	a.holds, a.fresh = version, false
	o := order{gen: a.gen, off: !a.mode.Enforce, holds: holds}
	for _, e := range a.core.jail.AllowEntries() {
		o.allow = append(o.allow, e.Prefix)
	}
	a.enforcer.submit(o)
	if o.off && quiet {
		a.confirmed = a.gen // nothing of ours is there: nobody needs to wait for its removal
	}
}

// kernelSaid takes in what became of an order.
func (a *Agent) kernelSaid(v verdictOfKernel) {
	defer a.ready()
	if v.err != nil {
		if a.kernel.err == nil || a.kernel.err.Error() != v.err.Error() {
			a.log.Error("the firewall does not hold what it should; trying again", "error", v.err)
			a.audit(control.Event{Event: "error", Reason: v.err.Error()})
		}
		a.kernel.err = v.err
		a.ledger.refuse(v.gen, fmt.Errorf("the firewall did not confirm it; it is tried again: %w", v.err))
		if v.off { // observing goes on all the same; the status says what may be left in the kernel
			a.confirm(v.gen)
		}
		return
	}
	if a.kernel.err != nil {
		a.log.Info("the firewall holds what it should again")
	}
	a.kernel.err, a.kernel.elements, a.kernel.clean = nil, v.elements, v.off
	a.kernel.holds = a.kernel.holds || !v.off
	if v.backend != "" {
		a.kernel.backend = v.backend
	}
	if v.result.Full {
		a.kernel.counts = a.o.Clock()
	}
	if v.repaired != nil {
		a.repaired(v)
	}
	a.confirm(v.gen)
}

// confirm lets everything go on that waited for the kernel up to gen.
func (a *Agent) confirm(gen uint64) {
	a.confirmed = max(a.confirmed, gen)
	a.ledger.confirm(a.confirmed, a.everything, a.measure)
}

// measure notes how long it took from a line to the kernel.
func (a *Agent) measure(e entry) {
	if !e.arrived.IsZero() && changed(e.changes, jail.Banned) {
		a.metrics.latency.Observe(a.o.Clock().Sub(e.arrived).Seconds())
	}
}

func (a *Agent) repaired(v verdictOfKernel) {
	a.kernel.repairs++
	by := v.repaired.By
	attrs := []any{"what", v.repaired.What}
	if by != "" { // netlink says who it was, ipset does not
		attrs = append(attrs, "by", by)
	}
	a.log.Warn("somebody changed our table; it is repaired", append(attrs, "added", v.result.Added, "refreshed", v.result.Refreshed, "removed", v.result.Removed)...)
	a.audit(control.Event{Event: "repair", Reason: v.repaired.What, By: by})
}

// showSettled shows what is in force and on the disk: to the log, to callers, to whoever lists bans.
func (a *Agent) showSettled() {
	for _, s := range a.ledger.take() {
		a.settled(s.changes)
		for _, p := range prefixesOf(s.changes) {
			if s.err != nil {
				a.shown.unsaved[p] = s.n
			}
		}
		for _, ch := range s.changes {
			a.metrics.banned(ch, a.cfg.Live)
		}
		a.logChanges(s.changes, s.believed)
		if s.answer != nil {
			a.tops.answered.Add(1)
			s.answer <- notDurable(s.err)
		}
	}
	saved := a.store.Saved()
	for p, n := range a.shown.unsaved {
		if n <= saved {
			delete(a.shown.unsaved, p)
		}
	}
}

// settled notes that changes are not pending any more.
func (a *Agent) settled(changes []jail.Change) {
	for _, p := range prefixesOf(changes) {
		if a.shown.pending[p]--; a.shown.pending[p] <= 0 {
			delete(a.shown.pending, p)
		}
	}
}

// notDurable tells a caller that the kernel has done it and the disk has not.
func notDurable(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("it holds in the kernel, but is not on the disk, and lost if the agent stops now: %w", err)
}

// logChanges logs changes, the first of which are believed. Of a long deny list that was put into force, or taken out of it, only how many
// there are: the list says which, and the bans that somebody has earned would be hard to find among them.
func (a *Agent) logChanges(changes []jail.Change, believed int) {
	listed := map[jail.ChangeKind]int{}
	for _, ch := range changes {
		if ch.Ban.Origin == jail.DenyList {
			listed[ch.Kind]++
		}
	}
	const said = -1
	for i, ch := range changes {
		n := listed[ch.Kind]
		switch {
		case ch.Ban.Origin != jail.DenyList || n > 0 && n <= loglimit.Burst:
			a.logChange(ch, i < believed)
		case n > 0:
			listed[ch.Kind] = said
			a.log.InfoContext(loglimit.Always(context.Background()), string(ch.Kind), "prefixes", n, "reason", ch.Reason)
		}
	}
}

// logChange logs a change. Bans and their ends are what people look for in the log one by one: none of them is suppressed. Those that
// anybody can bring about who can write to a log that is not believed, and refusals, are suppressed when they come in great numbers.
func (a *Agent) logChange(ch jail.Change, believed bool) {
	if ch.Kind == jail.Forgot {
		return
	}
	ctx, level := context.Background(), slog.LevelInfo
	if ch.Kind == jail.Refused {
		level = slog.LevelWarn
	} else if believed || ch.Kind == jail.Unbanned && ch.By != "" { // what somebody has ordered is not theirs who write the log
		ctx = loglimit.Always(ctx)
	}
	attrs := []slog.Attr{slog.Any("prefix", ch.Prefix), slog.String("reason", ch.Reason)}
	if ch.By != "" {
		attrs = append(attrs, slog.String("by", ch.By))
	}
	if ch.Kind == jail.Banned || ch.Kind == jail.Extended {
		attrs = append(attrs, slog.String("state", stateWith(ch.Ban, a.enforces())))
		if !ch.Ban.Until.IsZero() {
			attrs = append(attrs, slog.Time("until", ch.Ban.Until))
		}
	}
	a.log.LogAttrs(ctx, level, string(ch.Kind), attrs...)
}

// audit files an event that is no change of a ban.
func (a *Agent) audit(e control.Event) {
	if e.At.IsZero() {
		e.At = a.o.Clock()
	}
	e.At = e.At.UTC()
	a.file(entry{gen: a.confirmed, batch: state.Batch{Audit: []state.Event{auditEvent(e)}}})
}

// reportVerdict tells of a verdict whose tier may not ban (useForJail = false), of each prefix once in a while.
func (a *Agent) reportVerdict(v detect.Verdict) {
	id := reported{v.Strategy, v.Prefix}
	if last, ok := a.reported[id]; ok && v.Time.Sub(last) < reportEvery {
		return
	}
	if a.reported == nil || len(a.reported) >= maxReportedOnce {
		a.reported = map[reported]time.Time{}
	}
	a.reported[id] = v.Time
	a.log.Info("reported, not banned: its tier may not ban", "prefix", v.Prefix, "reason", v.Reason, "requests", v.Evidence.Requests,
		"hosts", v.Evidence.Hosts, "share", v.Evidence.Share)
}

// reported names what a tier that may not ban has found.
type reported struct {
	strategy string
	prefix   netip.Prefix
}

const (
	reportEvery     = 10 * time.Minute
	maxReportedOnce = 4096
)

// everything is what the state shall hold, for when records had to be given up.
func (a *Agent) everything() state.Batch {
	b := state.Full(a.core.jail.Snapshot())
	for p, e := range a.allow {
		b.Allow = append(b.Allow, state.Change[jail.AllowEntry]{Prefix: p, Value: &e})
	}
	for p := range a.guarded.sessions {
		if c, ok := a.savedSession(p); ok {
			b.Allow = append(b.Allow, c)
		}
	}
	b.Mode, b.Positions = a.savedMode(), a.sources.positions()
	return b
}

// savePositions files how far the logs have been read. It waits for the kernel like everything that followed from those lines.
func (a *Agent) savePositions() {
	if pos := a.sources.takePositions(); len(pos) > 0 {
		a.file(entry{gen: a.gen, batch: state.Batch{Positions: pos}})
	}
}

// positionsBySource is what the state keeps of the sources.
type positionsBySource = map[string][]tail.Position
