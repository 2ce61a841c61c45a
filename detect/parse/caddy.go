package parse

import (
	"bytes"
	"net/netip"
	"time"
)

// caddy reads Caddy's JSON access log. The client is request.client_ip, which is the forwarded address when Caddy trusts its peer,
// else request.remote_ip, else the address in request.remote_addr of Caddy before 2.7. When Caddy replaced the peer's address the
// event is Forwarded. Field names are exact; an object that gives one of these addresses twice is refused.
type caddy struct {
	stamps stamps
	opts   Options

	s        scanner
	ev       *Event
	a        *Arena
	clientIP netip.Addr // request.client_ip
	remoteIP netip.Addr // request.remote_ip or request.remote_addr
	time     []byte
	asked    bool // there is a request
	message  bool // there is a msg, which all of Caddy's lines have

	marks markBuffer
	want  Fields // brief: what is looked at
	brief bool   // only what a Brief needs is looked at; the arena stays as it is
	plain bool   // none of it has an escape
	event Event  // for Briefs

	lines  *jsonLines // for Briefs; nil until there are any
	said   caddySaid  // of the line that lines is at
	second caddySecond
}

func newCaddy(opts Options) (Parser, error) {
	return &caddy{stamps: newStamps(opts), opts: opts, second: caddySecond{[10]byte([]byte("0000000000")), 0}}, nil
}

func (c *caddy) Parse(line []byte, ev *Event, a *Arena) error {
	c.brief = false
	return c.read(line, ev, a)
}

// read reads line into ev.
func (c *caddy) read(line []byte, ev *Event, a *Arena) error {
	ev.reset(line)
	if len(line) == 0 {
		return errEmpty
	}
	c.s, c.ev, c.a = newScanner(line, &c.marks), ev, a
	c.clientIP, c.remoteIP, c.time = netip.Addr{}, netip.Addr{}, nil
	c.asked, c.message = false, false
	if c.brief {
		if err := c.top(); err != nil {
			return err
		}
		return c.finish()
	}
	headers := len(a.headers)
	if err := c.top(); err != nil {
		return err
	}
	ev.Headers = a.headersFrom(headers)
	return c.finish()
}

// top reads the outer object.
func (c *caddy) top() error {
	if !c.s.enter() {
		return errJSON
	}
	for first := true; ; first = false {
		key, more, ok := c.s.next(first)
		if !ok {
			return errJSON
		}
		if !more {
			break
		}
		if err := c.topField(key); err != nil {
			return err
		}
	}
	if !c.s.done() {
		return errTail
	}
	return nil
}

func (c *caddy) topField(key []byte) error {
	if string(key) == "request" {
		c.asked = true
		return c.request()
	}
	raw, _, ok := c.s.value()
	if !ok {
		return errJSON
	}
	switch string(key) {
	case "ts":
		c.time = raw
	case "msg":
		c.message = true
	case "status":
		return setStatus(raw, c.ev)
	case "size":
		return setBytes(raw, c.ev)
	case "user_id":
		c.ev.User = c.nonEmpty(raw, 0)
	}
	return nil
}

// nonEmpty decodes the string that was read last; "" is no value. A Brief looks at it if it wants the field.
func (c *caddy) nonEmpty(raw []byte, field Fields) []byte {
	switch {
	case len(raw) == 0 || c.brief && c.want&field == 0:
		return nil
	case c.brief:
		c.plain = c.plain && indexByte(raw, '\\') < 0
		return raw
	}
	return c.a.unquoteJSON(raw)
}

// request reads the object with what the client sent.
func (c *caddy) request() error {
	if !c.s.enter() {
		return errJSON
	}
	for first := true; ; first = false {
		key, more, ok := c.s.next(first)
		if !ok {
			return errJSON
		}
		if !more {
			return nil
		}
		if err := c.requestField(key); err != nil {
			return err
		}
	}
}

