package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"cidrx/cmd/internal/rig"
)

// row is one figure of the table. Some only explain others and have no target.
type row struct {
	what, target, measured string
	missed                 bool
	timed                  bool // depends on how busy the machine is
}

// report is everything that the soak has found.
type report struct{ rows []row }

func (r *report) tell(what, format string, args ...any) {
	r.rows = append(r.rows, row{what: what, target: "–", measured: fmt.Sprintf(format, args...)})
}

func (r *report) hold(what, target string, ok bool, format string, args ...any) {
	r.rows = append(r.rows, row{what: what, target: target, missed: !ok, measured: fmt.Sprintf(format, args...)})
}

// clock is hold for what depends on how busy the machine is.
func (r *report) clock(what, target string, ok bool, format string, args ...any) {
	r.hold(what, target, ok, format, args...)
	r.rows[len(r.rows)-1].timed = true
}

// missed are the targets that were; with untimed only those that a busy machine is no excuse for.
func (r *report) missed(untimed bool) (out []string) {
	for _, row := range r.rows {
		if row.missed && !(untimed && row.timed) {
			out = append(out, row.what+": "+row.measured)
		}
	}
	return out
}

// print prints the table as markdown.
func (r *report) print(out io.Writer, head string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n| figure | target | measured |\n|---|---|---|\n", head)
	for _, row := range r.rows {
		mark := ""
		if row.missed {
			mark = "**MISSED** "
		}
		fmt.Fprintf(&b, "| %s | %s | %s%s |\n", row.what, row.target, mark, strings.ReplaceAll(row.measured, "|", `\|`))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// report draws the table up.
func (s *soak) report() *report {
	r := &report{}
	s.reportDone(r)
	s.reportCounts(r)
	s.reportAttackers(r)
	s.reportTimes(r)
	s.reportStarts(r)
	s.reportPackets(r)
	s.reportGrowth(r)
	return r
}

// reportDone says what was done to the agent.
func (s *soak) reportDone(r *report) {
	lines, bytes := s.log.written()
	took := s.ended.Sub(s.began)
	rate := float64(lines) / took.Seconds()
	r.clock("offered", fmt.Sprintf("%d lines/s", s.plan.lines), rate >= 0.99*float64(s.plan.lines), "%.0f lines/s for %v: %d lines, %.1f GB", rate, took.Round(time.Second), lines, float64(bytes)/1e9)
	c := s.counts
	r.tell("done to it", "%d rotations (every %v), %d reloads (every %v; %d of another configuration, %d refused), %d foreign flushes (every %v), %d times kill -9 (every %v)",
		c.rotations, s.plan.rotate, c.reloads, s.plan.reload, c.changed, c.refused, c.flushes, s.plan.flush, len(s.kills), s.plan.kill)
	s.told.mu.Lock()
	defer s.told.mu.Unlock()
	r.hold("what its audit trail says went wrong", "nothing", s.told.wrong.n == 0, "%s; %d bans, %d ends of bans, %d reloads, %d repairs", s.told.wrong.String(),
		s.told.kinds["ban"], s.told.kinds["unban"], s.told.kinds["reload"], s.told.kinds["repair"])
}

// reportCounts says whether every line was counted once.
func (s *soak) reportCounts(r *report) {
	checks := 0
	for _, l := range s.watch.all {
		checks += l.checks
	}
	r.hold("lines counted against lines written", "none lost, none twice", s.wrong.n == 0, "%s in %d checks of %d lives", s.wrong.String(), checks, len(s.watch.all))
	var reread []string
	for _, k := range s.kills {
		reread = append(reread, fmt.Sprintf("%d (%.0f ms of traffic)", k.reread, 1000*float64(k.reread)/float64(s.plan.lines)))
	}
	r.tell("lines before each kill that the next life counted: not read yet, or their batch not saved", "%s", strings.Join(reread, ", "))
}

// reportAttackers says whether who had to be banned was, and nobody else.
func (s *soak) reportAttackers(r *report) {
	guilty, banned, innocent := 0, 0, 0
	for _, a := range s.cast.all() {
		switch {
		case !a.guilty():
			innocent++
		case a.inForce.IsZero():
			guilty++
		default:
			guilty, banned = guilty+1, banned+1
		}
	}
	r.hold("attackers with exactly the lines that ban them", "all banned", banned == guilty, "%d of %d", banned, guilty)
	w := &s.witness.wrong
	r.hold("attackers with one line fewer, and everybody else", "none banned; nobody twice", w.n == 0, "%s, of %d attackers and %d ordinary clients", w.String(), innocent, s.plan.addresses)
	a := s.auditor
	r.hold("the kernel's sets, listed with nft", "every ban until its end, no other", a.wrong.n == 0, "%s; %d bans compared in %d lists; nft could not make sense of %d more, and overlooked %d bans that the kernel had", a.wrong.String(), a.elements, a.looks, a.unclear, a.overlooked)
}

// String is what went wrong, or "nothing".
func (f *faults) String() string {
	if f.n == 0 {
		return "nothing"
	}
	return fmt.Sprintf("%d: %s", f.n, strings.Join(f.first, "; "))
}

// times are how long bans took, by what went on meanwhile.
type times struct{ usual, flushed, restarted rig.Spread }

func (s *soak) times() (t times) {
	for _, a := range s.cast.all() {
		if a.marker || a.inForce.IsZero() {
			continue
		}
		switch start, killed := s.restarting(a); {
		case killed && a.crossed.Before(start):
			t.restarted = append(t.restarted, a.inForce.Sub(start))
		case killed:
			t.restarted = append(t.restarted, a.inForce.Sub(a.crossed))
		case s.flushing(a):
			t.flushed = append(t.flushed, a.inForce.Sub(a.crossed))
		default:
			t.usual = append(t.usual, a.inForce.Sub(a.crossed))
		}
	}
	return t
}

// slowest are the bans that took longest of those that nothing excuses, and what was done to the agent meanwhile.
func (s *soak) slowest() string {
	list := slices.DeleteFunc(s.cast.all(), func(a attacker) bool {
		_, killed := s.restarting(a)
		return a.marker || a.inForce.IsZero() || killed || s.flushing(a)
	})
	slices.SortFunc(list, func(x, y attacker) int { return cmp.Compare(y.inForce.Sub(y.crossed), x.inForce.Sub(x.crossed)) })
	var out []string
	for _, a := range list[:min(len(list), 5)] {
		text := fmt.Sprintf("%s at %v", rig.Short(a.inForce.Sub(a.crossed)), a.crossed.Sub(s.began).Round(100*time.Millisecond))
		for _, d := range s.deeds {
			if d.to.After(a.crossed) && d.from.Before(a.inForce) {
				text += ", " + d.what
			}
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

// restarting says whether the ban had to wait for an agent that was dead or had not caught up, and when that was started.
func (s *soak) restarting(a attacker) (start time.Time, killed bool) {
	for i, k := range s.kills {
		if l := s.watch.all[i+1]; a.inForce.After(k.at) && a.crossed.Before(l.caughtUp) {
			return l.start, true
		}
	}
	return time.Time{}, false
}

func (s *soak) flushing(a attacker) bool {
	return slices.ContainsFunc(s.gaps, func(g gap) bool { return a.inForce.After(g.from) && a.crossed.Before(g.to) })
}

// What bans may take.
const (
	medianToBan  = 2 * time.Millisecond
	p99ToBan     = 25 * time.Millisecond
	backAfter    = 200 * time.Millisecond // a flush
	startedAfter = time.Second            // a start
)

// reportTimes says how long bans took.
func (s *soak) reportTimes(r *report) {
	t := s.times()
	if u := t.usual; len(u) > 0 {
		r.clock("time to ban: write(2) of the line to the kernel's notice", "median ≤ 2 ms, p99 ≤ 25 ms", u.Median() <= medianToBan && u.At(0.99) <= p99ToBan, "%s", u.Tail())
		r.tell("the slowest of them, and what was done to the agent meanwhile", "%s", s.slowest())
	}
	if f := t.flushed; len(f) > 0 {
		r.tell("time to ban while a flush was being repaired", "%s", f)
	}
	if k := t.restarted; len(k) > 0 {
		r.clock("time to ban, from the start after a kill: lines logged while it was dead or catching up", "≤ 1 s", k.At(1) <= startedAfter, "%s", k)
	}
	if b := s.repairs; len(b) > 0 {
		r.clock(fmt.Sprintf("all %d standing bans back after a foreign flush", len(s.standing)), "median ≤ 200 ms", b.Median() <= backAfter, "%s", b)
	}
}

// reportStarts says how long starts took.
func (s *soak) reportStarts(r *report) {
	var ready, back, caught rig.Spread
	for _, l := range s.watch.all {
		ready, back, caught = append(ready, l.ready.Sub(l.start)), append(back, l.back.Sub(l.start)), append(caught, l.caughtUp.Sub(l.start))
	}
	if len(back) == 0 {
		return
	}
	r.clock("from a start until all standing bans were confirmed (after a kill they stay in the kernel meanwhile)", "≤ 1 s", back.At(1) <= startedAfter, "%s", back)
	r.tell("from a start until it said that it was ready", "%s", ready)
	r.tell("from a start until the log was caught up with", "%s", caught)
}

// reportPackets says what came through.
func (s *soak) reportPackets(r *report) {
	n, longest := s.door.outside(s.gaps)
	d := s.door
	r.hold("packets of banned clients let in while nobody had flushed the ruleset", "none", n == 0, "%d of %d sent", n, d.sent)
	r.tell("longest time that banned clients were let in after a flush", "%s", rig.Short(longest))
	r.hold("packets of a client that is not banned", "let in", d.freeCameIn >= d.freeSent*9/10, "%d of %d", d.freeCameIn, d.freeSent)
}
