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
	buf    []byte       // of its block; nil: no log had to be read yet
	want   parse.Fields // of every line
	later  parse.Fields // of lines that may pass a filter

	timed, filtered []*lane // those behind the first: without a filter and with one

	// Of the log that is read:
	log       int
	parser    parse.Briefer
	completer parse.Completer  // parser, if it is; nil: it must read a line again
	stage     *login.Assembler // nil: no line of the format is part of something
	sample    *sample          // nil: none is kept
	at        int64            // of the block
	tally     logTally

	requests    uint64
	untimed     uint64
	first, last int64
	denied      map[cidr.Key]bool

	careful      bool // any line may pass a filter be on a list of user agents, or be spent evidence
	search       *match.Pass
	inFields     bool // sets are looked for in the fields of the briefs of the log that is read, not in all of its lines
	briefs       [maxBriefs]parse.Brief
	found        [maxBriefs]match.Sets // if inFields: in each of briefs; else 0
	again        [1]parse.Brief        // with the fields for filters, where the parser is no completer
	ev           parse.Event
	short        parse.Event // has those fields only that a Brief has
	arena        parse.Arena
	due          []parse.Event
	matchScratch match.Scratch
}

// maxBriefs is how many lines are read before they are counted.
const maxBriefs = 128

// logTally is what a worker counts of the lines of one log.
type logTally struct {
	lines, accepted, skipped, ignored, long uint64
	exampleAt                               int64 // of the first line that did not parse, if skipped
	example                                 []byte
	why                                     error
}

func newWorker(c *counts) *worker {
	w := &worker{
		counts: c, search: c.sieve.Pass(), first: math.MaxInt64, last: math.MinInt64, denied: map[cidr.Key]bool{},
		careful: c.spent != nil || c.allow.may(0) || c.deny.may(0),
	}
	for i, p := range c.populations {
		l := newLane(p)
		w.lanes = append(w.lanes, l)
		switch {
		case p.filter != nil:
			w.filtered = append(w.filtered, l)
			w.careful = w.careful || l.may(0)
			w.later |= wanted(p.needs)
		case i > 0:
			w.timed = append(w.timed, l)
		}
		if p.filter == nil {
			l.open()
		}
	}
	if c.allow != nil || c.deny != nil {
		w.later |= parse.WantUserAgent
	}
	if w.careful {
		w.want, w.later = w.later, 0
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
	if w.inFields {
		w.search.Start(nil) // nothing to be found by Until
	} else {
		w.search.Start(b.lines)
	}
	for from := 0; from < len(b.lines); {
		var n int
		n, from = w.parser.Briefs(b.lines, from, w.want, w.briefs[:])
		if w.inFields {
			w.search.Briefs(b.lines, w.briefs[:n], w.found[:n])
		}
		w.count(b.lines, w.briefs[:n])
	}
	w.arena.Reset()
}

// count counts lines. Most of them only concern the population of everything, and those that only a time range decides about.
func (w *worker) count(lines []byte, briefs []parse.Brief) {
	everything := w.lanes[0]
	quick := uint64(0)
	hashes := parse.HashEscapes(w.parser)
	for i := range briefs {
		b := &briefs[i]
		found := w.found[i]
		if int(b.End) > w.search.First {
			found = w.search.Until(int(b.End))
		}
		if hashes && !b.Usual { // the search knows no #22
			found = everySet
		}
		if !b.Usual || w.careful || b.Unix == untimed || found != 0 && w.listed(found) {
			w.line(lines, b, found)
			continue
		}
		var candidate *parse.Brief
		if found != 0 && w.concerns(found) {
			if candidate = w.complete(lines, b); !candidate.Usual { // with these fields, of which one holds an escape, say
				w.line(lines, candidate, found)
				continue
			}
		}
		if w.sample != nil {
			w.keep(lines[b.Begin:b.End], int(b.End))
		}
		w.first, w.last = min(w.first, b.Unix), max(w.last, b.Unix)
		everything.putBrief(b)
		for _, l := range w.timed {
			if l.from <= b.Unix && b.Unix <= l.to {
				l.total++
				l.putBrief(b)
			}
		}
		if candidate != nil {
			w.filter(lines, candidate, found)
		}
		quick++
	}
	everything.total += quick
	w.requests += quick
	w.tally.lines += quick
	w.tally.accepted += quick
}

// listed tells whether the user agent of a line in which those sets were found may be on a list.
func (w *worker) listed(found match.Sets) bool {
	return w.counts.allow.may(found) || w.counts.deny.may(found)
}

// concerns tells whether a line in which those sets were found may pass a filter.
func (w *worker) concerns(found match.Sets) bool {
	for _, l := range w.filtered {
		if l.may(found) {
			return true
		}
	}
	return false
}

// filter counts a complete line in the populations whose filters it passes.
func (w *worker) filter(lines []byte, b *parse.Brief, found match.Sets) {
	w.matchScratch.Reset()
	c := candidate{lines: lines, brief: b, found: found}
	for _, l := range w.filtered {
		if l.may(found) && l.inTime(b.Unix, true) && w.matches(l, &c) {
			l.total++
			l.open()
			l.putBrief(b)
		}
	}
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
