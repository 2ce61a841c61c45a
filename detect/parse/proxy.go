package parse

import (
	"bytes"
	"net/netip"
)

// What several proxies and what runs them have in common: the head of a container's lines, addresses with a port behind a colon, targets
// in absolute form.

const errPart = failure("a container runtime cut the line into parts")

// cutRuntime cuts what Kubernetes' runtimes write in front of a container's lines: "STAMP stdout F ". Lines without it stay as they are.
// A part of a line, which has a P in the place of the F, is an error.
func cutRuntime(line []byte) (rest []byte, err error) {
	if len(line) < dateLen || line[4] != '-' || line[10] != 'T' {
		return line, nil
	}
	_, rest, ok := cutWord(line)
	if stream, tagged, ok2 := cutWord(rest); ok && ok2 && (string(stream) == "stdout" || string(stream) == "stderr") {
		if rest, ok = cutPrefix(tagged, "F "); ok {
			return rest, nil
		}
		if len(tagged) > 1 && tagged[0] == 'P' && tagged[1] == ' ' {
			return nil, errPart
		}
	}
	return line, nil
}

// cutWord cuts b at its first blank; false if that leaves no word or there is none.
func cutWord(b []byte) (word, rest []byte, ok bool) {
	n := indexByte(b, ' ')
	if n <= 0 {
		return nil, nil, false
	}
	return b[:n], b[n+1:], true
}

// lastWord cuts b at its last blank; false if that leaves no word or there is none.
func lastWord(b []byte) (rest, word []byte, ok bool) {
	n := bytes.LastIndexByte(b, ' ')
	if n < 0 || n == len(b)-1 {
		return nil, nil, false
	}
	return b[:n], b[n+1:], true
}

// parsePeer reads "ADDRESS:PORT" where IPv6 addresses stand without brackets, or in them. The port must be there: without it the last
// group of an IPv6 address would be taken for one.
func parsePeer(b []byte) (addr netip.Addr, ok bool) {
	if len(b) > 0 && b[0] == '[' {
		return parseClient(b)
	}
	n := bytes.LastIndexByte(b, ':')
	if n < 0 || !isPort(b[n:]) {
		return netip.Addr{}, false
	}
	return parseBare(b[:n])
}

// absolute takes a target in absolute form apart, as proxies log it, into host and path. A port that goes without saying is left out.
func absolute(ev *Event) {
	scheme, rest, ok := bytes.Cut(ev.Target, []byte("://"))
	if !ok || len(scheme) == 0 || len(scheme) > 5 {
		return
	}
	var port string
	switch string(scheme) {
	case "http", "ws":
		port = ":80"
	case "https", "wss":
		port = ":443"
	default:
		return
	}
	slash := indexByte(rest, '/')
	if slash < 0 {
		return
	}
	ev.Target = rest[slash:]
	if ev.Host == nil {
		ev.Host = present(bytes.TrimSuffix(rest[:slash], []byte(port)))
	}
}

// briefPlain reads Briefs of lines without escape, by which p.Parse takes nothing from an arena: a parser whose fields all lie in the
// line then.
func briefPlain(p Parser, escape byte, ev *Event, block []byte, from int, out []Brief) (n, next int) {
	return briefs(block, from, out, func(line []byte, b *Brief) bool {
		return indexByte(line, escape) < 0 && p.Parse(line, ev, nil) == nil && b.of(ev)
	})
}
