package state_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"cidrx/agent/jail"
	"cidrx/agent/state"
	"cidrx/agent/tail"
	"cidrx/detect"
)

// twin is a store in memory.
type twin struct {
	bans, ended map[netip.Prefix]jail.Ban
	graces      map[netip.Prefix]jail.Grace
	allow       map[netip.Prefix]jail.AllowEntry
	mode        *state.Mode
	positions   map[string][]tail.Position
	audit       []string
}

func newTwin() *twin {
	return &twin{
		map[netip.Prefix]jail.Ban{}, map[netip.Prefix]jail.Ban{}, map[netip.Prefix]jail.Grace{}, map[netip.Prefix]jail.AllowEntry{},
		nil, map[string][]tail.Position{}, nil,
	}
}

func (w *twin) save(b state.Batch) {
	if b.Full {
		audit := w.audit
		*w = *newTwin()
		w.audit = audit
	}
	change(w.bans, b.Bans)
	change(w.ended, b.Ended)
	change(w.graces, b.Graces)
	change(w.allow, b.Allow)
	if b.Mode != nil {
		w.mode = b.Mode
	}
	for source, list := range b.Positions {
		w.positions[source] = list
		if len(list) == 0 {
			delete(w.positions, source)
		}
	}
	for _, e := range b.Audit {
		w.audit = append(w.audit, fmt.Sprintf("%d %s", len(w.audit)+1, e.JSON))
	}
}

func change[V any](m map[netip.Prefix]V, list []state.Change[V]) {
	for _, c := range list {
		if c.Value == nil {
			delete(m, c.Prefix)
		} else {
			m[c.Prefix] = *c.Value
		}
	}
}

func (w *twin) recovered() *state.Recovered {
	return &state.Recovered{
		Snapshot: jail.Snapshot{Bans: inOrder(w.bans), Ended: inOrder(w.ended), Graces: inOrder(w.graces)},
		Allow:    inOrder(w.allow), Mode: w.mode, Positions: maps.Clone(w.positions),
	}
}

func inOrder[V any](m map[netip.Prefix]V) (list []V) {
	for _, p := range slices.SortedFunc(maps.Keys(m), netip.Prefix.Compare) {
		list = append(list, m[p])
	}
	return list
}

// maker makes random batches over few prefixes, so that they meet.
type maker struct{ *rand.Rand }

func (m maker) chance(percent int) bool { return m.IntN(100) < percent }

func (m maker) prefix() netip.Prefix {
	if m.chance(50) {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(m.IntN(3)), byte(m.IntN(30)), byte(m.IntN(256))}), m.IntN(33)).Masked()
	}
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, byte(m.IntN(3)), byte(m.IntN(30)), 7: byte(m.IntN(256))}), m.IntN(129)).Masked()
}

func (m maker) time() time.Time {
	if m.chance(10) {
		return time.Time{}
	}
	return time.Unix(m.Int64N(1<<36), m.Int64N(1e9)).UTC()
}

func (m maker) text() string {
	b := make([]byte, m.IntN(40))
	for i := range b {
		b[i] = byte(m.IntN(256))
	}
	return string(b)
}

func (m maker) texts(n int) (list []string) {
	for range m.IntN(n + 1) {
		list = append(list, m.text())
	}
	return list
}

func (m maker) ban(p netip.Prefix) jail.Ban {
	b := jail.Ban{
		Prefix: p, Start: m.time(), Until: m.time(), Stage: m.IntN(7) - 1, Origin: jail.Origin(m.IntN(3)), Reasons: m.texts(8), By: m.text(),
		Evidence: detect.Evidence{Requests: m.Uint64() >> m.IntN(64), Hosts: m.IntN(1000), Share: m.Float64(), First: m.time(), Last: m.time(), Samples: m.texts(3)},
		Observed: m.chance(50), Exported: m.chance(50), Leaked: m.chance(50), Ended: m.chance(50), Ending: jail.Ending(m.text()), Next: m.IntN(7) - 1,
	}
	for range m.IntN(4) {
		b.Except = append(b.Except, m.prefix())
	}
	return b
}

// changes makes up to n changes, a third of them deletions.
func changes[V any](m maker, n int, value func(netip.Prefix) V) (list []state.Change[V]) {
	for range m.IntN(n + 1) {
		p := m.prefix()
		if m.chance(33) {
			list = append(list, state.Delete[V](p))
		} else {
			list = append(list, state.Put(p, value(p)))
		}
	}
	return list
}

func (m maker) batch() state.Batch {
	size := 1 << m.IntN(8)
	b := state.Batch{Full: m.chance(3), Bans: changes(m, size, m.ban), Ended: changes(m, size/4, m.ban)}
	if m.chance(20) {
		b.Graces = changes(m, 5, func(p netip.Prefix) jail.Grace {
			return jail.Grace{Prefix: p, Since: m.time(), Until: m.time(), By: "x"}
		})
		b.Allow = changes(m, 5, func(p netip.Prefix) jail.AllowEntry { return jail.AllowEntry{Prefix: p, Until: m.time(), Note: "<n>"} })
	}
	if m.chance(10) {
		b.Mode = &state.Mode{Enforce: m.chance(50), Since: m.time(), ConfirmBy: m.time()}
	}
	if m.chance(60) {
		list := make([]tail.Position, m.IntN(5))
		for i := range list {
			list[i] = tail.Position{Path: "/log", Ino: m.Uint64(), Offset: m.Int64()}
		}
		b.Positions = map[string][]tail.Position{fmt.Sprint("source", m.IntN(4)): list}
	}
	for range 1 + m.IntN(4) {
		b.Audit = append(b.Audit, state.Event{At: day, JSON: fmt.Appendf(nil, `{"n":%d,"long":"%0*d"}`, m.IntN(1000), 1<<m.IntN(13), 0)})
	}
	return b
}

// Random batches, saved one by one or many at a time, against the twin, with restarts in between.
func TestAgainstTwin(t *testing.T) {
	for seed := range uint64(8) {
		m := maker{rand.New(rand.NewPCG(seed, 1))}
		path := filepath.Join(t.TempDir(), "state.db")
		want := newTwin()
		for range 6 {
			s, got := open(t, path, state.Options{})
			if diff := difference(want.recovered(), got); diff != "" {
				t.Fatalf("seed %d, after reopening (-want +got):\n%s", seed, diff)
			}
			if diff := difference(want.audit, events(t, s.Store)); diff != "" {
				t.Fatalf("seed %d, audit trail (-want +got):\n%s", seed, diff)
			}
			for range m.IntN(60) {
				b := m.batch()
				want.save(b)
				if m.chance(20) {
					s.save(b)
				} else {
					s.Save(b, nil)
				}
			}
			if err := s.close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
