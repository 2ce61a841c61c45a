package static

import (
	"math"
	"time"

	"cidrx/detect/cidr"
	"cidrx/detect/login"
	"cidrx/detect/match"
	"cidrx/detect/parse"
)

// worker counts lines. Each has what it needs for itself, but for the tables of the populations.
type worker struct {
	counts *counts
	lanes  []*lane
	buf    []byte // of its block
	want   parse.Fields

	// Of the log that is read:
	log    int
	parser parse.Briefer
	stage  *login.Assembler // nil: no line of the format is part of something
	sample *sample          // nil: none is kept
	at     int64            // of the block
	tally  logTally

	requests    uint64
	untimed     uint64
	first, last int64
	denied      map[cidr.Key]bool

	careful      bool // each line may concern more than the population of everything
	soonest      int  // where in the block the next line is that some filter may pass
	allowed      int  // where the next user agent may be that is allowed; -1: it may be in each line
	deny         int
	briefs       [128]parse.Brief
	ev           parse.Event
	short        parse.Event // has those fields only that a Brief has
	arena        parse.Arena
	due          []parse.Event
	matchScratch match.Scratch
}

// logTally is what a worker counts of the lines of one log.
type logTally struct {
	lines, accepted, skipped, ignored, long uint64
	exampleAt                               int64 // of the first line that did not parse, if skipped
	example                                 []byte
	why                                     error
}

func newWorker(c *counts, buf []byte) *worker {
	w := &worker{counts: c, buf: buf, first: math.MaxInt64, last: math.MinInt64, denied: map[cidr.Key]bool{}}
	for i, p := range c.populations {
		w.lanes = append(w.lanes, newLane(p))
		w.want |= wanted(p.needs)
		w.careful = w.careful || i > 0 && p.filter == nil
	}
	w.lanes[0].waiting = new([shards * batch]seen)
	w.careful = w.careful || c.spent != nil
	if c.allow != nil || c.deny != nil {
		w.want |= parse.WantUserAgent
	}
	return w
}

// wanted are the fields of a Brief that a filter looks at.
func wanted(n match.Needs) (want parse.Fields) {
	for _, one := range []struct {
		needed bool
		field  parse.Fields
	}{
		{n.Target, parse.WantTarget}, {n.UserAgent, parse.WantUserAgent}, {n.Method, parse.WantMethod}, {n.Status, parse.WantStatus},
	} {
		if one.needed {
			want |= one.field
		}
	}
	return want
}

// block counts the lines of a block.
func (w *worker) block(b block) {
	w.at = b.at
	w.seek(b.lines)
	for from := 0; from < len(b.lines); {
		var n int
		n, from = w.parser.Briefs(b.lines, from, w.want, w.briefs[:])
		w.count(b.lines, w.briefs[:n])
	}
	w.arena.Reset()
}

// seek finds the first candidates of all filters.
func (w *worker) seek(lines []byte) {
	for _, l := range w.lanes {
		l.seek(lines, 0)
	}
	w.allowed, w.deny = w.counts.allow.seek(lines, 0), w.counts.deny.seek(lines, 0)
	w.findSoonest()
}

// findSoonest finds the next line that some filter or list of user agents may pass.
func (w *worker) findSoonest() {
	w.soonest = min(w.allowed, w.deny)
	for _, l := range w.lanes {
		if l.filter != nil {
			w.soonest = min(w.soonest, l.next)
		}
	}
}

// count counts lines. Most of them only concern the population of everything.
func (w *worker) count(lines []byte, briefs []parse.Brief) {
	everything := w.lanes[0]
	quick := uint64(0)
	for i := range briefs {
		b := &briefs[i]
		if !b.Usual || b.Is6 || w.careful || int(b.End) >= w.soonest || b.Unix == untimed {
			w.line(lines, b)
			continue
		}
		if w.sample != nil {
			w.keep(lines[b.Begin:b.End], int(b.End))
		}
		w.first, w.last = min(w.first, b.Unix), max(w.last, b.Unix)
		everything.put(seen{b.V4, stamp(b.Unix, true)})
		quick++
	}
	everything.total += quick
	w.requests += quick
	w.tally.lines += quick
	w.tally.accepted += quick
}

// untimed is what a Brief has for the time of a line without one.
var untimed = time.Time{}.Unix()

// flush ends the counting.
func (w *worker) flush() {
	c := w.counts
	for i, l := range w.lanes {
		l.flush()
		c.populations[i].total += l.total
		c.populations[i].allowed += l.allowed
	}
	c.requests, c.untimed = c.requests+w.requests, c.untimed+w.untimed
	c.widen(w.first, w.last)
	for k := range w.denied {
		c.denied[k] = true
	}
}
