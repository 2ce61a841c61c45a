package parse

import "bytes"

// How sshd's messages are read without being fooled by the client's text in them. A user name may hold anything, such as
// "x from 192.0.2.1 port 22 ssh2", and so may the name of a certificate that is logged behind the address. Names are cut at 100 bytes
// in "for NAME from", messages at 500. So: of several places that look like the address the right-most is sshd's if the message ends
// with it and was not cut; if not, nobody can tell, and the line is refused.

// userFrom reads "[invalid user ]NAME from ADDRESS port N ssh2[: KEY][ [preauth]]".
func (p *sshd) userFrom(rest []byte, ev *Event) error {
	const from = " from "
	rest, _ = cutPrefix(rest, "invalid user ")
	rest = cutPreauth(rest)
	at, found, ends := 0, 0, false
	for i := bytes.Index(rest, []byte(from)); i >= 0; i = indexFrom(rest, from, i+1) {
		peer := rest[i+len(from):]
		n := scanPeer(peer, ev)
		if n == 0 {
			continue
		}
		if tail, ok := cutPrefix(peer[n:], " ssh2"); ok && (len(tail) == 0 || tail[0] == ':') {
			at, found, ends = i, found+1, len(tail) == 0
		}
	}
	switch {
	case found == 0:
		return errNoPeer
	case ends && !p.whole:
		return errCutShort
	case found > 1 && !ends:
		return errTwoPlaces
	}
	scanPeer(rest[at+len(from):], ev)
	ev.User = rest[:at:at]
	return nil
}

// scanPeer reads "ADDRESS port N" at the start of b, or an address alone that ends it, into ev; n is its length, 0 if there is none.
func scanPeer(b []byte, ev *Event) (n int) {
	end := bytes.IndexByte(b, ' ')
	if end < 0 {
		end = len(b)
	}
	addr, ok := parseBare(b[:end])
	if !ok {
		return 0
	}
	ev.Client, ev.Part.Port = addr, 0
	if end == len(b) {
		return end
	}
	rest, ok := cutPrefix(b[end:], " port ")
	v, digits := scanNumber(rest)
	if !ok || digits == 0 || digits > 5 || v > 65535 {
		return 0
	}
	ev.Part.Port = int(v)
	return end + len(" port ") + digits
}

// isPeer tells whether all of b is what scanPeer reads.
func isPeer(b []byte, ev *Event) bool {
	n := scanPeer(b, ev)
	return n > 0 && n == len(b)
}

// cutNamed cuts "authenticating user " or "invalid user ", which stand before a name.
func cutNamed(b []byte) (rest []byte, ok bool) {
	if rest, ok = cutPrefix(b, "authenticating user "); ok {
		return rest, true
	}
	return cutPrefix(b, "invalid user ")
}

// cutPreauth cuts the mark of what sshd's unprivileged child wrote.
func cutPreauth(b []byte) []byte { return bytes.TrimSuffix(b, []byte(" [preauth]")) }

// lastPeer finds the right-most " ADDRESS port N" that ends b and returns where its address begins, -1 if there is none.
func lastPeer(b []byte) int {
	port := bytes.LastIndex(b, []byte(" port "))
	if port < 0 {
		return -1
	}
	return bytes.LastIndexByte(b[:port], ' ') + 1
}

// onlyPeer finds the one " ADDRESS port N:" in b, reads it into ev and returns where its address begins.
func onlyPeer(b []byte, ev *Event) (at int, err error) {
	for i := bytes.IndexByte(b, ' '); i >= 0; i = indexFrom(b, " ", i+1) {
		var probe Event
		if n := scanPeer(b[i+1:], &probe); n > 0 && i+1+n < len(b) && b[i+1+n] == ':' {
			if at > 0 {
				return 0, errTwoPlaces
			}
			at = i + 1
		}
	}
	if at == 0 {
		return 0, errNoPeer
	}
	scanPeer(b[at:], ev)
	return at, nil
}

// indexFrom is bytes.Index from i on, in terms of b.
func indexFrom(b []byte, sep string, i int) int {
	n := bytes.Index(b[i:], []byte(sep))
	if n < 0 {
		return -1
	}
	return i + n
}

func cutPrefix(b []byte, prefix string) ([]byte, bool) {
	if len(b) < len(prefix) || string(b[:len(prefix)]) != prefix {
		return b, false
	}
	return b[len(prefix):], true
}
