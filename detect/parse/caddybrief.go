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

// quick reads a line of the usual shape.
func (c *caddy) quick(l *markedJSON, at spot, b *Brief) (next spot) {
	c.said = caddySaid{}
	b.Status, b.Method, b.Target, b.UserAgent = 0, Span{}, Span{}, Span{}
	at, more := l.enter(at)
	for more {
		from, to, value := l.key(at)
		if value.i == 0 {
			return value
		}
		if string(l.text[from:to]) == "request" {
			at = c.quickRequest(l, value, b)
		} else {
			at = c.quickField(l, l.text[from:to], value, b)
		}
		if at.i == 0 {
			return at
		}
		at, more = l.next(at)
	}
	if at.i == 0 || !c.quickTime(l.text, b) || !c.quickClient(l.text, b) {
		return spot{}
	}
	return l.end(at)
}

// quickField reads the value of a key of the outer object.
func (c *caddy) quickField(l *markedJSON, key []byte, value spot, b *Brief) (next spot) {
	from, to, _, next := l.value(value)
	switch string(key) {
	case "ts":
		c.said.time = piece{from, to}
	case "status":
		if setStatus(l.text[from:to], &c.event) != nil {
			return spot{}
		}
		b.Status = uint16(c.event.Status)
	case "size":
		if size := l.text[from:to]; !allDigits(size) && setBytes(size, &c.event) != nil {
			return spot{}
		}
	}
	return next
}

// quickRequest reads the object with what the client sent.
func (c *caddy) quickRequest(l *markedJSON, at spot, b *Brief) (next spot) {
	at, more := l.enter(at)
	for more {
		from, to, value := l.key(at)
		if value.i == 0 {
			return value
		}
		if string(l.text[from:to]) == "headers" && l.text[value.i] == '{' {
			at = c.quickHeaders(l, value, b)
		} else {
			at = c.quickRequestField(l, l.text[from:to], value, b)
		}
		if at.i == 0 {
			return at
		}
		at, more = l.next(at)
	}
	return at
}

// quickRequestField reads the value of a key of the request.
func (c *caddy) quickRequestField(l *markedJSON, key []byte, value spot, b *Brief) (next spot) {
	from, to, _, next := l.value(value)
	ok := true
	switch string(key) {
	case "client_ip":
		ok = c.said.client.setOnce(from, to)
	case "remote_ip", "remote_addr":
		ok = c.said.remote.setOnce(from, to)
	case "method":
		b.Method, ok = c.quickText(l, from, to, WantMethod)
	case "uri":
		b.Target, ok = c.quickText(l, from, to, WantTarget)
	}
	if !ok {
		return spot{}
	}
	return next
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
	at, more := l.enter(at)
	for more {
		from, to, value := l.key(at)
		if value.i == 0 || binary.LittleEndian.Uint16(l.text[value.i:]) != '['|'"'<<8 {
			return spot{}
		}
		value.i++
		if string(l.text[from:to]) == "User-Agent" && !c.quickAgent(l, value, b) {
			return spot{}
		}
		if at = l.texts(value); at.i == 0 {
			return at
		}
		at, more = l.next(at)
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

// quickTime reads the time that was found. Nearly always it is that of the line before, but for the fraction of the second.
func (c *caddy) quickTime(text []byte, b *Brief) bool {
	const digits = 10 // until the year 2286
	ts := text[c.said.time.from:c.said.time.to]
	if len(ts) > digits+1 && ts[digits] == '.' && allDigits(ts[digits+1:]) {
		if string(ts[:digits]) == string(c.second.text[:]) {
			b.Unix = c.second.unix
			return true
		}
		if unix, n := scanNumber(ts[:digits]); n == digits {
			copy(c.second.text[:], ts)
			c.second.unix, b.Unix = unix, unix
			return true
		}
		return false
	}
	at, n := c.stamps.scan(ts)
	b.Unix = at.Unix()
	return n > 0 && n == len(ts) && !at.IsZero()
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
	return n > 0 && n == field.to-field.from || b.setClient(text[field.from:field.to])
}
