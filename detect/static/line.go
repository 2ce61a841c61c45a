package static

import (
	"encoding/binary"
	"errors"
	"unicode/utf8"

	"cidrx/detect/cidr"
	"cidrx/detect/match"
	"cidrx/detect/parse"
)

// line counts a line that is not of the usual shape, or has no time, or whose user agent may be on a list, or any if w is careful: found are
// the sets found in it.
func (w *worker) line(lines []byte, b *parse.Brief, found match.Sets) {
	if b.Usual && found != 0 && w.later != 0 {
		b = w.complete(lines, b)
	}
	if !b.Usual {
		w.unusual(lines, b, found)
		return
	}
	w.tally.lines++
	w.tally.accepted++
	if w.sample != nil {
		w.keep(lines[b.Begin:b.End], int(b.End))
	}
	e := w.entryOf(b)
	w.pass(&e, &candidate{lines: lines, brief: b, found: found})
}

// complete returns b with the fields that filters look at.
func (w *worker) complete(lines []byte, b *parse.Brief) *parse.Brief {
	if w.completer != nil {
		w.completer.Complete(lines, b)
		return b
	}
	w.parser.Briefs(lines[:b.End], int(b.Begin), w.later, w.again[:])
	return &w.again[0]
}

// unusual counts a line that only its parser can read.
func (w *worker) unusual(lines []byte, b *parse.Brief, found match.Sets) {
	line, end := lines[b.Begin:b.End], int(b.End)
	long := len(line) > maxLine && tooLong(line)
	if line = trim(line); len(line) == 0 {
		return
	}
	w.tally.lines++
	if long {
		w.tally.long++
		w.skip(line, end, errLong)
		return
	}
	w.arena.Reset()
	if err := w.parser.Parse(line, &w.ev, &w.arena); err != nil {
		w.skip(line, end, err)
		return
	}
	w.tally.accepted++
	if w.sample != nil {
		w.keep(line, end)
	}
	if w.stage == nil {
		w.passEvent(&w.ev, found)
		return
	}
	whole := w.stage.Add(&w.ev)
	w.collect()
	if !whole {
		w.tally.ignored++
		return
	}
	w.passEvent(&w.ev, everySet)
}

// collect counts the login attempts that no line of their own decided.
func (w *worker) collect() {
	w.due = w.stage.Due(w.due[:0])
	for i := range w.due {
		w.passEvent(&w.due[i], everySet)
	}
}

// candidate is where to look for what filters ask of an entry.
type candidate struct {
	lines []byte // of the block
	brief *parse.Brief
	ev    *parse.Event // nil: not made yet
	found match.Sets   // in the line
}

// everySet is found in what several lines told of: each filter must look at it.
const everySet = ^match.Sets(0)

// passEvent is pass for an event.
func (w *worker) passEvent(ev *parse.Event, found match.Sets) {
	e := w.entryOfEvent(ev)
	w.pass(&e, &candidate{ev: ev, found: found})
}

// pass counts an entry in every population whose question it passes.
func (w *worker) pass(e *entry, c *candidate) {
	w.requests += e.n
	if e.known {
		w.first, w.last = min(w.first, e.unix), max(w.last, e.unix)
	} else {
		w.untimed += e.n
	}
	w.agent(e, c)
	w.matchScratch.Reset()
	for _, l := range w.lanes {
		if l.inTime(e.unix, e.known) && (l.filter == nil || l.may(c.found) && w.matches(l, c)) {
			l.add(e)
		}
	}
}

