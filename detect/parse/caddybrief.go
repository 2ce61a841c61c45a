package parse

import "encoding/binary"

// Briefs reads lines without collecting their headers. With trusted proxies the headers decide about the client, and no line is usual.
func (c *caddy) Briefs(block []byte, from int, want Fields, out []Brief) (n, next int) {
	if len(c.opts.TrustedProxies) > 0 {
		return briefless{c}.Briefs(block, from, want, out)
	}
	if c.lines == nil {
		c.lines = new(jsonLines)
	}
	c.want = want
	return c.lines.briefs(c, block, from, out)
}

// slow reads a line of any shape as Parse does.
func (c *caddy) slow(line []byte, b *Brief) bool {
	c.brief, c.plain = true, true
	return c.read(line, &c.event, nil) == nil && c.plain && b.of(&c.event)
}

// caddySaid is what was found of a line that is not in its Brief yet. What was not found begins at 0.
type caddySaid struct {
	time, client, remote piece
	agent                bool // there was a header User-Agent
}

// piece is text of a window.
type piece struct{ from, to int }

// What caddyOuter finds in the line's object, and caddyRequest in that of the request.
const (
	caddyTime = 1 + iota
	caddyStatus
	caddySize
	caddyAsked
)

const (
	caddyClient = 1 + iota
	caddyRemote
	caddyRemoteOld
	caddyMethod
	caddyTarget
	caddyHeaders
)

var (
	caddyOuter   = newKeyTable("ts", "status", "size", "request")
	caddyRequest = newKeyTable("client_ip", "remote_ip", "remote_addr", "method", "uri", "headers")
)

// quick reads a line of the usual shape.
func (c *caddy) quick(l *markedJSON, at spot, b *Brief) (next spot) {
	c.said = caddySaid{}
	b.Status, b.Method, b.Target, b.UserAgent = 0, Span{}, Span{}, Span{}
	at, more := l.enter(at)
	for more {
		use, kind, from, to, next := l.seek(at, caddyOuter)
		if use == 0 {
			at = next
			break
		}
		switch {
		case use == caddyAsked:
			next = c.quickRequest(l, next, b)
		case !c.quickField(use, l.text, from, to, b):
			return spot{}
		case kind == jsonNested:
			next = l.brackets(next)
		}
		at, more = l.next(next)
	}
	if at.i == 0 || !c.quickTime(l.text, b) || !c.quickClient(l.text, b) {
		return spot{}
	}
	return l.end(at)
}

// quickField takes the value of a key of the outer object; false if Parse would refuse it.
func (c *caddy) quickField(use uint8, text []byte, from, to int, b *Brief) bool {
	switch use {
	case caddyTime:
		c.said.time = piece{from, to}
	case caddyStatus:
		if setStatus(text[from:to], &c.event) != nil {
			return false
		}
		b.Status = uint16(c.event.Status)
	case caddySize:
		size := text[from:to]
		return allDigits(size) || setBytes(size, &c.event) == nil
	}
	return true
}

// quickRequest reads the object with what the client sent.
func (c *caddy) quickRequest(l *markedJSON, at spot, b *Brief) (next spot) {
	at, more := l.enter(at)
	for more {
		use, kind, from, to, next := l.seek(at, caddyRequest)
		if use == 0 {
			at = next
			break
		}
		switch {
		case use == caddyHeaders && l.text[next.i] == '{' && kind == jsonNested:
			next = c.quickHeaders(l, next, b)
		case !c.quickRequestField(use, l, from, to, b):
			return spot{}
		case kind == jsonNested:
			next = l.brackets(next)
		}
		at, more = l.next(next)
	}
	return at
}

// quickRequestField takes the value of a key of the request; false if it has an escape or Parse would refuse it.
func (c *caddy) quickRequestField(use uint8, l *markedJSON, from, to int, b *Brief) (ok bool) {
	switch use {
	case caddyClient:
		return c.said.client.setOnce(from, to)
	case caddyRemote, caddyRemoteOld:
		return c.said.remote.setOnce(from, to)
	case caddyMethod:
		b.Method, ok = c.quickText(l, from, to, WantMethod)
		return ok
	case caddyTarget:
		b.Target, ok = c.quickText(l, from, to, WantTarget)
		return ok
	}
	return true
}

