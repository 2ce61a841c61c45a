package parse

import (
	"bytes"
	"time"
)

// text reads lines by a layout, from left to right. A stretch of places outside quotes is read again from the right when that fails,
// because a user name or a target may hold blanks: see stretch.
type text struct {
	layout
	preset    bool // of the common log format: its own time stamps only, and more fields may follow after a blank
	stretches []stretch
	stamps    stamps
	opts      Options
	list      []byte // the forwarded list of the line being read
	escapes   bool   // the line being read has a backslash in it
}

func newText(l layout, preset bool, opts Options) *text {
	t := &text{layout: l, preset: preset, stretches: l.stretches(), stamps: newStamps(opts), opts: opts}
	for _, s := range t.stretches {
		if s.free >= 0 {
			t.places[s.free].free = true
		}
	}
	t.markSuspects()
	return t
}

// Parse reads a line. The places must follow each other exactly; only the quote that ends the line may be missing.
func (t *text) Parse(line []byte, ev *Event, a *Arena) error {
	ev.reset(line)
	if len(line) == 0 {
		return errEmpty
	}
	t.list, t.escapes = nil, bytes.IndexByte(line, '\\') >= 0
	if !bytes.HasPrefix(line, t.before) {
		return errShape
	}
	if err := t.read(ev); err != nil {
		return err
	}
	if t.escapes {
		a.unescapeFields(ev)
	}
	ev.Forwarded = ev.Forwarded || t.opts.Forwarded
	return t.opts.forward(ev, t.list)
}

// read reads all places of ev's line.
func (t *text) read(ev *Event) error {
	pos, free := len(t.before), 0
	for i := 0; i < len(t.places); i++ {
		if t.places[i].free {
			free = pos
		}
		next, err := t.place(i, pos, ev)
		if err == nil && i == len(t.places)-1 && next < len(ev.Line) && !(t.preset && ev.Line[next] == ' ') {
			err = errTail
		}
		if err != nil {
			if i, next, err = t.again(i, free, ev, err); err != nil {
				return err
			}
		}
		pos = next
	}
	return nil
}

// place reads place i at pos and the text after it; next is where the following place begins.
func (t *text) place(i, pos int, ev *Event) (next int, err error) {
	p, line := &t.places[i], ev.Line
	if !p.quoted {
		next, err = t.open(p, pos, ev)
	} else if end := closingQuote(line[pos:], t.escapes); end >= 0 {
		next, err = pos+end, t.set(p, line[pos:pos+end], ev)
	} else {
		return t.unclosed(i, pos, ev)
	}
	if err == nil && !follows(line, next, p.after) {
		err = errShape
	}
	return next + len(p.after), err
}

// follows tells whether after stands in line at pos.
func follows(line []byte, pos int, after []byte) bool {
	if len(after) == 1 {
		return pos < len(line) && line[pos] == after[0]
	}
	return len(line)-pos >= len(after) && string(line[pos:pos+len(after)]) == string(after)
}

// closingQuote finds the quote that ends the field at the start of b. Apache writes a quote inside as \" and a backslash as \\; nginx
// writes \x22 and \x5C.
func closingQuote(b []byte, escapes bool) int {
	i := bytes.IndexByte(b, '"')
	for escapes && i > 0 && b[i-1] == '\\' && oddBackslashes(b[:i]) {
		n := bytes.IndexByte(b[i+1:], '"')
		if n < 0 {
			return -1
		}
		i += 1 + n
	}
	return i
}

