package parse

import "bytes"

// stretch is a run of places outside quotes, up to a quote or the end of the line. At most one of them, free, may hold the very text
// that ends it: a user name with blanks (a client sends any name it likes, and nginx logs it unasked), a target with blanks. What
// stands left of it is read from the left, what stands right of it from the right, where no client's text gets in between: a quote
// inside a field is always escaped, so the first plain one ends the stretch.
type stretch struct {
	first, last int // places
	free        int // place, -1: none
}

// stretches finds the runs of open places.
func (l *layout) stretches() []stretch {
	var out []stretch
	for i := 0; i < len(l.places); i++ {
		if l.places[i].quoted {
			continue
		}
		s := stretch{first: i, last: i, free: -1}
		for s.last+1 < len(l.places) && !l.places[s.last+1].quoted {
			s.last++
		}
		s.free = l.freePlace(s)
		out = append(out, s)
		i = s.last
	}
	return out
}

// freePlace picks the place of s that may hold blanks: the last one that clients write, else the last that is skipped, if it comes
// after the client's address.
func (l *layout) freePlace(s stretch) int {
	skipped, afterClient := -1, s.first > 0 && l.hasClientBefore(s.first)
	free := -1
	for i := s.first; i <= s.last; i++ {
		switch f := l.places[i].field; {
		case f == fieldClient:
			afterClient = true
		case afterClient && f.written():
			free = i
		case afterClient && f == fieldSkip:
			skipped = i
		}
	}
	if free < 0 {
		return skipped
	}
	return free
}

func (l *layout) hasClientBefore(i int) bool {
	for _, p := range l.places[:i] {
		if p.field == fieldClient {
			return true
		}
	}
	return false
}

// markSuspects marks the open places behind the client's address if a virtual host, which clients may choose, stands unquoted before
// it: see holdsAddress.
func (l *layout) markSuspects() {
	host, client := false, false
	for i := range l.places {
		p := &l.places[i]
		switch {
		case p.field == fieldHost && !p.quoted && !client:
			host = true
		case p.field == fieldClient:
			client = true
		}
		p.suspect = host && client && (p.field == fieldSkip || p.field == fieldUser) && !p.quoted
	}
}

// holdsAddress tells whether b has an address in it. Where a client's text may stand before the address, a Host header with blanks
// and an address in it would move the real one into a later field; so such lines are refused.
func holdsAddress(b []byte) bool {
	if len(b) == 1 {
		return false // "-", nearly always
	}
	for len(b) > 0 {
		n := 0
		for n < len(b) && (hexValue[b[n]] < 16 || b[n] == '.' || b[n] == ':') {
			n++
		}
		if _, ok := parseClient(b[:n]); ok {
			return true
		}
		b = b[min(n+1, len(b)):]
	}
	return false
}

// again reads the stretch in which reading from the left failed at place i. Its free place, which begins at free, is taken as wide as
// it will go. again returns the stretch's last place and where the next one begins, or err when that does not help.
func (t *text) again(i, free int, ev *Event, err error) (last, next int, _ error) {
	for _, s := range t.stretches {
		if i <= s.last {
			if s.free < 0 || i < s.free {
				break
			}
			return t.fromRight(s, free, ev, err)
		}
	}
	return i, 0, err
}

// fromRight reads the places of s from the last to the free one, which begins at free.
func (t *text) fromRight(s stretch, free int, ev *Event, err error) (last, next int, _ error) {
	line := ev.Line
	next = len(line)
	if s.last < len(t.places)-1 {
		quote := closingQuote(line[free:], t.escapes)
		if quote < 0 {
			return s.last, 0, err
		}
		next = free + quote + 1
	}
	end := next
	for i := s.last; i > s.free; i-- {
		begin, ok := t.leftward(i, free, end, ev)
		if !ok {
			return s.last, 0, err
		}
		end = begin
	}
	p := &t.places[s.free]
	if end -= len(p.after); end < free || !follows(line, end, p.after) {
		return s.last, 0, err
	}
	return s.last, next, t.set(p, line[free:end], ev)
}

// leftward reads open place i, whose text and what follows it end at end, and returns where it begins. Nothing before floor is its.
func (t *text) leftward(i, floor, end int, ev *Event) (begin int, ok bool) {
	p := &t.places[i]
	end -= len(p.after)
	if end < floor || !follows(ev.Line, end, p.after) {
		return 0, false
	}
	before := t.places[i-1].after
	if p.field == fieldTime { // may hold a blank itself
		for _, n := range [...]int{clfLen, clfLen + 2, dateLen} {
			begin = end - n
			if begin-len(before) >= floor && follows(ev.Line, begin-len(before), before) && t.set(p, ev.Line[begin:end], ev) == nil {
				return begin, true
			}
		}
	}
	gap := bytes.LastIndex(ev.Line[floor:end], before)
	if gap < 0 {
		return 0, false
	}
	begin = floor + gap + len(before)
	return begin, t.set(p, ev.Line[begin:end], ev) == nil
}