func (c *caddy) requestField(key []byte) error {
	if string(key) == "headers" && c.s.i < len(c.s.b) && c.s.b[c.s.i] == '{' {
		return c.headers()
	}
	raw, _, ok := c.s.value()
	if !ok {
		return errJSON
	}
	switch string(key) {
	case "client_ip":
		return setOnce(&c.clientIP, raw)
	case "remote_ip", "remote_addr":
		return setOnce(&c.remoteIP, raw)
	case "method":
		c.ev.Method = c.nonEmpty(raw, WantMethod)
	case "host":
		c.ev.Host = c.nonEmpty(raw, 0)
	case "uri":
		c.ev.Target = c.nonEmpty(raw, WantTarget)
	}
	return nil
}

// setOnce reads an address into an invalid one.
func setOnce(addr *netip.Addr, raw []byte) (err error) {
	if addr.IsValid() {
		return errTwice
	}
	var ok bool
	if *addr, ok = parseClient(raw); !ok {
		return errClient
	}
	return nil
}

// headers reads the object of header names and lists of values; each value makes a Header.
func (c *caddy) headers() error {
	c.s.enter()
	for first := true; ; first = false {
		name, more, ok := c.s.next(first)
		if !ok {
			return errJSON
		}
		if !more {
			return nil
		}
		name = c.headerName(name)
		if c.s.i >= len(c.s.b) || c.s.b[c.s.i] != '[' {
			ok = c.header(name) // a log encoder may have made the list one text
		} else {
			ok = c.values(name)
		}
		if !ok {
			return errJSON
		}
	}
}

// values reads the list of name's values.
func (c *caddy) values(name []byte) bool {
	c.s.i++
	for first := true; ; first = false {
		more, ok := c.s.element(first)
		if !more || !ok {
			return ok
		}
		if !c.header(name) {
			return false
		}
	}
}

// headerName decodes the name of a header. A Brief cannot do without.
func (c *caddy) headerName(name []byte) []byte {
	if c.brief {
		c.plain = c.plain && !c.s.escaped
		return name
	}
	return c.a.unquoteJSON(name)
}

// header reads one value.
func (c *caddy) header(name []byte) bool {
	raw, text, ok := c.s.value()
	if !ok || !text {
		return ok && len(raw) > 0
	}
	if c.brief {
		if c.ev.UserAgent == nil && string(name) == "User-Agent" && c.want&WantUserAgent != 0 {
			c.ev.UserAgent = raw
			c.plain = c.plain && !c.s.escaped
		}
		return true
	}
	value := c.a.unquoteJSON(raw)
	c.a.header(name, value)
	switch {
	case string(name) == "User-Agent" && c.ev.UserAgent == nil:
		c.ev.UserAgent = value
	case string(name) == "Referer" && c.ev.Referer == nil:
		c.ev.Referer = value
	}
	return true
}

// finish settles what needs the whole line: the time and the client.
func (c *caddy) finish() error {
	ev := c.ev
	if !c.asked && c.message {
		return ignored("a message of Caddy's that is about no request")
	}
	if c.time != nil {
		var n int
		if ev.Time, n = c.stamps.scan(c.time); n == 0 || n != len(c.time) {
			ev.Time = time.Time{}
			return errTime
		}
	}
	ev.Client = c.remoteIP
	if c.clientIP.IsValid() {
		ev.Client = c.clientIP
		ev.Forwarded = c.remoteIP.IsValid() && c.remoteIP != c.clientIP
	}
	if !ev.Client.IsValid() {
		return errNoClient
	}
	ev.Forwarded = ev.Forwarded || c.opts.Forwarded
	return c.opts.forwardHeaders(ev)
}

// forwardHeaders follows the X-Forwarded-For headers of ev, the last one first: they are one list.
func (o *Options) forwardHeaders(ev *Event) error {
	if len(o.TrustedProxies) == 0 {
		return nil
	}
	for i := len(ev.Headers) - 1; i >= 0; i-- {
		if h := ev.Headers[i]; bytes.EqualFold(h.Name, []byte("X-Forwarded-For")) {
			if err := o.forward(ev, h.Value); err != nil {
				return err
			}
		}
	}
	return nil
}
