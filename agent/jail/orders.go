package jail

import (
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Errors of Ban, to be asked with errors.Is. The text that wraps them names the prefix and the limit; the next step is the caller's to say.
var (
	ErrPrefix   = errors.New("not a network")
	ErrTooWide  = errors.New("too wide to be banned")
	ErrExempt   = errors.New("never banned")
	ErrDuration = errors.New("not a possible length of a ban")
	ErrFull     = errors.New("no room for another ban")
)

// Order is a ban by hand.
type Order struct {
	Prefix netip.Prefix
	For    time.Duration // at least a second, at most 100 years; 0: the first stage
	Reason string
	By     string // who
}

// Ban bans by hand, exactly for as long as the order says; a running ban of the same prefix gets that end, be it later or sooner, and
// covers all of its prefix again. An entry of the deny list that had been unblocked counts again instead. Grace at or inside the prefix
// ends. No change and no error: the prefix is banned by the deny list already.
func (j *Jail) Ban(now time.Time, o Order) ([]Change, error) {
	changes := j.tick(now)
	p, ok := normal(o.Prefix)
	if !ok {
		return changes, fmt.Errorf("%w: %s", ErrPrefix, o.Prefix)
	}
	o.Prefix = p
	if o.For == 0 {
		o.For = j.o.Stages[0]
	}
	if err := j.objection(o); err != nil {
		return changes, err
	}
	b := &ban{Ban: j.ordered(o)}
	b.Prefix, b.Start = p, j.now
	made, room := j.makeRoom(b)
	if changes = append(changes, made...); !room {
		return changes, fmt.Errorf("%w: %s", ErrFull, j.full())
	}
	j.endGraces(p)
	if running, ok := j.bans.Get(p); ok {
		return append(changes, j.extend(running, b.Ban)...), nil
	}
	if j.deny.lifted[p] != nil {
		return j.relist(changes, p), nil
	}
	j.add(b)
	return append(changes, Change{At: j.now, Kind: Banned, Prefix: p, Ban: b.Ban, Reason: b.lastReason(), By: b.By}), nil
}

// objection is why an order cannot be carried out.
func (j *Jail) objection(o Order) error {
	if j.tooWide(o.Prefix) {
		return fmt.Errorf("%w: %s is %s", ErrTooWide, o.Prefix, j.rail(o.Prefix))
	}
	if why, _ := j.exemption(o.Prefix); why != "" {
		return fmt.Errorf("%w: %s is %s", ErrExempt, o.Prefix, why)
	}
	if o.For < time.Second || o.For > century {
		return fmt.Errorf("%w: %s", ErrDuration, o.For)
	}
	return nil
}

// ordered is the ban that an order asks for.
func (j *Jail) ordered(o Order) Ban {
	reason := o.Reason
	if reason == "" {
		reason = "by hand"
	}
	return Ban{
		Origin: Manual, Stage: -1, Until: j.now.Add(o.For), By: short(o.By), Observed: j.o.Observe,
		Reasons: withReason(nil, reason),
	}
}

// extend makes a running ban what an order asks for.
func (j *Jail) extend(b *ban, to Ban) []Change {
	if b.Origin == DenyList {
		if len(b.Except) == 0 {
			return nil
		}
		to.Origin, to.Until = DenyList, time.Time{}
	}
	return []Change{j.convert(b, to, Extended)}
}

// endGraces ends the grace of p and of all inside it: an order is the newer word. What was requested before an unblock stays forgotten.
func (j *Jail) endGraces(p netip.Prefix) {
	var in []*grace
	for _, g := range j.graces.Subnets(p) {
		in = append(in, g)
	}
	for _, g := range in {
		if g.Until.After(j.now) {
			j.setGrace(Grace{Prefix: g.Prefix, Since: g.Since, Until: g.Since, By: g.By})
		}
	}
}
