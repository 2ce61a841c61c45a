package parse

import "bytes"

// haproxy reads HAProxy's HTTP log (option httplog or httpslog), with the head of a syslog file in front or as it comes from HAProxy:
// ADDRESS:PORT [TIME] FRONTEND BACKEND/SERVER TIMES STATUS BYTES COOKIE COOKIE STATE CONNECTIONS QUEUES {CAPTURED} {CAPTURED} "REQUEST".
// The address is the first thing in it; captured headers never give one, because their names are not logged. Behind a proxy that sends
// X-Forwarded-For let HAProxy itself take it over (http-request set-src). The user agent is taken from captured request headers if both
// groups are there and just one value looks like one.
//
// HAProxy writes quotes, braces, bars and control characters as #22. A captured cookie is the exception: where one was captured a line
// in which two places could be the request is refused. Lines that HAProxy or syslog cut within the request are read as far as they go.
// Its other messages, about TCP connections and servers, are ignored.
type haproxy struct {
	syslog    syslog
	forwarded bool
	event     Event // for Briefs
}

func newHAProxy(opts Options) (Parser, error) {
	return &haproxy{syslog: newSyslog(opts), forwarded: opts.Forwarded}, nil
}

const (
	errHAProxy     = failure("the line is not one of HAProxy's HTTP log")
	errTwoRequests = failure("two places could hold the request")
	errNoHTTP      = ignored("a line of HAProxy's that is about no HTTP request")
)

// Parse reads a line.
func (p *haproxy) Parse(line []byte, ev *Event, a *Arena) error {
	ev.reset(line)
	if len(line) == 0 {
		return errEmpty
	}
	msg, headed, err := p.message(line)
	if err != nil {
		return err
	}
	rest, err := p.peer(msg, ev)
	if err == errHAProxy && headed {
		return errNoHTTP // "Connect from …", "Server … is DOWN"
	}
	if err != nil {
		return err
	}
	if rest, err = haproxyNumbers(rest, ev); err != nil {
		return err
	}
	ev.Forwarded = p.forwarded
	if err := haproxyRequest(rest, ev); err != nil {
		return err
	}
	ev.Target, ev.UserAgent = a.unhash(ev.Target), a.unhash(ev.UserAgent)
	absolute(ev)
	return nil
}

// message cuts what stands in front of HAProxy's own text; headed if there is a program's name among it.
func (p *haproxy) message(line []byte) (msg []byte, headed bool, err error) {
	b, err := cutRuntime(line)
	if err != nil {
		return nil, false, err
	}
	prioritized := false
	if len(b) > 0 && b[0] == '<' { // as on a syslog socket
		_, n := scanNumber(b[1:])
		b, prioritized = cutPrefix(b[1+n:], ">")
	}
	if len(b) > 2 && prioritized && string(b[:2]) == "1 " {
		return rfc5424(b[2:])
	}
	n := p.syslog.stampLength(b)
	if n == 0 {
		return b, false, nil
	}
	tag, rest, err := word(b[n:])
	if err == nil && isHAProxy(tag) && tag[len(tag)-1] == ':' { // without a host
		return bytes.TrimLeft(rest, " "), true, nil
	}
	var e entry
	if err := e.behindStamp(b[n:]); err != nil {
		return nil, false, err
	}
	if !isHAProxy(e.program) {
		return nil, false, errOtherProgram
	}
	return e.message, true, nil
}

// isHAProxy tells whether a program is HAProxy, its enterprise edition (hapee) or either under a longer name.
func isHAProxy(program []byte) bool {
	_, community := cutPrefix(program, "haproxy")
	_, enterprise := cutPrefix(program, "hapee")
	return community || enterprise
}

// rfc5424 cuts "STAMP HOST PROGRAM PID MESSAGE-ID - ".
func rfc5424(b []byte) (msg []byte, headed bool, err error) {
	for i := range 6 {
		var w []byte
		var ok bool
		if w, b, ok = cutWord(b); !ok {
			return nil, false, errSyslog
		}
		if i == 2 && !isHAProxy(w) {
			return nil, false, errOtherProgram
		}
	}
	return b, true, nil
}

// peer reads "ADDRESS:PORT [TIME] ".
func (p *haproxy) peer(b []byte, ev *Event) (rest []byte, err error) {
	peer, rest, ok := cutWord(b)
	if !ok || len(rest) == 0 || rest[0] != '[' {
		return nil, errHAProxy
	}
	at, n := p.syslog.stamps.scanWall(rest[1:])
	if n == 0 {
		return nil, errHAProxy
	}
	if rest, ok = cutPrefix(rest[1+n:], "] "); !ok {
		return nil, errHAProxy
	}
	if ev.Client, ok = parsePeer(peer); !ok {
		return nil, errClient
	}
	ev.Time = at
	return rest, nil
}

// haproxyNumbers reads "FRONTEND BACKEND/SERVER TIMES STATUS BYTES" and leaves the blank behind it.
func haproxyNumbers(b []byte, ev *Event) (rest []byte, err error) {
	frontend, rest, ok := cutWord(b)
	if ok && frontend[len(frontend)-1] == ':' {
		return nil, errNoHTTP // "FRONTEND/LISTENER: SSL handshake failure"
	}
	server, rest, ok2 := cutWord(rest)
	if !ok || !ok2 || indexByte(server, '/') < 0 {
		return nil, errHAProxy
	}
	times, rest, ok := cutWord(rest)
	switch {
	case !ok:
		return nil, errHAProxy
	case isParts(times, 3):
		return nil, errNoHTTP // TCP
	case !isParts(times, 5):
		return nil, errHAProxy
	}
	status, rest, ok := cutWord(rest)
	n := indexByte(rest, ' ')
	if !ok || n < 0 {
		return nil, errHAProxy
	}
	if string(status) != "-1" { // none
		if err := setStatus(status, ev); err != nil {
			return nil, err
		}
	}
	size, _ := cutPrefix(rest[:n], "+") // more was to come
	return rest[n:], setBytes(size, ev)
}

// isParts tells whether b is so many numbers with slashes between them; a number may have a sign.
func isParts(b []byte, parts int) bool {
	slashes, digits := 0, 0
	for _, c := range b {
		switch {
		case c-'0' <= 9:
			digits++
		case c == '/' && digits > 0:
			slashes, digits = slashes+1, 0
		case c != '-' && c != '+' || digits > 0:
			return false
		}
	}
	return slashes == parts-1 && digits > 0
}
