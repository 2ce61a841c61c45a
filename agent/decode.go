package agent

import (
	"bytes"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"cidrx/detect"
	"cidrx/detect/login"
	"cidrx/detect/parse"
)

// decoder turns the bytes of one source into events, each with the strategies that it concerns. It belongs to the goroutine that
// reads the source.
type decoder struct {
	name      string
	parser    parse.Parser
	assembler *login.Assembler // nil: the receiver of the events puts them together
	matcher   *detect.Matcher
	counts    *sourceCounts
	due       []parse.Event
}

func newDecoder(name string, parser parse.Parser, m *detect.Matcher, counts *sourceCounts) *decoder {
	return &decoder{name: name, parser: parser, assembler: login.New(0), matcher: m, counts: counts}
}

// batch is what one wake-up of a source brought: its events in the order of the log. It is recycled; its events alias its arena and
// the chunk they came from.
type batch struct {
	events []parse.Event
	masks  []detect.Mask // of events, by index
	gen    uint64        // generation of the matcher that made masks
	arena  parse.Arena
}

func (b *batch) reset() {
	clear(b.events) // lets go of the chunk's memory
	b.events, b.masks = b.events[:0], b.masks[:0]
	b.arena.Reset()
}

// decode appends the events of whole lines to b. times, if there are any, are when each of the lines was written.
func (d *decoder) decode(b *batch, lines []byte, times []time.Time) {
	b.gen = d.matcher.Generation()
	for n := 0; len(lines) > 0; n++ {
		line := lines
		if end := bytes.IndexByte(lines, '\n'); end >= 0 {
			line, lines = lines[:end], lines[end+1:]
		} else {
			lines = nil
		}
		var at time.Time
		if n < len(times) {
			at = times[n]
		}
		d.line(b, bytes.TrimSuffix(line, []byte{'\r'}), at)
	}
}

// line appends the event of one line, if it has one. Events are parsed in place: they are large. at is the time of a line that has none.
func (d *decoder) line(b *batch, line []byte, at time.Time) {
	if len(line) == 0 {
		return
	}
	d.counts.lines.Add(1)
	n := len(b.events)
	b.events = append(b.events, parse.Event{})
	ev := &b.events[n]
	if err := d.parser.Parse(line, ev, &b.arena); err != nil {
		d.counts.refuse(line, err)
		b.events = b.events[:n]
		return
	}
	if ev.Time.IsZero() {
		ev.Time = at
	}
	if ev.Part.Kind == parse.NotPart {
		b.masks = append(b.masks, d.matcher.Mask(ev, d.name))
	} else if d.assembler == nil {
		b.masks = append(b.masks, 0) // only the whole attempt can be asked
	} else {
		d.assemble(b, n)
	}
}

// assemble puts the line whose event is the last of b, at n, to those of its connection. Attempts that this made due come before it, so
// that their place does not depend on how the lines were batched.
func (d *decoder) assemble(b *batch, n int) {
	ev := b.events[n]
	whole := d.assembler.Add(&ev)
	b.events = b.events[:n]
	d.collectDue(b)
	if !whole {
		d.counts.ignored.Add(1)
		return
	}
	b.events = append(b.events, ev)
	b.masks = append(b.masks, d.matcher.Mask(&ev, d.name))
}

// collectDue appends login attempts that no line of their own decided.
func (d *decoder) collectDue(b *batch) {
	d.due = d.assembler.Due(d.due[:0])
	if st := d.assembler.Stats(); st.Evicted+st.Dropped > 0 {
		d.counts.evicted.Store(st.Evicted + st.Dropped)
	}
	for i := range d.due {
		b.events = append(b.events, d.due[i])
		b.masks = append(b.masks, d.matcher.Mask(&d.due[i], d.name))
	}
}

// maxRefused is how many lines that do not parse are kept to be shown, and maxRefusedLine how much of each.
const (
	maxRefused     = 3
	maxRefusedLine = 200
)

// sourceCounts are what is known of a source's lines. They are written by its goroutine and read by the loop.
type sourceCounts struct {
	lines, failed, ignored, cut atomic.Uint64
	evicted                     atomic.Uint64 // sshd connections forgotten early
	lag                         atomic.Int64  // nanoseconds between a line's arrival and its being counted
	offset                      atomic.Int64  // nanoseconds added to log times

	mu      sync.Mutex
	refused []string // the newest lines that did not parse, with why
}

func (c *sourceCounts) refuse(line []byte, err error) {
	if errors.Is(err, parse.ErrIgnored) {
		c.ignored.Add(1)
		return
	}
	c.failed.Add(1)
	if n := c.failed.Load(); n > maxRefused && n&(n-1) != 0 { // later ones ever more rarely: a hostile log must not cost us
		return
	}
	text := string(line[:min(len(line), maxRefusedLine)]) + ": " + err.Error()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused = append(c.refused, text)
	if len(c.refused) > maxRefused {
		c.refused = c.refused[1:]
	}
}

func (c *sourceCounts) unparsable() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.refused...)
}

// clockOffset finds a steady difference between log time and arrival, such as a wrong time zone makes: the smallest of the last
// lines' ages, when even that is too large to be a delay.
type clockOffset struct {
	ages [offsetLines]time.Duration
	n    int
}

const (
	offsetLines    = 100
	offsetMinLines = 10
	offsetLimit    = 2 * time.Minute
)

// add notes a line's age at its arrival and returns what must be added to log times now.
func (o *clockOffset) add(age time.Duration) time.Duration {
	o.ages[o.n%offsetLines] = age
	o.n++
	seen := min(o.n, offsetLines)
	if age <= offsetLimit || seen < offsetMinLines { // the usual case: one fresh line is enough
		return 0
	}
	least := o.ages[0]
	for _, a := range o.ages[1:seen] {
		least = min(least, a)
	}
	if least <= offsetLimit {
		return 0
	}
	return least
}

// rehearse is decode for lines that only warm the windows up: they count in no metric.
func (d *decoder) rehearse(b *batch, lines []byte, times []time.Time) {
	counts := d.counts
	d.counts = new(sourceCounts)
	defer func() { d.counts = counts }()
	d.decode(b, lines, times)
}