// oddBackslashes tells whether b ends in an odd number of backslashes, so that what follows is escaped.
func oddBackslashes(b []byte) bool {
	return (len(b)-len(bytes.TrimRight(b, `\`)))%2 == 1
}

// unclosed takes the rest of the line for the last place when its closing quote, the last thing in the format, is missing.
func (t *text) unclosed(i, pos int, ev *Event) (next int, err error) {
	if i < len(t.places)-1 || string(t.places[i].after) != `"` {
		return 0, errQuote
	}
	return len(ev.Line), t.set(&t.places[i], ev.Line[pos:], ev)
}

// open reads a place outside quotes. Times, numbers and IPv4 addresses end by themselves, others where the text after them begins.
func (t *text) open(p *place, pos int, ev *Event) (next int, err error) {
	b := ev.Line[pos:]
	switch p.field {
	case fieldClient:
		if addr, n := scanIPv4(b); n > 0 && (len(p.after) == 0 || n < len(b) && b[n] == p.after[0]) {
			ev.Client = addr
			return pos + n, nil
		}
	case fieldTime:
		at, n := t.stamp(b)
		if n == 0 {
			return 0, errTime
		}
		ev.Time = at
		return pos + n, nil
	case fieldStatus, fieldBytes:
		if _, n := scanNumber(b); n > 0 {
			return pos + n, t.set(p, b[:n], ev)
		}
	}
	end := t.endOf(p, b)
	if end < 0 {
		return 0, errShape
	}
	if p.field.written() && closingQuote(b[:end], t.escapes) >= 0 && string(b[:end]) != noUser {
		return 0, errShape // servers escape the quotes in what clients write
	}
	return pos + end, t.set(p, b[:end], ev)
}

// noUser is how Apache logs an empty user name.
const noUser = `""`

// stamp reads the time stamp at the start of b.
func (t *text) stamp(b []byte) (at time.Time, n int) {
	if !t.preset {
		return t.stamps.scan(b)
	}
	if len(b) < clfLen {
		return at, 0
	}
	return t.stamps.clf.parse(b)
}

// endOf finds the end of the open place at the start of b: where the text after it first stands, or a blank or the end of the line
// for the last one.
func (t *text) endOf(p *place, b []byte) int {
	if len(p.after) == 1 {
		return bytes.IndexByte(b, p.after[0])
	}
	if len(p.after) > 0 {
		if len(b) > 1 && b[0] == '-' && follows(b, 1, p.after) {
			return 1
		}
		return bytes.Index(b, p.after)
	}
	if i := bytes.IndexByte(b, ' '); i >= 0 && t.preset {
		return i
	}
	return len(b)
}

// set gives ev the field whose text is b.
func (t *text) set(p *place, b []byte, ev *Event) error {
	if p.suspect && holdsAddress(b) {
		return errTwoPlaces
	}
	switch p.field {
	case fieldClient:
		addr, ok := parseClient(b)
		if !ok {
			return errClient
		}
		ev.Client = addr
	case fieldTime:
		at, n := t.stamp(b)
		if n == 0 || n != len(b) {
			return errTime
		}
		ev.Time = at
	case fieldRequest:
		splitRequest(b, ev)
	case fieldStatus:
		return setStatus(b, ev)
	case fieldBytes:
		return setBytes(b, ev)
	default:
		t.setText(p.field, present(b), ev)
	}
	return nil
}

// setText gives ev a field that is text.
func (t *text) setText(f field, b []byte, ev *Event) {
	switch f {
	case fieldMethod:
		ev.Method = b
	case fieldTarget:
		ev.Target = b
	case fieldAgent:
		ev.UserAgent = b
	case fieldReferer:
		ev.Referer = b
	case fieldHost:
		ev.Host = b
	case fieldUser:
		if string(b) != noUser {
			ev.User = b
		}
	case fieldForwarded:
		t.list = b
	}
}

// setStatus reads a status of one to three digits; 000 and "-" are none.
func setStatus(b []byte, ev *Event) error {
	v, n := scanNumber(b)
	if string(b) != "-" && (n != len(b) || n > 3 || n == 0) {
		return errStatus
	}
	ev.Status = int(v)
	return nil
}

// setBytes reads a count; "-" is none.
func setBytes(b []byte, ev *Event) error {
	if string(b) == "-" {
		return nil
	}
	v, n := scanNumber(b)
	if n != len(b) || n == 0 {
		return errBytes
	}
	ev.Bytes = v
	return nil
}

// unescapeFields undoes the escapes in the fields of ev that are text.
func (a *Arena) unescapeFields(ev *Event) {
	ev.Target = a.unescape(ev.Target)
	ev.Host = a.unescape(ev.Host)
	ev.UserAgent = a.unescape(ev.UserAgent)
	ev.Referer = a.unescape(ev.Referer)
	ev.User = a.unescape(ev.User)
}
