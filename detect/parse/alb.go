package parse

import "time"

// alb reads the access log of AWS's application load balancers. Its clients never send a packet to this host: all events are Forwarded.
// The request's URL is always absolute; Target and Host are the parts of it. Old lines end behind the trace id, newer ones have more
// fields: those are not looked at. AWS writes quotes and control characters as \x22.
type alb struct {
	stamps stamps
	event  Event // for Briefs
}

func newALB(opts Options) (Parser, error) { return &alb{stamps: newStamps(opts)}, nil }

const errALB = failure("the line does not have the fields of a load balancer's log")

// Parse reads a line.
func (p *alb) Parse(line []byte, ev *Event, a *Arena) error {
	ev.reset(line)
	if len(line) == 0 {
		return errEmpty
	}
	kind, rest, ok := cutWord(line)
	if !ok || !isALBType(kind) {
		return errALB
	}
	stamp, rest, ok := cutWord(rest)
	if !ok || len(stamp) < dateLen || stamp[4] != '-' {
		return errTime
	}
	var n int
	if ev.Time, n = p.stamps.scanDate(stamp); n != len(stamp) {
		ev.Time = time.Time{}
		return errTime
	}
	rest, err := p.numbers(rest, ev)
	if err != nil {
		return err
	}
	ev.Forwarded = true
	return p.quoted(rest, ev, a)
}

// isALBType tells whether b is a type of request or connection.
func isALBType(b []byte) bool {
	switch string(b) {
	case "http", "https", "h2", "grpcs", "ws", "wss":
		return true
	}
	return false
}

// numbers reads "NAME CLIENT TARGET TIME TIME TIME STATUS STATUS RECEIVED SENT ". Clients have no say in any of it.
func (p *alb) numbers(b []byte, ev *Event) (rest []byte, err error) {
	for i := range 10 {
		var word []byte
		var ok bool
		if word, b, ok = cutWord(b); !ok {
			return nil, errALB
		}
		switch i {
		case 1:
			if ev.Client, ok = parsePeer(word); !ok {
				return nil, errClient
			}
		case 3, 4, 5:
			if !isDecimal(word) {
				return nil, errALB
			}
		case 6:
			err = setStatus(word, ev)
		case 9:
			err = setBytes(word, ev)
		}
		if err != nil {
			return nil, err
		}
	}
	return b, nil
}

// isDecimal tells whether b is a number of digits, a dot and a sign.
func isDecimal(b []byte) bool {
	for _, c := range b {
		if c-'0' > 9 && c != '.' && c != '-' {
			return false
		}
	}
	return true
}

// quoted reads `"REQUEST" "AGENT" CIPHER PROTOCOL GROUP `.
func (p *alb) quoted(b []byte, ev *Event, a *Arena) error {
	escapes := indexByte(b, '\\') >= 0
	request, b, ok := cutQuoted(b, escapes)
	if !ok {
		return errQuote
	}
	agent, b, ok := cutQuoted(b, escapes)
	if !ok {
		return errQuote
	}
	for range 3 {
		if _, b, ok = cutWord(b); !ok {
			return errALB
		}
	}
	if _, none := cutPrefix(request, "- "); !none { // "- http://HOST:80- -": not even a request line came
		splitRequest(request, ev)
		absolute(ev)
	}
	ev.UserAgent = present(agent)
	if escapes {
		a.unescapeFields(ev)
	}
	return nil
}

// cutQuoted reads a quoted field and the blank behind it.
func cutQuoted(b []byte, escapes bool) (inside, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, nil, false
	}
	n := closingQuote(b[1:], escapes)
	if n < 0 || !follows(b, 1+n, []byte(`" `)) {
		return nil, nil, false
	}
	return b[1 : 1+n], b[n+3:], true
}

// Briefs reads lines without escapes.
func (p *alb) Briefs(block []byte, from int, _ Fields, out []Brief) (n, next int) {
	return briefPlain(p, '\\', &p.event, block, from, out)
}
