package parse

import "bytes"

// sshd reads what OpenSSH's server writes about logins, from before and after 9.8, which gave its parts the names sshd-session and
// sshd-auth. Each line is a Part of a connection: a user named, an attempt failed or accepted, the connection closed. What a client
// chose (its user name above all) stands in the middle of these messages and may imitate all of them; see peer.go for how the address
// is found. User names come as sshd writes them: with control characters as \n or \ooo, cut at 100 bytes.
type sshd struct {
	syslog    syslog
	forwarded bool
	whole     bool // the message being read was not cut by sshd
}

func newSSHD(opts Options) (Parser, error) {
	return &sshd{syslog: newSyslog(opts), forwarded: opts.Forwarded}, nil
}

const (
	errOtherProgram = ignored("a line of another program")
	errNoAttempt    = ignored("a line of sshd's that is about no login attempt")
	errCutShort     = failure("the message may have been cut within a client's text, so that its address is not certain")
	errNoPeer       = failure("no address and port where sshd writes them")
	errNoRepeat     = failure("no message and no number of times where rsyslog writes them")
)

// maxMessage is where sshd cuts a message (log.c: "%.500s").
const maxMessage = 500

func (p *sshd) Parse(line []byte, ev *Event, _ *Arena) error {
	ev.reset(line)
	if len(line) == 0 {
		return errEmpty
	}
	e, err := p.syslog.read(line)
	if err != nil {
		return err
	}
	ev.Time, ev.Part.PID, ev.Forwarded = e.time, e.pid, p.forwarded
	switch string(e.program) {
	case "sshd", "sshd-session":
	case "sshd-auth":
		ev.Part.PID = 0 // a child of the process that the other lines are written by
	default:
		return errOtherProgram
	}
	return p.message(e.message, ev)
}

// message tells the messages apart by how they begin, which no client has a say in.
func (p *sshd) message(msg []byte, ev *Event) error {
	msg, repeat, ok := unrepeat(msg)
	if !ok {
		return errNoRepeat
	}
	p.whole = len(msg) < maxMessage
	msg, _ = bytes.CutPrefix(msg, []byte("error: "))
	msg, _ = bytes.CutPrefix(msg, []byte("fatal: "))
	for _, k := range messages {
		if rest, ok := cutPrefix(msg, k.begins); ok {
			if k.kind == PartFailed || k.kind == PartSuccess {
				ev.Repeat = repeat
			}
			ev.Part.Kind = k.kind
			return k.read(p, rest, ev)
		}
	}
	return errNoAttempt
}

// messages are the messages that are read.
var messages = []struct {
	begins string
	kind   PartKind
	read   func(p *sshd, rest []byte, ev *Event) error
}{
	{"Failed ", PartFailed, (*sshd).attempt},
	{"Accepted ", PartSuccess, (*sshd).attempt},
	{"Invalid user ", PartNamed, (*sshd).invalidUser},
	{"User ", PartNamed, (*sshd).notAllowed},
	{"Connection closed by ", PartClosed, (*sshd).closed},
	{"Connection reset by ", PartClosed, (*sshd).closed},
	{"Disconnected from ", PartClosed, (*sshd).closed},
	{"Disconnecting ", PartClosed, (*sshd).disconnecting},
	{"Received disconnect from ", PartClosed, (*sshd).receivedDisconnect},
	{"maximum authentication attempts exceeded for ", PartClosed, (*sshd).userFrom},
	{"Timeout before authentication for ", PartClosed, (*sshd).timeout},
}

// maxRepeat is how often a message counts that rsyslog says came several times. It puts together lines that are the same to the last
// letter, process and port among them: attempts of one connection, of which sshd allows 6 (sshd_config(5), MaxAuthTries). Whoever can
// write to the log that rsyslog writes could claim any number, and have a host banned with a single line. Where more attempts are
// allowed, a connection that makes them counts 6 of each such line.
const maxRepeat = 6

// unrepeat takes off rsyslog's wrapping of a message that came several times: "message repeated 3 times: [ …]". A message without it
// came once; not ok is a wrapping with nothing in it.
func unrepeat(msg []byte) (inner []byte, repeat int, ok bool) {
	rest, ok := cutPrefix(msg, "message repeated ")
	if !ok {
		return msg, 1, true
	}
	digits := len(rest) - len(bytes.TrimLeft(rest, "0123456789"))
	number := bytes.TrimLeft(rest[:digits], "0")
	inner, ok = cutPrefix(rest[digits:], " times: [ ")
	if !ok || len(number) == 0 || !bytes.HasSuffix(inner, []byte("]")) {
		return nil, 0, false
	}
	return inner[:len(inner)-1], repeats(number), true
}

