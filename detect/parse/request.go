package parse

import "bytes"

// splitRequest sets ev's method and target from a request line as logged, escapes still in it.
func splitRequest(line []byte, ev *Event) {
	method, target := requestParts(line)
	if ev.Target = target; method != nil {
		ev.Method = method
	}
}

// requestParts splits a request line. What is no request (TLS on a plain port, a probe of another protocol) has no method; its text is
// the target, so that filters can look at it. "-" and "" give neither.
func requestParts(line []byte) (method, target []byte) {
	line = present(line)
	sp := len("GET")
	if len(line) <= sp || string(line[:sp+1]) != "GET " { // nearly always
		if sp = bytes.IndexByte(line, ' '); sp <= 0 || !isMethod(line[:sp]) {
			return nil, line
		}
	}
	target, versioned := cutVersion(line[sp+1:])
	// HTTP/0.9 has no version; then only a path makes it a request.
	if len(target) == 0 || !versioned && target[0] != '/' {
		return nil, line
	}
	return line[:sp], target
}

// cutVersion cuts " HTTP/x.y" off the end. Servers log targets with blanks in them, so it is looked for from the right.
func cutVersion(b []byte) (target []byte, found bool) {
	const version = " HTTP/"
	if n := len(b) - len(version) - 3; n > 0 && b[len(b)-2] == '.' && string(b[n:n+len(version)]) == version { // nearly always
		return b[:n], true
	}
	sp := bytes.LastIndexByte(b, ' ')
	if sp < 0 || len(b)-sp < len(version) || string(b[sp:sp+len(version)]) != version {
		return b, false
	}
	return b[:sp], true
}

// isMethod tells whether b is a token of RFC 9110 that could be a method: letters, digits and a few signs, at most 32 bytes.
func isMethod(b []byte) bool {
	if len(b) > 32 {
		return false
	}
	for _, c := range b {
		if !methodByte[c] {
			return false
		}
	}
	return true
}

// methodByte marks the bytes of a token (RFC 9110, section 5.6.2).
var methodByte = func() (t [256]bool) {
	for _, c := range []byte("!#$%&'*+-.^_`|~0123456789") {
		t[c] = true
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = true, true
	}
	return t
}()
