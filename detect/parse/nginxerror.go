package parse

import "bytes"

// nginxError reads the messages of nginx's error log that say a request was refused: limit_req and limit_conn, failures of auth_basic,
// access rules. nginx appends ", client: ADDRESS, server: NAME, request: …" to them and escapes nothing. Of these messages only
// auth_basic's has a client's text in front of that, a user name, which holds no colon; so the first ", client: " is nginx's own. What
// comes after the address is the client's.
//
// Status is what nginx answers: 401 and 403. It is absent for limits, whose status is configured elsewhere.
//
// Messages that quote a decoded path may hold a raw newline ("GET /a%0a2024/01/01 …"), and behind it whole lines of the client's making.
// nginx writes a message of at most maxError bytes at once. So what follows the beginning of such a message within that distance is not
// believed. For this the parser remembers how far it has come since; it must be given one file's lines in their order. Where pages that
// are not found are common this hides refusals: "log_not_found off" keeps such messages out of the log.
type nginxError struct {
	stamps    stamps
	forwarded bool
	shadow    int // bytes ahead that may be part of a message already begun
}

// maxError is the length that nginx cuts a message at (ngx_log.h: NGX_MAX_ERROR_STR).
const maxError = 2048

const (
	errNginx     = failure("the line does not begin like one of nginx's error log")
	errNginxUser = failure("the message about a user does not end as nginx ends it")
	errShadow    = failure("the line may be part of the message before it, which quotes a client's text")
	errNoRefusal = ignored("a message about something else than a refused request")
	errPiece     = ignored("a further line of the message before it")
)

func newNginxError(opts Options) (Parser, error) {
	return &nginxError{stamps: newStamps(opts), forwarded: opts.Forwarded}, nil
}

func (p *nginxError) Parse(line []byte, ev *Event, _ *Arena) error {
	ev.reset(line)
	if len(line) == 0 {
		return errEmpty
	}
	shaded := p.shadow > 0
	p.shadow = max(p.shadow-len(line)-1, 0)
	at, n := p.stamps.scan(line)
	msg, request, ok := nginxMessage(line[n:])
	switch {
	case n != dateLen || !ok:
		if shaded {
			return errPiece
		}
		return errNginx
	case request && mayTear(msg):
		p.shadow = max(p.shadow, maxError-len(line)-1)
	}
	ev.Time, ev.Forwarded = at, p.forwarded
	if err := readRefusal(msg, ev); err != nil || !shaded {
		return err
	}
	return errShadow
}

// nginxMessage reads " [level] pid#tid: " and, if the message is about a request or connection, "*N ".
func nginxMessage(b []byte) (msg []byte, request, ok bool) {
	b, ok = cutPrefix(b, " [")
	i := bytes.Index(b, []byte("] "))
	if !ok || i < 0 {
		return nil, false, false
	}
	b = b[i+2:]
	_, pid := scanNumber(b)
	b, ok = cutPrefix(b[pid:], "#")
	_, tid := scanNumber(b)
	b, colon := cutPrefix(b[tid:], ": ")
	if !ok || !colon || pid == 0 || tid == 0 {
		return nil, false, false
	}
	if len(b) == 0 || b[0] != '*' {
		return b, false, true
	}
	_, n := scanNumber(b[1:])
	msg, ok = cutPrefix(b[1+n:], " ")
	return msg, true, ok && n > 0
}

const clientMark = ", client: "

// mayTear tells whether msg may hold a client's text with a newline in it: it quotes something, or a script wrote it, before the
// client is named, and it is none of those that are known to hold no such text. One whose last quote is missing was torn.
func mayTear(msg []byte) bool {
	own, tail, _ := bytes.Cut(msg, []byte(clientMark))
	if _, limit := cutPrefix(own, "limiting "); limit || bytes.HasPrefix(own, []byte("access forbidden by rule")) {
		return len(tail) == 0 || bytes.IndexByte(tail, '"') >= 0 && tail[len(tail)-1] != '"'
	}
	if _, user := cutPrefix(own, `user "`); user {
		return false // a name holds no colon, and no line of nginx's is without
	}
	return bytes.ContainsAny(own, `"[`) || bytes.HasPrefix(own, []byte("js: ")) || bytes.HasPrefix(own, []byte("perl: "))
}

// readRefusal reads a message about a refused request.
func readRefusal(msg []byte, ev *Event) error {
	own, tail, ok := bytes.Cut(msg, []byte(clientMark))
	switch name, isUser := cutPrefix(own, `user "`); {
	case isUser:
		if ev.User, ok = failedUser(name, ok); !ok {
			return errNginxUser
		}
		ev.Outcome, ev.Status = Failure, 401
	case string(own) == "access forbidden by rule":
		ev.Status = 403
	case !isLimit(own):
		return errNoRefusal
	}
	if !ok {
		return errNoClient
	}
	return readTail(tail, ev)
}

// isLimit tells whether msg is about limit_req or limit_conn, the dry run included, delays not.
func isLimit(msg []byte) bool {
	return bytes.HasPrefix(msg, []byte("limiting requests, ")) || bytes.HasPrefix(msg, []byte("limiting connections "))
}

// failedUser reads the name in front of nginx's two ways to say that a user failed.
func failedUser(b []byte, complete bool) (user []byte, ok bool) {
	user, ok = bytes.CutSuffix(b, []byte(`": password mismatch`))
	if !ok {
		i := bytes.LastIndex(b, []byte(`" was not found in "`))
		if i < 0 || b[len(b)-1] != '"' {
			return nil, false
		}
		user = b[:i:i]
	}
	return user, complete && bytes.IndexByte(user, ':') < 0
}

// readTail reads `ADDRESS, server: NAME, request: "…", host: "…", referrer: "…"`.
func readTail(tail []byte, ev *Event) error {
	addr, rest, _ := bytes.Cut(tail, []byte(", "))
	var ok bool
	if ev.Client, ok = parseClient(addr); !ok {
		return errClient
	}
	if rest, ok = cutPrefix(rest, "server: "); !ok {
		return errShape
	}
	if _, rest, ok = bytes.Cut(rest, []byte(`, request: "`)); !ok {
		return nil
	}
	request, rest := quotedUntil(rest, `", subrequest: "`, `", upstream: "`, `", host: "`, `", referrer: "`)
	splitRequest(request, ev)
	if _, host, ok := bytes.Cut(rest, []byte(`", host: "`)); ok {
		host, rest = quotedUntil(host, `", referrer: "`)
		ev.Host = present(host)
		if referrer, ok := cutPrefix(rest, `", referrer: "`); ok {
			ev.Referer = present(bytes.TrimSuffix(referrer, []byte{'"'}))
		}
	}
	return nil
}

// quotedUntil cuts b at the first of marks, or at the quote that ends it.
func quotedUntil(b []byte, marks ...string) (inside, rest []byte) {
	end := len(bytes.TrimSuffix(b, []byte{'"'}))
	for _, m := range marks {
		if i := bytes.Index(b[:end], []byte(m)); i >= 0 {
			end = i
		}
	}
	return b[:end], b[end:]
}
