package agent

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/gaissmai/bart"

	"cidrx/agent/control"
	"cidrx/agent/jail"
	"cidrx/agent/tail"
	"cidrx/detect"
	"cidrx/detect/cidr"
	"cidrx/firewall"
)

// Version says which build this is.
func (a *Agent) Version(context.Context) (control.Version, error) { return control.Build(), nil }

// Status says how it stands.
func (a *Agent) Status(ctx context.Context) (control.Status, error) {
	drops, used := a.dropped(ctx), usage()
	return ask(ctx, a, func(now time.Time) (control.Status, error) { return a.status(now, drops, used), nil })
}

// status is how it stands; used is what usage said.
func (a *Agent) status(now time.Time, drops firewall.Counters, used []control.Limit) control.Status {
	s := control.Status{
		Mode: a.modeName(), ConfirmBy: instant(a.mode.ConfirmBy), Version: control.Build().Version, Backend: a.backend(),
		UptimeS: int64(now.Sub(a.started) / time.Second), Protected: a.protected(), Evictions: a.evictions(),
		Limits: append(used[:len(used):len(used)], a.queues()...),
	}
	s.State, s.Why = a.health()
	for _, src := range a.sources.list {
		s.Sources = append(s.Sources, src.status())
	}
	for _, st := range a.core.engine.Stats() {
		if st.Name != selftestName {
			s.Strategies = append(s.Strategies, control.Strategy{Name: st.Name, Requests: st.Requests, Addresses: st.Addresses, WindowS: st.Window.Seconds(), Verdicts: st.Verdicts})
		}
	}
	s.Bans.IPv4, s.Bans.IPv6 = a.core.jail.Count()
	s.Kernel = control.Kernel{Elements: a.kernel.elements, Repairs: a.kernel.repairs, Drift: a.driftNow()}
	for _, n := range drops.Sets {
		s.Kernel.DroppedPackets += n
	}
	return s
}

// health is the first word of the status, and what is broken.
func (a *Agent) health() (state, why string) {
	switch {
	case a.mode.Enforce && a.kernel.err != nil:
		return "broken", a.kernel.err.Error()
	case a.mode.Enforce && !a.kernel.holds:
		return "broken", "the kernel has not confirmed anything yet: it was only just asked to"
	case a.store.Err() != nil:
		return "broken", a.store.Err().Error()
	case a.mode.Enforce && !a.enforces():
		return "observing", `firewall.backend is "none"`
	case a.mode.Enforce:
		return "enforcing", a.damage
	}
	if a.kernel.err != nil {
		return "observing", "bans of an earlier run may still be in the kernel: " + a.kernel.err.Error()
	}
	return "observing", a.damage
}

func (a *Agent) enforces() bool { return a.cfg.Firewall.Backend != "none" }

func (a *Agent) backend() string {
	if a.kernel.backend != "" {
		return a.kernel.backend
	}
	return a.cfg.Firewall.Backend
}

// driftNow is by how many elements the kernel's confirmed state differs from what it should hold.
func (a *Agent) driftNow() int {
	if !a.mode.Enforce || a.confirmed == a.gen && a.kernel.err == nil {
		return 0
	}
	holds, _ := a.core.jail.Holds()
	d := len(holds) - a.kernel.elements
	return max(d, -d, 1)
}

func (a *Agent) protected() []control.Protected {
	var out []control.Protected
	for _, p := range a.core.jail.ProtectedEntries() {
		out = append(out, control.Protected{Prefix: p.Prefix, Why: p.Why, Until: instant(p.Until)})
	}
	return out
}

// evictions are the things dropped for want of room, refused, or given up, as far as that happened.
func (a *Agent) evictions() []control.Count {
	return slices.DeleteFunc(a.refusals(), func(c control.Count) bool { return c.N == 0 })
}