// setOnce sets what is not yet found; false if it was, or is empty.
func (p *piece) setOnce(from, to int) bool {
	if p.from > 0 || from == to {
		return false
	}
	*p = piece{from, to}
	return true
}

// quickText makes a Span of text if the field is wanted; false if there is an escape in it.
func (c *caddy) quickText(l *markedJSON, from, to int, field Fields) (Span, bool) {
	if c.want&field == 0 {
		return Span{}, true
	}
	return l.span(from, to), indexByte(l.text[from:to], '\\') < 0
}

// quickHeaders reads the object of header names and lists of values.
func (c *caddy) quickHeaders(l *markedJSON, at spot, b *Brief) (next spot) {
	const opens, closes = '"' | ':'<<8 | '['<<16 | '"'<<24, '"' | ']'<<8 | ','<<16 | '"'<<24
	at, more := l.enter(at)
	for more {
		name := int(l.marks[at.m+1])
		if binary.LittleEndian.Uint32(l.text[name:]) != opens {
			return spot{}
		}
		list := spot{name + 3, at.m + 2}
		if name-at.i == 1+len("User-Agent") && string(l.text[at.i+1:name]) == "User-Agent" && !c.quickAgent(l, list, b) {
			return spot{}
		}
		if end := int(l.marks[list.m+1]); binary.LittleEndian.Uint32(l.text[end:]) == closes { // nearly always
			at = spot{end + 3, list.m + 2}
			continue
		}
		at, more = l.next(l.texts(list))
	}
	return at
}

// quickAgent takes the text at at for the user agent, if it is the first.
func (c *caddy) quickAgent(l *markedJSON, at spot, b *Brief) (ok bool) {
	if c.said.agent {
		return true
	}
	c.said.agent = true
	to, next := l.str(at)
	if next.i == 0 {
		return false
	}
	b.UserAgent, ok = c.quickText(l, at.i+1, to, WantUserAgent)
	return ok
}

// caddySecond is a second in Unix time, as Caddy writes it before the dot until the year 2286, and what it means.
type caddySecond struct {
	text [10]byte
	unix int64
}

// quickTime reads the time that was found. Nearly always it is in the second of the line before.
func (c *caddy) quickTime(text []byte, b *Brief) bool {
	ts, digits := text[c.said.time.from:c.said.time.to], len(c.second.text)
	if len(ts) <= digits+1 || ts[digits] != '.' || !allDigits(ts[digits+1:]) {
		at, n := c.stamps.scan(ts)
		b.Unix = at.Unix()
		return n > 0 && n == len(ts) && !at.IsZero()
	}
	if string(ts[:digits]) != string(c.second.text[:]) {
		unix, n := scanNumber(ts[:digits])
		if n < digits {
			return false
		}
		copy(c.second.text[:], ts)
		c.second.unix = unix
	}
	b.Unix = c.second.unix
	return true
}

// quickClient reads the addresses that were found. Without a proxy in front of Caddy they are the same.
func (c *caddy) quickClient(text []byte, b *Brief) bool {
	client, remote := text[c.said.client.from:c.said.client.to], text[c.said.remote.from:c.said.remote.to]
	if len(client) == 0 {
		return len(remote) > 0 && b.quickClient(text, c.said.remote)
	}
	if len(remote) > 0 && string(client) != string(remote) && !b.quickClient(text, c.said.remote) {
		return false
	}
	return b.quickClient(text, c.said.client)
}

// quickClient reads an address field that is not empty.
func (b *Brief) quickClient(text []byte, field piece) bool {
	v4, n := quickIPv4(text[field.from:])
	b.V4, b.Is6 = v4, false
	return n > 0 && n == field.to-field.from || b.readAddr(text, field.from, field.to)
}
