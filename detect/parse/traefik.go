package parse

import "bytes"

// traefik reads Traefik's access log in its text format: a line of the common log format, referer and user agent, a count of requests,
// the names of router and server, and how long it took: ADDRESS - USER [TIME] "REQUEST" STATUS BYTES "REFERER" "AGENT" 7 "r@docker"
// "http://10.0.0.1:80" 3ms.
//
// Traefik escapes quotes in referer and user agent, as \", and nothing else: not in the request, nor in the user's name. So lines are
// read from the right, where a quote behind a blank can only open a field, up to the request. The address stands in front of all that a
// client writes; it is that of the peer, or the X-Forwarded-For list of a peer that Traefik trusts: then the right-most address, which
// that peer added, and the event is Forwarded. A proxy adds to what a client sent, so lines in which another address or stamp follows
// are refused.
//
// One thing cannot be told from a line: with Traefik's basicAuth a user's name may hold a line's end, and behind it a whole line of the
// client's making. Its JSON log (traefik-json) cannot be forged that way.
type traefik struct {
	opts  Options
	clf   clfMinute
	event Event // for Briefs
}

func newTraefik(opts Options) (Parser, error) { return &traefik{opts: opts}, nil }

const errTraefik = failure("the line does not end as Traefik's lines end")

// Parse reads a line.
func (p *traefik) Parse(line []byte, ev *Event, a *Arena) error {
	ev.reset(line)
	if len(line) == 0 {
		return errEmpty
	}
	body, err := cutRuntime(line)
	if err != nil {
		return err
	}
	head, err := traefikTail(body, ev)
	if err != nil {
		return err
	}
	if err := p.head(head, ev); err != nil {
		return err
	}
	if ev.Referer != nil {
		ev.Referer = a.unquoteQuotes(ev.Referer)
	}
	if ev.UserAgent != nil {
		ev.UserAgent = a.unquoteQuotes(ev.UserAgent)
	}
	return nil
}

// traefikTail reads ` STATUS BYTES "REFERER" "AGENT" COUNT "ROUTER" "SERVER" Nms` from the right and returns what stands before it, the
// request's last quote included.
func traefikTail(b []byte, ev *Event) (head []byte, err error) {
	b, took, ok := lastWord(b)
	if ms := bytes.TrimSuffix(took, []byte("ms")); !ok || len(ms) == len(took) || !isDecimal(ms) {
		return nil, errTraefik
	}
	if b, _, ok = lastQuoted(b); !ok { // server
		return nil, errTraefik
	}
	if b, _, ok = lastQuoted(b); !ok { // router
		return nil, errTraefik
	}
	b, count, ok := lastWord(b)
	if !ok || !isDecimal(count) {
		return nil, errTraefik
	}
	b, agent, ok := lastQuoted(b)
	if !ok {
		return nil, errTraefik
	}
	b, referer, ok := lastQuoted(b)
	if !ok {
		return nil, errTraefik
	}
	b, size, ok := lastWord(b)
	b, status, ok2 := lastWord(b)
	if !ok || !ok2 || len(b) == 0 || b[len(b)-1] != '"' {
		return nil, errTraefik
	}
	ev.UserAgent, ev.Referer = present(agent), present(referer)
	if err := setStatus(status, ev); err != nil {
		return nil, err
	}
	return b, setBytes(size, ev)
}

// lastQuoted cuts the quoted field that b ends with, and the blank before it. A quote inside stands behind a backslash, never behind a
// blank.
func lastQuoted(b []byte) (rest, inside []byte, ok bool) {
	end := len(b) - 1
	if end < 2 || b[end] != '"' {
		return nil, nil, false
	}
	n := bytes.LastIndex(b[:end], []byte(` "`))
	if n < 0 {
		return nil, nil, false
	}
	return b[:n], b[n+2 : end], true
}

// head reads `ADDRESS - USER [TIME] "REQUEST"`.
func (p *traefik) head(b []byte, ev *Event) error {
	list, rest, ok := bytes.Cut(b, []byte(" - "))
	if !ok {
		return errShape
	}
	at := p.stamp(rest, ev)
	if at < 0 {
		return errTime
	}
	request := rest[at+stampedHead:]
	if len(request) == 0 { // its only quote
		return errQuote
	}
	var other Event
	if p.stamp(request, &other) >= 0 || holdsAddress(rest[:at]) {
		return errTwoPlaces
	}
	ev.User = present(rest[:at])
	splitRequest(request[:len(request)-1], ev)
	ev.Forwarded = p.opts.Forwarded
	return p.opts.forwardedHost(ev, list)
}

// stamp finds ` [TIME] "` in b and reads it; -1 if there is none.
func (p *traefik) stamp(b []byte, ev *Event) (at int) {
	for from := 0; ; from = at + 2 {
		n := bytes.Index(b[from:], []byte(" ["))
		if n < 0 || len(b)-from-n < stampedHead {
			return -1
		}
		at = from + n
		if string(b[at+2+clfLen:at+stampedHead]) != `] "` {
			continue
		}
		if t, n := p.clf.parse(b[at+2:]); n > 0 {
			ev.Time = t
			return at
		}
	}
}

// forwardedHost takes Traefik's host of a client for ev's client: its peer's address, or the list that a peer sent which Traefik trusts.
// Of a list the right-most is taken, and those left of it where it is trusted.
func (o *Options) forwardedHost(ev *Event, list []byte) error {
	peer, n := ev.Client, bytes.LastIndexByte(list, ',')
	addr, ok := parseClient(bytes.Trim(list[n+1:], " \t"))
	if !ok {
		return errClient
	}
	ev.Client = addr
	ev.Forwarded = ev.Forwarded || n >= 0 || peer.IsValid() && peer != addr
	return o.forward(ev, list[:max(n, 0)])
}

// unquoteQuotes undoes \" alone.
func (a *Arena) unquoteQuotes(b []byte) []byte {
	i := indexByte(b, '\\')
	if i < 0 {
		return b
	}
	start := len(a.buf)
	for ; i >= 0; i = indexByte(b, '\\') {
		a.buf = append(a.buf, b[:i]...)
		if b = b[i+1:]; len(b) == 0 || b[0] != '"' {
			a.buf = append(a.buf, '\\')
			continue
		}
		a.buf, b = append(a.buf, '"'), b[1:]
	}
	a.buf = append(a.buf, b...)
	return a.since(start)
}

// Briefs reads lines without escapes.
func (p *traefik) Briefs(block []byte, from int, _ Fields, out []Brief) (n, next int) {
	return briefPlain(p, '\\', &p.event, block, from, out)
}