// refusals are everything that can be dropped, refused or given up, and how often it was.
func (a *Agent) refusals() []control.Count {
	j, st := a.core.jail.Counts(), a.store.Counts()
	counts := []control.Count{
		{What: "verdicts refused: wider than maxPrefix", N: j.TooWide}, {What: "verdicts refused: never banned", N: j.Exempt},
		{What: "verdicts refused: grace after an unblock", N: j.Graced}, {What: "verdicts refused: no room", N: j.Full},
		{What: "bans that went for want of room", N: j.Evicted}, {What: "/64 bans that became their /48", N: j.Merged},
		{What: "ended bans forgotten early", N: j.Forgotten}, {What: "bans without their sample lines", N: j.Samples},
		{What: "pieces left open: a carve-out needs too many", N: uint64(max(0, j.Open))},
		{What: "audit events pruned", N: st.AuditPruned}, {What: "audit events never saved", N: st.AuditDropped + a.ledger.dropped},
		{What: "lines of the agent's own log suppressed: too many alike", N: a.limit.Suppressed()},
		{What: "control connections turned away: too many open", N: a.server.Refused()},
	}
	for _, s := range a.core.engine.Stats() {
		if s.Name != selftestName {
			counts = append(counts, control.Count{What: "counts evicted from the window of " + s.Name, N: s.Evicted})
		}
	}
	for _, s := range a.sources.list {
		counts = append(counts, control.Count{What: "sshd connections forgotten early in source " + s.cfg.Name, N: s.counts.evicted.Load()})
		for _, f := range s.files() {
			for _, loss := range f.Losses {
				counts = append(counts, control.Count{What: loss.What + " in source " + s.cfg.Name, N: loss.N})
			}
		}
	}
	return counts
}

// status of a source: one row, whatever the number of its files.
func (s *source) status() control.Source {
	c := &s.counts
	failed, ignored := c.failed.Load(), c.ignored.Load() // before lines, of which they are a part
	out := control.Source{
		Name: s.cfg.Name, Path: s.where(), Lines: c.lines.Load(), Failed: failed, Ignored: ignored, Cut: c.cut.Load(),
		LagS: time.Duration(c.lag.Load()).Seconds(), OffsetS: c.offset.Load() / int64(time.Second), Trusted: true, Unparsable: c.unparsable(),
	}
	var problems, notes []string
	files := s.files()
	followed := slices.ContainsFunc(files, func(f tail.FileStatus) bool { return f.Error == "" })
	for _, f := range files {
		if f.Error != "" && !(followed && strings.Contains(f.Error, "no such file")) { // one of several usual places is enough
			problems = append(problems, f.Path+": "+f.Error)
		}
		if f.Note != "" {
			notes = append(notes, f.Note)
		}
		if f.Untrusted != "" && !s.cfg.Trust {
			out.Trusted = false
			problems = append(problems, fmt.Sprintf(control.OnlyObserved+"%s (trust = true believes it all the same)", f.Untrusted))
		}
	}
	select {
	case <-s.stopped:
		if s.err != nil && !errors.Is(s.err, context.Canceled) {
			problems = append(problems, s.err.Error())
		}
	default:
	}
	out.Error, out.Note = joined(problems), joined(notes)
	return out
}

// maxProblems bounds how many of a source's files are named that have one.
const maxProblems = 5

// joined is a text of several, with the number of those that it leaves out.
func joined(texts []string) string {
	if more := len(texts) - maxProblems; more > 0 {
		texts = append(texts[:maxProblems:maxProblems], fmt.Sprintf("and %d more like these", more))
	}
	return strings.Join(texts, "; ")
}

// files is how it stands with each of the source's files.
func (s *source) files() []tail.FileStatus {
	if s.follower == nil {
		return nil
	}
	return s.follower.Status()
}

// Bans lists active bans, and ended ones too if all.
func (a *Agent) Bans(ctx context.Context, all bool) ([]control.Ban, error) {
	drops := a.dropped(ctx)
	return ask(ctx, a, func(now time.Time) ([]control.Ban, error) {
		var list []jail.Ban
		for _, c := range a.cores() {
			list = append(list, c.jail.Active()...)
			if all {
				list = append(list, c.jail.History()...)
			}
		}
		return a.wireBans(list, now, drops), nil
	})
}