// repeats is what a number of one or more digits, the first of which is no 0, counts.
func repeats(number []byte) int {
	if len(number) > 1 {
		return maxRepeat
	}
	return min(int(number[0]-'0'), maxRepeat)
}

// attempt reads "METHOD for [invalid user ]NAME from ADDRESS port N ssh2[: …]".
func (p *sshd) attempt(rest []byte, ev *Event) error {
	ev.Outcome = Failure
	if ev.Part.Kind == PartSuccess {
		ev.Outcome = Success
	}
	method := max(bytes.IndexByte(rest, ' '), 0)
	rest, ok := cutPrefix(rest[method:], " for ")
	if !ok {
		return errNoPeer
	}
	return p.userFrom(rest, ev)
}

// invalidUser reads "NAME from ADDRESS[ port N]", without port before OpenSSH 7.5. It ends with the address, so the last " from "
// is sshd's.
func (p *sshd) invalidUser(rest []byte, ev *Event) error {
	if !p.whole {
		return errCutShort
	}
	rest = cutPreauth(rest)
	at := bytes.LastIndex(rest, []byte(" from "))
	if at < 0 {
		return errNoPeer
	}
	if !isPeer(rest[at+len(" from "):], ev) {
		return errNoPeer
	}
	ev.User = rest[:at:at]
	return nil
}

// notAllowed reads "NAME from ADDRESS not allowed because …": a user that exists, and so was not made up for the log.
func (p *sshd) notAllowed(rest []byte, ev *Event) error {
	name, rest, ok := bytes.Cut(rest, []byte(" from "))
	end := bytes.Index(rest, []byte(" not allowed because "))
	if !ok || end < 0 || bytes.IndexByte(name, ' ') >= 0 {
		return errNoAttempt
	}
	addr, ok := parseClient(rest[:end])
	if !ok {
		return errNoAttempt // a host name, with UseDNS; other lines of the connection have the address
	}
	ev.Client, ev.User = addr, name
	return nil
}

// closed reads "[authenticating user NAME |invalid user NAME ]ADDRESS port N". "user NAME" alone is a session that had logged in.
func (p *sshd) closed(rest []byte, ev *Event) error {
	if bytes.HasPrefix(rest, []byte("user ")) {
		return errNoAttempt
	}
	named, isNamed := cutNamed(rest)
	if !isNamed {
		rest = cutPreauth(rest)
		if !isPeer(rest, ev) {
			return errNoPeer
		}
		return nil
	}
	if !p.whole {
		return errCutShort
	}
	named = cutPreauth(named)
	at := lastPeer(named)
	if at < 1 || !isPeer(named[at:], ev) {
		return errNoPeer
	}
	ev.User = named[: at-1 : at-1]
	return nil
}

// disconnecting reads "authenticating user NAME ADDRESS port N: REASON", or with "invalid user". Reasons may repeat user names,
// so a line in which two places look like the address is refused.
func (p *sshd) disconnecting(rest []byte, ev *Event) error {
	named, ok := cutNamed(rest)
	if !ok {
		return errNoAttempt
	}
	if !p.whole {
		return errCutShort
	}
	at, err := onlyPeer(named, ev)
	if err != nil {
		return err
	}
	ev.User = named[: at-1 : at-1]
	return nil
}

// receivedDisconnect reads "ADDRESS[ port N]:CODE: TEXT", where the client wrote the text; the end of a connection in OpenSSH
// before 7.4, which said nothing after it.
func (p *sshd) receivedDisconnect(rest []byte, ev *Event) error {
	end := bytes.IndexByte(rest, ' ')
	if end < 0 {
		return errNoPeer
	}
	if n := scanPeer(rest, ev); n > 0 && n < len(rest) && rest[n] == ':' {
		return nil
	}
	addr, ok := parseClient(bytes.TrimSuffix(rest[:end], []byte(":")))
	if !ok {
		return errNoPeer
	}
	ev.Client, ev.Part.Port = addr, 0
	return nil
}

// timeout reads "ADDRESS port N", or from OpenSSH 9.8 on "connection from ADDRESS to ADDRESS, pid = N", which the listening process
// writes about process N.
func (p *sshd) timeout(rest []byte, ev *Event) error {
	from, ok := cutPrefix(rest, "connection from ")
	if !ok {
		if !isPeer(rest, ev) {
			return errNoPeer
		}
		return nil
	}
	addr, rest, _ := bytes.Cut(from, []byte(" to "))
	if ev.Client, ok = parseClient(addr); !ok {
		return errNoPeer
	}
	ev.Part.PID = 0
	if _, pid, ok := bytes.Cut(rest, []byte(", pid = ")); ok {
		if v, n := scanNumber(pid); n > 0 && n < 10 && n == len(pid) {
			ev.Part.PID = int(v)
		}
	}
	return nil
}
