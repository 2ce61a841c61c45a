package parse

import "bytes"

// haproxyCaptures is what stands between HAProxy's numbers and the request.
type haproxyCaptures struct {
	request, response []byte // captured headers, values with bars between them
	groups            int    // how many of the two are there; one alone may be either
	noCookie          bool   // no request cookie was captured
}

// haproxyRequest reads ` COOKIE COOKIE STATE CONNECTIONS QUEUES {CAPTURED} {CAPTURED} "REQUEST"`, with whatever follows behind a blank.
func haproxyRequest(b []byte, ev *Event) error {
	at, c, ok := findRequest(b, 0)
	if !ok {
		return errHAProxy
	}
	if !c.noCookie {
		if _, _, again := findRequest(b, at); again {
			return errTwoRequests
		}
	}
	request := b[at:]
	if end := indexByte(request, '"'); end >= 0 {
		if end+1 < len(request) && request[end+1] != ' ' {
			return errTail
		}
		request = request[:end]
	}
	if string(request) != "<BADREQ>" {
		splitRequest(request, ev)
	}
	if c.groups == 2 {
		ev.UserAgent = onlyProduct(c.request)
	}
	return nil
}

// findRequest finds the first quote behind from that may open the request, and what is captured before it. Only a cookie may have other
// quotes with blanks before them; there is a limit to how many are tried.
func findRequest(b []byte, from int) (at int, c haproxyCaptures, ok bool) {
	for range 16 {
		n := bytes.Index(b[from:], []byte(` "`))
		if n < 0 {
			break
		}
		at = from + n + 2
		if c, ok = readCaptures(b[:at-2]); ok {
			return at, c, true
		}
		from = at
	}
	return 0, c, false
}

// readCaptures reads what stands before the request, from the right: cookies may hold blanks.
func readCaptures(b []byte) (c haproxyCaptures, ok bool) {
	for c.groups < 2 && len(b) > 0 && b[len(b)-1] == '}' {
		open := bytes.LastIndexByte(b, '{')
		if open < 1 || b[open-1] != ' ' {
			return c, false
		}
		c.request, c.response = b[open+1:len(b)-1], c.request
		c.groups, b = c.groups+1, b[:open-1]
	}
	b, queues, ok := lastWord(b)
	b, connections, ok2 := lastWord(b)
	b, state, ok3 := lastWord(b)
	if !ok || !ok2 || !ok3 || !isParts(queues, 2) || !isParts(connections, 5) || !isState(state) {
		return c, false
	}
	_, c.noCookie = cutPrefix(b, " - ")
	return c, len(b) > len(" - -")-1 && indexByte(b[1:], ' ') >= 0
}

// isState tells whether b is how a session ended: four letters or dashes.
func isState(b []byte) bool {
	for _, c := range b {
		if c != '-' && c|0x20-'a' > 'z'-'a' {
			return false
		}
	}
	return len(b) == 4
}

// onlyProduct returns the one value of captured headers that begins like a user agent, with a product and its version (RFC 9110,
// section 10.1.5); nil if there is none, or more than one.
func onlyProduct(captured []byte) (agent []byte) {
	for more := true; more; {
		var value []byte
		value, captured, more = bytes.Cut(captured, []byte("|"))
		slash := indexByte(value, '/')
		if slash < 1 || slash+1 == len(value) || value[slash+1]-'0' > 9 || !isMethod(value[:slash]) { // a method is a token, too
			continue
		}
		if agent != nil {
			return nil
		}
		agent = value
	}
	return agent
}

// HashEscapes tells whether p reads a format that writes bytes as #22: HAProxy's. EscapedByte does not know those; Briefs leaves the lines
// that have one to Parse.
func HashEscapes(p Parser) bool {
	if a, ok := p.(*autoParser); ok {
		p = a.settled
	}
	_, ok := p.(*haproxy)
	return ok
}

// unhash undoes HAProxy's #22.
func (a *Arena) unhash(b []byte) []byte {
	i := indexByte(b, '#')
	if i < 0 {
		return b
	}
	start := len(a.buf)
	for ; i >= 0; i = indexByte(b, '#') {
		a.buf = append(a.buf, b[:i]...)
		b = b[i:]
		if len(b) >= 3 && hexValue[b[1]]|hexValue[b[2]] < 16 {
			a.buf, b = append(a.buf, hexValue[b[1]]<<4|hexValue[b[2]]), b[3:]
			continue
		}
		a.buf, b = append(a.buf, '#'), b[1:]
	}
	a.buf = append(a.buf, b...)
	return a.since(start)
}

// Briefs reads lines without escapes.
func (p *haproxy) Briefs(block []byte, from int, _ Fields, out []Brief) (n, next int) {
	return briefPlain(p, '#', &p.event, block, from, out)
}