// wireBans translates bans and says of each what the kernel and the disk have confirmed.
func (a *Agent) wireBans(list []jail.Ban, now time.Time, drops firewall.Counters) []control.Ban {
	out := make([]control.Ban, 0, len(list))
	byBan, exempt := a.dropsByBan(drops), a.exemptions()
	for _, b := range list {
		w := wireBan(b, now)
		if !b.Ended {
			w.Except = cidr.Merge(append(slices.Clone(b.Except), slices.Collect(exempt.Subnets(b.Prefix))...))
		}
		if w.State == "in_force" {
			w.State = a.stateNow(b)
			a.setDropped(&w, b, byBan)
		}
		n, unsaved := a.shown.unsaved[b.Prefix]
		w.Durable = (!unsaved || n <= a.store.Saved()) && w.State != "pending"
		out = append(out, w)
	}
	return out
}

// exemptions are what is carved out of every ban: the allowlist, and what is never banned of this host and its administrators.
func (a *Agent) exemptions() *bart.Lite {
	table := &bart.Lite{}
	for _, e := range a.core.jail.AllowEntries() {
		table.Insert(e.Prefix)
	}
	for _, e := range a.core.jail.ProtectedEntries() {
		table.Insert(e.Prefix)
	}
	return table
}

// stateNow is how far a ban that is to be in force has got.
func (a *Agent) stateNow(b jail.Ban) string {
	switch {
	case !a.mode.Enforce: // made while enforcing; now its packets pass
		return "observed"
	case !a.enforces():
		return "exported"
	case a.shown.pending[b.Prefix] > 0 || a.kernel.err != nil || !a.kernel.holds:
		return "pending"
	}
	return "in_force"
}

// Why tells everything known of an address.
func (a *Agent) Why(ctx context.Context, addr netip.Addr) (control.Why, error) {
	drops := a.dropped(ctx)
	return ask(ctx, a, func(now time.Time) (control.Why, error) {
		w := control.Why{Address: addr}
		for _, c := range a.cores() {
			st := c.jail.Lookup(addr)
			if c == a.shadow && len(st.Bans)+len(st.History) == 0 {
				continue
			}
			w.Bans = append(w.Bans, a.wireBans(st.Bans, now, drops)...)
			w.History = append(w.History, a.wireBans(st.History, now, drops)...)
			w.Samples = append(w.Samples, c.engine.Samples(clientPrefix(addr))...)
		}
		st := a.core.jail.Lookup(addr)
		w.Allowed, w.Protected = allowedText(st), protectedText(st, now)
		w.Strategies = standings(a.core.engine.Explain(now, addr))
		return w, nil
	})
}

func allowedText(st jail.Standing) string {
	e := st.Allowed
	if !e.Prefix.IsValid() {
		return ""
	}
	text := fmt.Sprintf("%s by %s", e.Prefix, e.Origin)
	if e.Note != "" {
		text += " (" + e.Note + ")"
	}
	return text
}

func protectedText(st jail.Standing, now time.Time) string {
	if st.Protected.Prefix.IsValid() {
		return fmt.Sprintf("%s: %s", st.Protected.Prefix, st.Protected.Why)
	}
	if g := st.Grace; g.Prefix.IsValid() && now.Before(g.Until) {
		return fmt.Sprintf("%s has grace since it was unblocked by %s: until %s a verdict needs five times the requests", g.Prefix, g.By, g.Until.UTC().Format(time.RFC3339))
	}
	return ""
}

func standings(in []detect.Standing) []control.Standing {
	var out []control.Standing
	for _, s := range in {
		if s.Strategy != selftestName {
			out = append(out, control.Standing{Name: s.Strategy, Tier: s.Tier, Prefix: s.Prefix, Requests: s.Requests, Needed: s.Needed, Hosts: s.Hosts, HostsNeeded: s.HostsNeeded})
		}
	}
	return out
}

// Events sends the audit trail.
func (a *Agent) Events(ctx context.Context, follow bool, send func(control.Event) error) error {
	return sendAudit(ctx, a.store, follow, send)
}
