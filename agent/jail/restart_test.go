package jail_test

import (
	"encoding/json"
	"net/netip"
	"time"

	"pgregory.net/rapid"

	"cidrx/agent/jail"
)

type disk struct {
	bans, ended map[netip.Prefix]jail.Ban
	graces      map[netip.Prefix]jail.Grace
}

func save[V any](m map[netip.Prefix]V, entries []jail.Entry[V]) {
	for _, e := range entries {
		if delete(m, e.Prefix); e.Value != nil {
			m[e.Prefix] = *e.Value
		}
	}
}

// restart makes a new jail of what is on the disk, perhaps with a clock that was set back.
func (x *world) restart() {
	back := rapid.SampledFrom([]time.Duration{0, 0, time.Minute, 20 * time.Hour}).Draw(x.t, "back")
	x.w.now = x.w.now.Add(-back)
	now := x.w.now
	j := jail.New(x.w.o)
	first := rapid.Bool().Draw(x.t, "allow first")
	if first {
		j.SetAllow(now, x.w.allow)
		j.SetProtected(now, x.w.protected)
	}
	changes := j.Restore(now, x.disk.snapshot(x.t))
	if !first {
		changes = append(changes, j.SetAllow(now, x.w.allow)...)
		changes = append(changes, j.SetProtected(now, x.w.protected)...)
	}
	changes = append(changes, j.SetDeny(now, x.w.deny)...)
	x.w.restart()
	x.w.step(now)
	x.w.redeny()
	x.ends(changes)
	for _, b := range j.Active() { // evidence that was merely refreshed is not on the disk
		x.w.get(b.Prefix).hosts = b.Evidence.Hosts
	}
	x.j, x.version, x.held, x.copied = j, 0, nil, nil
	x.w.refused = refusals(j.Counts())
}

// restart moves what began in the future to now.
func (w *twin) restart() {
	move := func(first, other *time.Time) {
		if back := first.Sub(w.now); back > 0 {
			*first = first.Add(-back)
			if !other.IsZero() {
				*other = other.Add(-back)
			}
		}
	}
	for _, b := range w.bans {
		move(&b.start, &b.until)
	}
	for p, b := range w.past {
		move(&b.until, &b.start)
		w.past[p] = b
	}
	for p, g := range w.graces {
		move(&g.Since, &g.Until)
		w.graces[p] = g
	}
}

// snapshot is what is on the disk, written and read.
func (d disk) snapshot(t *rapid.T) (s jail.Snapshot) {
	for _, b := range d.bans {
		s.Bans = append(s.Bans, b)
	}
	for _, b := range d.ended {
		s.Ended = append(s.Ended, b)
	}
	for _, g := range d.graces {
		s.Graces = append(s.Graces, g)
	}
	text, err := json.Marshal(s)
	if err == nil {
		s = jail.Snapshot{}
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}