// matches tells whether the entry passes the filter of a lane.
func (w *worker) matches(l *lane, c *candidate) bool {
	switch {
	case l.filter == nil:
		return true
	case c.ev != nil:
	case l.needs.Others:
		w.arena.Reset()
		if w.parser.Parse(c.lines[c.brief.Begin:c.brief.End], &w.ev, &w.arena) != nil {
			return false // a usual line parses
		}
		c.ev = &w.ev
	case l.needs.Method || l.needs.Status:
		b := c.brief
		w.short.Method, w.short.Status = b.Method.Of(c.lines), int(b.Status)
		w.short.Target, w.short.UserAgent = b.Target.Of(c.lines), b.UserAgent.Of(c.lines)
		return l.filter.Match(&w.short, "", &w.matchScratch)
	default:
		return l.filter.MatchTarget(c.brief.Target.Of(c.lines), c.brief.UserAgent.Of(c.lines), &w.matchScratch)
	}
	return l.filter.Match(c.ev, "", &w.matchScratch)
}

// agent looks the user agent up in the lists.
func (w *worker) agent(e *entry, c *candidate) {
	mayAllow, mayDeny := w.counts.allow.may(c.found), w.counts.deny.may(c.found)
	if !mayAllow && !mayDeny {
		return
	}
	var text []byte
	if c.ev != nil {
		text = c.ev.UserAgent
	} else {
		text = c.brief.UserAgent.Of(c.lines)
	}
	e.allowed = mayAllow && w.counts.allow.in(text)
	if !e.allowed && mayDeny && w.counts.deny.in(text) {
		w.denied[e.host()] = true
	}
}

// entryOf is what a usual line counts.
func (w *worker) entryOf(b *parse.Brief) entry {
	e := entry{four: !b.Is6, addr: b.V4, unix: b.Unix, known: b.Unix != untimed, n: 1}
	if b.Is6 {
		e.key = cidr.Key6(b.Hi, b.Lo)
	}
	w.finish(&e)
	return e
}

// entryOfEvent is what an event counts.
func (w *worker) entryOfEvent(ev *parse.Event) entry {
	e := entry{four: ev.Client.Is4(), known: !ev.Time.IsZero(), n: uint64(max(1, ev.Repeat))}
	if e.known {
		e.unix = ev.Time.Unix()
	}
	if e.four {
		raw := ev.Client.As4()
		e.addr = binary.BigEndian.Uint32(raw[:])
	} else {
		e.key = cidr.KeyOf(ev.Client)
	}
	w.finish(&e)
	return e
}

func (w *worker) finish(e *entry) {
	e.at = stamp(e.unix, e.known)
	if s := w.counts.spent; s != nil && e.known && (!e.four || s.touches(e.addr)) {
		e.spent = s.holds(e.host(), e.unix)
	}
}

func (e *entry) host() cidr.Key {
	if e.four {
		return key4(e.addr)
	}
	return e.key
}

// keep puts an accepted line into the sample, if it belongs there.
func (w *worker) keep(line []byte, end int) {
	if at := w.at + int64(end); w.sample.wants(w.log, at) {
		w.sample.add(w.log, at, trim(line))
	}
}

var errLong = errors.New("the line is longer than 1 MiB")

// tooLong tells whether a line is longer than one may be, without the NULs in front of it.
func tooLong(line []byte) bool {
	for len(line) > maxLine && line[0] == 0 {
		line = line[1:]
	}
	return len(line) > maxLine
}

// beginning appends to dst what is shown of a line: the whole of it, or its first maxShown bytes, less a character that they cut, and "…".
func beginning(dst, line []byte) []byte {
	if len(line) <= maxShown {
		return append(dst, line...)
	}
	end := maxShown
	for end > maxShown-utf8.UTFMax && !utf8.RuneStart(line[end]) {
		end--
	}
	return append(append(dst, line[:end]...), "…"...)
}

// skip counts a line that is no event.
func (w *worker) skip(line []byte, end int, err error) {
	t := &w.tally
	if errors.Is(err, parse.ErrIgnored) {
		t.ignored++
		return
	}
	at := w.at + int64(end)
	if t.skipped++; t.skipped == 1 || at < t.exampleAt {
		t.exampleAt, t.why = at, err
		t.example = beginning(t.example[:0], line)
	}
}
