package agent_test

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cidrx/agent"
	"cidrx/agent/control"
	"cidrx/detect/cidr"
)

// lived is what became of a log in a live agent.
type lived struct {
	events  []string                // ban, extend, unban and refused, as JSON
	stopped map[netip.Prefix]uint64 // requests that the kernel dropped, by host
}

// live writes the lines one by one, each at its own time, unless the kernel drops its client's packets.
func live(t *testing.T, lines []oldLine) lived {
	r := newRig(t, twoSources)
	r.fixed.Store(lines[0].at.UnixNano())
	files := map[string]*os.File{}
	written := map[string]int64{"web": 0, "ssh": 0}
	for source, name := range map[string]string{"web": "access.log", "ssh": "auth.log"} {
		f, err := os.Create(filepath.Join(r.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files[source] = f
	}
	r.start()
	out := lived{stopped: map[netip.Prefix]uint64{}}
	for _, l := range lines {
		if l.at.UnixNano() > r.fixed.Load() {
			r.fixed.Store(l.at.UnixNano())
		}
		if !r.fake.Packet(l.client) {
			out.stopped[cidr.Host(l.client)] += l.counts
			continue
		}
		if _, err := files[l.source].WriteString(l.text); err != nil {
			t.Fatal(err)
		}
		written[l.source] += int64(len(l.text))
		r.settled(written, false)
	}
	r.settled(written, true)
	for _, e := range r.events() {
		out.events = appendEvent(out.events, e)
	}
	return out
}

// settled waits until all that was written has been dealt with, and the kernel, or the disk too, holds what follows from it.
func (r *rig) settled(written map[string]int64, onDisk bool) {
	r.t.Helper()
	for deadline := time.Now().Add(patience); ; runtime.Gosched() {
		taken, held, saved, err := r.agent.Taken(r.t.Context())
		if err == nil && held && (saved || !onDisk) && taken["web"] == written["web"] && taken["ssh"] == written["ssh"] {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("not settled: written %v, taken %v, %v", written, taken, err)
		}
	}
}

// appendEvent keeps what happens to bans. A replay does not tell what is on the deny list from the start.
func appendEvent(list []string, e control.Event) []string {
	switch e.Event {
	case "ban", "extend", "unban", "refused":
	default:
		return list
	}
	if e.Reason == "on the deny list" {
		return list
	}
	data, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return append(list, string(data))
}

// TestReplayAgreesWithTheAgent runs the same traffic through a replay and through a live agent, line by line on a clock that follows the
// log: the same bans, at the same times, with the same evidence; and as many requests stopped as the kernel would have dropped.
func TestReplayAgreesWithTheAgent(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3} {
		start := time.Now().UTC().Truncate(time.Second)
		parts := logs(generate(seed, start, 2500))
		lines := inOrder(parts["ssh"], parts["web"])
		want := live(t, lines)
		sum, got := replayed(t, twoSources, oldLog{"ssh", text(parts["ssh"]), start}, oldLog{"web", text(parts["web"]), start})
		if diff := cmp.Diff(want.events, got); diff != "" {
			t.Errorf("seed %d: events (-live +replay)\n%s", seed, diff)
		}
		if diff := cmp.Diff(recount(t, want, lines), rows(sum)); diff != "" {
			t.Errorf("seed %d: summary (-live +replay)\n%s", seed, diff)
		}
		if len(got) < 40 || sum.Stopped < 200 {
			t.Errorf("seed %d: %d events, %d requests stopped: too few to tell", seed, len(got), sum.Stopped)
		}
	}
}

// row is what a summary says of a prefix.
type row struct {
	Times   int
	Banned  time.Duration
	Open    bool
	Stopped uint64
	Hosts   int
}

// rows are those of a summary. Users that were only named are left out of the requests: when they count depends on the lines behind
// them, of which a live agent has fewer.
func rows(sum *agent.ReplaySummary) map[netip.Prefix]row {
	out := map[netip.Prefix]row{}
	for _, b := range sum.ByPrefix {
		r := row{b.Times, b.Banned, b.Open, b.Stopped, b.Hosts}
		if namers.Overlaps(b.Prefix) {
			r.Stopped, r.Hosts = 0, 0
		}
		out[b.Prefix] = r
	}
	return out
}

// recount makes the rows from what happened live, the slow way.
func recount(t *testing.T, l lived, lines []oldLine) map[netip.Prefix]row {
	out := map[netip.Prefix]row{}
	since := map[netip.Prefix]time.Time{}
	for _, text := range l.events {
		var e control.Event
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatal(err)
		}
		if e.Event == "refused" {
			continue
		}
		r := out[*e.Prefix]
		start, open := since[*e.Prefix]
		switch {
		case e.Event == "unban":
			r.Banned += e.At.Sub(start)
			delete(since, *e.Prefix)
		case !open:
			r.Times++
			since[*e.Prefix] = e.At
		}
		out[*e.Prefix] = r
	}
	end := slices.MaxFunc(lines, func(a, b oldLine) int { return a.at.Compare(b.at) }).at
	for p, start := range since {
		r := out[p]
		r.Banned, r.Open = r.Banned+end.Sub(start), true
		out[p] = r
	}
	out[denied] = row{Open: true}
	for host, n := range l.stopped {
		widest := host
		for p := range out {
			if p.Overlaps(host) && p.Bits() < widest.Bits() {
				widest = p
			}
		}
		if r := out[widest]; !namers.Overlaps(host) {
			r.Stopped, r.Hosts = r.Stopped+n, r.Hosts+1
			out[widest] = r
		}
	}
	return out
}
