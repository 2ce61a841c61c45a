package parse

import (
	"bytes"
	"net/netip"
	"time"
)

// apacheError reads the messages of Apache's error log that say a request was refused: logins that failed (mod_auth_basic,
// mod_auth_digest), users without permission, access that the configuration denies, what ModSecurity denies. Apache writes the client's
// address in front of the message, [client 192.0.2.1:4711], and escapes control characters in it; so nothing a client writes comes
// before its address, and a message is one line. Lines that programs started by Apache write to the log themselves are not of its
// making: keep those out of a log that is read here.
//
// Status is what Apache answers: 401, 403, or what ModSecurity says. Target is the path of the URL, decoded, where the message has it.
type apacheError struct {
	stamps    stamps
	forwarded bool
	event     Event // for Briefs
}

func newApacheError(opts Options) (Parser, error) {
	return &apacheError{stamps: newStamps(opts), forwarded: opts.Forwarded}, nil
}

const (
	errApache     = failure("the line does not begin like one of Apache's error log")
	errApacheUser = failure("the message about a user does not go on as Apache writes it")
)

// Parse reads a line.
func (p *apacheError) Parse(line []byte, ev *Event, a *Arena) error {
	ev.reset(line)
	if len(line) == 0 {
		return errEmpty
	}
	at, rest, ok := p.stamp(line)
	if !ok {
		return errApache
	}
	rest, modular, ok := apacheLevel(rest)
	if !ok {
		return errApache
	}
	ev.Time, ev.Forwarded = at, p.forwarded
	client, msg, ok := apacheClient(rest)
	if !ok {
		return errNoRefusal
	}
	// ModSecurity writes the address, too, without the port; before Apache 2.4 it has none anywhere.
	if _, own, ok := apacheClient(msg); ok && isModSecurity(own) {
		msg = own
	} else {
		modular = modular && !isModSecurity(msg)
	}
	if err := p.refusal(msg, ev, a); err != nil {
		return err
	}
	if ev.Client, ok = parseApacheClient(client, modular); !ok {
		return errClient
	}
	return nil
}

// stamp reads "[Wed Dec 09 18:57:55.208340 2020] ", in the zone of the host. Before 2.4 there is no fraction.
func (p *apacheError) stamp(b []byte) (t time.Time, rest []byte, ok bool) {
	const clockAt, least = len("[Wed Dec 09 "), len("[Wed Dec 09 18:57:55 2020] ")
	if len(b) < least || b[0] != '[' || b[4] != ' ' || b[8] != ' ' || b[11] != ' ' {
		return t, nil, false
	}
	month := monthNumber(b[5:])
	day, ok := twoDigits(b[9:])
	if b[9] == ' ' {
		day, ok = int(b[10]-'0'), b[10]-'0' <= 9
	}
	clock, clockOK := scanClock(b[clockAt:])
	rest = b[clockAt+len("18:57:55"):]
	nanos, n := scanFraction(rest)
	rest = rest[n:]
	if !ok || !clockOK || len(rest) < len(" 2020] ") || rest[0] != ' ' || string(rest[5:7]) != "] " {
		return t, nil, false
	}
	year, ok := fourDigits(rest[1:])
	if !ok || !isDay(year, month, day) {
		return t, nil, false
	}
	wall := unixDay(year, month, day)*86400 + int64(clock)
	return p.stamps.local.unix(wall, p.stamps.loc).Add(time.Duration(nanos)), rest[len(" 2020] "):], true
}

// apacheLevel reads "[MODULE:LEVEL] [pid N:tid N] ", or "[LEVEL] " as before Apache 2.4.
func apacheLevel(b []byte) (rest []byte, modular, ok bool) {
	n := bytes.Index(b, []byte("] "))
	if n < 2 || b[0] != '[' {
		return nil, false, false
	}
	level := b[1:n]
	for i, c := range level {
		switch {
		case c == ':' && !modular && i < len(level)-1:
			modular = true
		case c-'a' > 'z'-'a' && c-'0' > 9 && c != '_':
			return nil, false, false
		}
	}
	b = b[n+2:]
	if pid, ok := cutPrefix(b, "[pid "); ok {
		n := bytes.Index(pid, []byte("] "))
		if n < 0 || !isPID(pid[:n]) {
			return nil, false, false
		}
		b = pid[n+2:]
	}
	return b, modular, true
}

// isPID tells whether b is "N" or "N:tid N".
func isPID(b []byte) bool {
	_, n := scanNumber(b)
	tid, ok := cutPrefix(b[n:], ":tid ")
	_, m := scanNumber(tid)
	return n > 0 && (n == len(b) || ok && m > 0 && m == len(tid))
}

// apacheClient reads "[client ADDRESS] ".
func apacheClient(b []byte) (client, rest []byte, ok bool) {
	b, ok = cutPrefix(b, "[client ")
	n := bytes.Index(b, []byte("] "))
	if !ok || n < 0 {
		return nil, nil, false
	}
	return b[:n], b[n+2:], true
}

// parseApacheClient reads an address; where a port follows for certain the last group of an IPv6 address is not one of its own.
func parseApacheClient(b []byte, withPort bool) (addr netip.Addr, ok bool) {
	if withPort && bytes.Count(b, []byte(":")) > 1 {
		return parsePeer(b)
	}
	return parseClient(b)
}

// Briefs reads lines without escapes.
func (p *apacheError) Briefs(block []byte, from int, _ Fields, out []Brief) (n, next int) {
	return briefPlain(p, '\\', &p.event, block, from, out)
}
