package parse

import "bytes"

// access reads combined, common and vhost_combined. A line of the usual shape (an IPv4 client, no ident, no user, no escapes, every
// field where it should be) is taken apart here, in about half the time that text needs; any other goes to text, which alone decides
// whether it is of the format. Both give the same event.
type access struct {
	text  *text
	vhost bool // HOST:PORT in front
	long  bool // referer and user agent at the end

	brief briefShape
	marks *marks // for Briefs
}

// accessPreset makes a preset's parser. More fields may follow at the end: administrators like to add them.
func accessPreset(format string, vhost, long bool) func(Options) (Parser, error) {
	return func(opts Options) (Parser, error) {
		l, err := compile(format)
		return &access{text: newText(l, true, opts), vhost: vhost, long: long, brief: briefShape{vhost: vhost, long: long}}, err
	}
}

func (p *access) Parse(line []byte, ev *Event, a *Arena) error {
	if bytes.IndexByte(line, '\\') < 0 {
		ev.reset(line)
		if p.usual(line, ev) {
			ev.Forwarded = p.text.opts.Forwarded
			return nil
		}
	}
	return p.text.Parse(line, ev, a)
}

// usual reads a line of the usual shape; false if it has another.
func (p *access) usual(line []byte, ev *Event) bool {
	if p.vhost {
		n := bytes.IndexByte(line, ' ')
		if n < 0 {
			return false
		}
		colon := bytes.IndexByte(line[:n], ':')
		if colon < 0 {
			return false
		}
		ev.Host = present(line[:colon])
		line = line[n+1:]
	}
	rest, ok := p.usualHead(line, ev)
	if !ok {
		return false
	}
	n := bytes.IndexByte(rest, '"')
	if n < 0 {
		return false
	}
	splitRequest(rest[:n], ev)
	if rest, ok = usualNumbers(rest[n+1:], ev); !ok {
		return false
	}
	if p.long {
		return usualTail(rest, ev)
	}
	return len(rest) == 0 || rest[0] == ' '
}

// usualHead reads `ADDRESS - - [TIME] "`.
func (p *access) usualHead(line []byte, ev *Event) (rest []byte, ok bool) {
	addr, n := scanIPv4(line)
	if n == 0 || len(line) < n+6+clfLen+3 || string(line[n:n+6]) != " - - [" {
		return nil, false
	}
	rest = line[n+6:]
	at, n := p.text.stamps.clf.parse(rest)
	if n == 0 || string(rest[clfLen:clfLen+3]) != `] "` {
		return nil, false
	}
	ev.Client, ev.Time = addr, at
	return rest[clfLen+3:], true
}

// usualNumbers reads " STATUS BYTES".
func usualNumbers(b []byte, ev *Event) (rest []byte, ok bool) {
	if len(b) < 6 || b[0] != ' ' || b[4] != ' ' {
		return nil, false
	}
	hundreds, tens, ones := b[1]-'0', b[2]-'0', b[3]-'0'
	if hundreds > 9 || tens > 9 || ones > 9 {
		return nil, false
	}
	ev.Status = int(hundreds)*100 + int(tens)*10 + int(ones)
	if b[5] == '-' {
		return b[6:], true
	}
	var n int
	ev.Bytes, n = scanNumber(b[5:])
	return b[5+n:], n > 0
}

// usualTail reads ` "REFERER" "AGENT"` and accepts what follows a blank.
func usualTail(b []byte, ev *Event) bool {
	if len(b) < 2 || string(b[:2]) != ` "` {
		return false
	}
	b = b[2:]
	n := bytes.IndexByte(b, '"')
	if n < 0 || len(b) < n+3 || string(b[n:n+3]) != `" "` {
		return false
	}
	ev.Referer = present(b[:n])
	b = b[n+3:]
	n = bytes.IndexByte(b, '"')
	if n < 0 || n+1 < len(b) && b[n+1] != ' ' {
		return false
	}
	ev.UserAgent = present(b[:n])
	return true
}
