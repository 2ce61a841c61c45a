package syslog

import "bytes"

// Message is what a syslog datagram says, its header taken off. Its parts alias the datagram.
type Message struct {
	Program []byte // tag or APP-NAME, without the process id; empty if the header has none
	PID     []byte // decimal digits; empty if the header has none
	Text    []byte // what was logged; may be empty, and may hold any byte
}

// Parse takes the header off a datagram: RFC 5424, or RFC 3164 as it is found in the wild: with or without host (nginx's nohostname,
// syslog(3), haproxy), with or without process id, with a stamp of either kind or none. What has no priority in front, such as the
// lines that Caddy sends, is text as a whole. It never fails: what it takes for text by mistake no log format accepts.
//
// A general parser will not do here. RFC 3164 describes what was seen in 2001, and go-syslog's takes the tag for the host where the
// host is left out. What counts is that a client, whose words begin after the tag, has no say in where the text begins: a tag is looked
// for in the first two words only, and the first one wins.
func Parse(datagram []byte) Message {
	b := bytes.TrimRight(bytes.TrimLeft(datagram, "\x00"), "\x00\r\n")
	rest, ok := cutPriority(b)
	if !ok {
		return Message{Text: b}
	}
	if m, ok := parse5424(rest); ok {
		return m
	}
	return parse3164(rest)
}

// cutPriority takes <N> off, with N of one to three digits.
func cutPriority(b []byte) (rest []byte, ok bool) {
	if len(b) < 3 || b[0] != '<' {
		return b, false
	}
	n := digits(b[1:])
	if n < 1 || n > 3 || 1+n >= len(b) || b[1+n] != '>' {
		return b, false
	}
	return b[n+2:], true
}

// parse3164 reads "[STAMP [HOST ]][TAG[[PID]]: ]TEXT".
func parse3164(b []byte) Message {
	rest, stamped := cutStamp(b)
	if m, ok := cutTag(rest); ok {
		return m
	}
	if host := spanOf(rest, isHost); stamped && host > 0 && host < len(rest) && rest[host] == ' ' {
		if m, ok := cutTag(rest[host+1:]); ok {
			return m
		}
	}
	return Message{Text: rest}
}

// cutStamp takes a time and the blank behind it off: "Nov  2 15:04:05", or RFC 3339 as rsyslog forwards it.
func cutStamp(b []byte) (rest []byte, ok bool) {
	if n := classicStamp(b); n > 0 {
		return b[n:], true
	}
	if digits(b) != 4 || len(b) < 5 || b[4] != '-' {
		return b, false
	}
	n := spanOf(b, func(c byte) bool {
		return isDigit(c) || c == 'T' || c == 'Z' || c == ':' || c == '.' || c == '+' || c == '-'
	})
	if n < len("2006-01-02T15:04:05") || n >= len(b) || b[n] != ' ' {
		return b, false
	}
	return b[n+1:], true
}

// classicStamp is the length of "Jan _2 15:04:05 " at the start of b, 0 if something else stands there.
func classicStamp(b []byte) int {
	const shape = "Aaa _9 99:99:99 "
	if len(b) < len(shape) {
		return 0
	}
	for i := range len(shape) {
		c := b[i]
		ok := c == shape[i]
		switch shape[i] {
		case 'A':
			ok = c >= 'A' && c <= 'Z'
		case 'a':
			ok = c >= 'a' && c <= 'z'
		case '_':
			ok = c == ' ' || isDigit(c)
		case '9':
			ok = isDigit(c)
		}
		if !ok {
			return 0
		}
	}
	return len(shape)
}

// longestTag is how long a tag may be. RFC 3164 says 32; names of units and containers are longer.
const longestTag = 64

// cutTag takes "TAG: " or "TAG[PID]: " off. A colon without a blank is one of an IPv6 host's.
func cutTag(b []byte) (m Message, ok bool) {
	n := spanOf(b, isTag)
	if n == 0 || n > longestTag || n == len(b) {
		return m, false
	}
	m.Program = b[:n:n]
	rest := b[n:]
	if rest[0] == '[' {
		end := bytes.IndexByte(rest[:min(len(rest), longestTag)], ']')
		if end < 0 {
			return m, false
		}
		m.PID, rest = number(rest[1:end]), rest[end+1:]
	}
	if len(rest) == 0 || rest[0] != ':' || len(rest) > 1 && rest[1] != ' ' {
		return m, false
	}
	m.Text = bytes.TrimPrefix(rest[1:], []byte(" "))
	return m, true
}

// parse5424 reads "1 STAMP HOST APP-NAME PROCID MSGID STRUCTURED-DATA[ TEXT]" (RFC 5424, section 6).
func parse5424(b []byte) (m Message, ok bool) {
	rest, ok := bytes.CutPrefix(b, []byte("1 "))
	if !ok {
		return m, false
	}
	var field [5][]byte // stamp, host, program, process, message id
	for i := range field {
		var found bool
		if field[i], rest, found = bytes.Cut(rest, []byte(" ")); !found || len(field[i]) == 0 {
			return m, false
		}
	}
	if rest, ok = cutStructured(rest); !ok {
		return m, false
	}
	m.Program, m.PID = known(field[2]), number(field[3])
	m.Text = bytes.TrimPrefix(bytes.TrimPrefix(rest, []byte(" ")), []byte("\xef\xbb\xbf"))
	return m, true
}

// cutStructured takes "-" or one or more "[ID NAME="VALUE" …]" off. Inside a value, a backslash escapes ", \ and ].
func cutStructured(b []byte) (rest []byte, ok bool) {
	if len(b) > 0 && b[0] == '-' {
		return b[1:], len(b) == 1 || b[1] == ' '
	}
	for len(b) > 0 && b[0] == '[' {
		n := elementEnd(b)
		if n == 0 {
			return b, false
		}
		b, ok = b[n:], true
	}
	return b, ok && (len(b) == 0 || b[0] == ' ')
}

// elementEnd is the length of one element of structured data, 0 if it has no end.
func elementEnd(b []byte) int {
	quoted := false
	for i := 1; i < len(b); i++ {
		switch {
		case quoted && b[i] == '\\':
			i++
		case b[i] == '"':
			quoted = !quoted
		case !quoted && b[i] == ']':
			return i + 1
		}
	}
	return 0
}

// known is a field that may be "-" for nothing.
func known(field []byte) []byte {
	if len(field) == 1 && field[0] == '-' {
		return nil
	}
	return field
}

// number is b if it is a number of at most nine digits.
func number(b []byte) []byte {
	if n := digits(b); n != len(b) || n > 9 {
		return nil
	}
	return b
}

// digits is how many digits b begins with.
func digits(b []byte) int { return spanOf(b, isDigit) }

// spanOf is how many bytes of a kind b begins with.
func spanOf(b []byte, is func(byte) bool) int {
	for i, c := range b {
		if !is(c) {
			return i
		}
	}
	return len(b)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isTag says which bytes a program's name has. No bracket, colon or blank: a line made of it again comes apart where it was joined.
func isTag(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_' || c == '.' || c == '/' || c == '@'
}

// isHost says which bytes a host's name or address has.
func isHost(c byte) bool { return isTag(c) || c == ':' || c == '%' }
