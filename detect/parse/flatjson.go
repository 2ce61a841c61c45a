package parse

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// flatField is a field of Event that a key of a flat JSON object can give.
type flatField uint8

const (
	flatNone flatField = iota
	flatTime
	flatClient
	flatMethod
	flatTarget
	flatRequest
	flatStatus
	flatBytes
	flatHost
	flatAgent
	flatReferer
	flatUser
	flatForwarded
	flatMessage // of the server's own, in lines that are about no request
	flatFields
)

// flatUse is what a key is good for.
type flatUse struct {
	key   string
	field flatField
	rank  uint8 // of several keys of one line for the same field the lowest wins, of equals the first
}

// flatJSON reads one flat JSON object a line, as nginx writes with a log_format of that shape, and other servers in shapes of their own:
// see flatKind. Objects and arrays in it are passed over. "-", "" and null mean that a field is absent.
type flatJSON struct {
	kind   *flatKind
	keys   *keyTable
	uses   []flatUse // as keys counts them; the first is of all others
	stamps stamps
	last   lastStamp
	opts   Options

	best    [flatFields]uint8 // ranks of what is set
	request []byte
	list    []byte // forwarded list
	message bool   // a message of the server's is there

	marks markBuffer
	want  Fields // brief: what is looked at
	brief bool   // only what a Brief needs is looked at; the arena stays as it is
	plain bool   // none of it has an escape
	event Event  // for Briefs

	lines *jsonLines // for Briefs; nil until there are any
}

func newFlatJSON(opts Options) (Parser, error) {
	uses := nginxKind.uses()
	if opts.Fields != nil {
		var err error
		if uses, err = flatUses(opts.Fields); err != nil {
			return nil, err
		}
	}
	return flatParser(&nginxKind, uses, opts), nil
}

// newFlatKind makes the parsers of a preset without a field map.
func newFlatKind(kind *flatKind) func(Options) (Parser, error) {
	return func(opts Options) (Parser, error) { return flatParser(kind, kind.uses(), opts), nil }
}

func flatParser(kind *flatKind, uses map[string]flatUse, opts Options) *flatJSON {
	names := slices.Sorted(maps.Keys(uses))
	p := &flatJSON{kind: kind, keys: newKeyTable(names...), uses: []flatUse{{}}, stamps: newStamps(opts), opts: opts}
	for _, name := range names {
		p.uses = append(p.uses, uses[name])
	}
	return p
}

// flatUses turns a field map into what each key is good for.
func flatUses(fields map[string]string) (map[string]flatUse, error) {
	uses := map[string]flatUse{}
	for name, key := range fields {
		f := slices.Index(flatNames[:], name)
		if f < 0 || name == "" {
			return nil, fmt.Errorf("nginx-json fields: there is no %q: there are %s", name, strings.Join(flatFieldNames(), ", "))
		}
		if other, ok := uses[key]; ok {
			return nil, fmt.Errorf("nginx-json fields: key %q stands for both %s and %s", key, flatNames[other.field], name)
		}
		uses[key] = flatUse{key, flatField(f), 0}
	}
	if _, ok := fields["client"]; !ok {
		return nil, fmt.Errorf(`nginx-json fields: no client: give the key that holds the peer's address, such as client = "remote_addr"`)
	}
	return uses, nil
}

func flatFieldNames() []string { return flatNames[1:flatMessage] }

// Parse reads a line.
func (p *flatJSON) Parse(line []byte, ev *Event, a *Arena) error {
	p.brief = false
	headers := len(a.headers)
	if err := p.read(line, ev, a); err != nil {
		return err
	}
	ev.Headers = a.headersFrom(headers)
	return nil
}

// read reads a line but for its headers, which are in the arena.
func (p *flatJSON) read(line []byte, ev *Event, a *Arena) error {
	p.begin(line, ev)
	if len(line) == 0 {
		return errEmpty
	}
	if err := p.object(ev, a); err != nil {
		return err
	}
	return p.finish(ev)
}

// begin forgets the line before.
func (p *flatJSON) begin(line []byte, ev *Event) {
	ev.reset(line)
	p.request, p.list, p.message = nil, nil, false
	for i := range p.best {
		p.best[i] = 255
	}
}

// finish settles what needs the whole line: the request line and the client.
func (p *flatJSON) finish(ev *Event) error {
	if p.request != nil && p.best[flatTarget] > 0 { // $request_uri is best; $request is closer to it than the decoded $uri
		method := ev.Method
		if splitRequest(p.request, ev); method != nil {
			ev.Method = method
		}
	}
	ev.Forwarded = p.opts.Forwarded || ev.Forwarded
	switch {
	case p.message && !ev.Client.IsValid() && p.list == nil && ev.Method == nil:
		return errOwnMessage
	case p.kind.host && p.list != nil:
		return p.traefikClient(ev)
	case !ev.Client.IsValid():
		return errNoClient
	}
	return p.opts.forward(ev, p.list)
}

// traefikClient settles the client by the host that Traefik has for it. With trusted proxies the peer's address decides whether that is
// looked at.
func (p *flatJSON) traefikClient(ev *Event) error {
	if !ev.Client.IsValid() || !p.opts.hasProxies() {
		return p.opts.forwardedHost(ev, p.list)
	}
	if host, ok := parseBare(p.list); ok && host == ev.Client {
		return nil
	}
	return p.opts.forward(ev, p.list)
}

func (o *Options) hasProxies() bool { return len(o.TrustedProxies) > 0 }

// object reads the line's object.
func (p *flatJSON) object(ev *Event, a *Arena) error {
	body, err := ev.Line, error(nil)
	if p.kind.contained {
		if body, err = cutRuntime(ev.Line); err != nil {
			return err
		}
	}
	s := newScanner(body, &p.marks)
	if !s.enter() {
		return errJSON
	}
	for n := 0; ; n++ {
		key, more, ok := s.next(n == 0)
		if !ok {
			return errJSON
		}
		if !more {
			break
		}
		raw, text, ok := s.value()
		if !ok {
			return errJSON
		}
		if !text && string(raw) == "null" {
			continue
		}
		if err := p.pair(key, raw, ev, a); err != nil {
			return err
		}
	}
	if !s.done() {
		return errTail
	}
	return nil
}

// pair takes a key and its value.
func (p *flatJSON) pair(key, raw []byte, ev *Event, a *Arena) error {
	use := p.uses[p.keys.find(key)]
	isHeader := p.kind.isHeader(key)
	if use.field == flatNone && !isHeader {
		return nil
	}
	if use.field == flatClient {
		return p.setClient(raw, ev)
	}
	raw = present(raw)
	if raw == nil || p.brief && !p.looksAt(use.field) {
		return nil
	}
	if p.brief {
		p.plain = p.plain && indexByte(raw, '\\') < 0
	} else {
		raw = a.unquoteJSON(raw)
	}
	if isHeader && !p.brief {
		a.header(key[len(p.kind.header):], raw)
	}
	if use.field == flatNone || use.rank >= p.best[use.field] {
		return nil
	}
	p.best[use.field] = use.rank
	return p.set(use.field, raw, ev)
}

// setClient gives ev its client.
func (p *flatJSON) setClient(raw []byte, ev *Event) error {
	ev.Forwarded = p.kind.portZero && bytes.HasSuffix(raw, []byte(":0"))
	return setOnce(&ev.Client, raw)
}

// looksAt tells whether a Brief needs the field.
func (p *flatJSON) looksAt(f flatField) bool {
	switch f {
	case flatTime, flatStatus, flatBytes, flatForwarded, flatMessage: // those that may be refused, and what may be ignored
		return true
	case flatMethod, flatTarget, flatRequest:
		return p.want&(WantMethod|WantTarget) != 0
	case flatAgent:
		return p.want&WantUserAgent != 0
	}
	return false
}

// set gives ev a field that is present.
func (p *flatJSON) set(f flatField, v []byte, ev *Event) error {
	switch f {
	case flatTime:
		return p.setTime(v, ev)
	case flatStatus:
		return setStatus(v, ev)
	case flatBytes:
		return setBytes(v, ev)
	case flatMethod:
		ev.Method = v
	case flatTarget:
		ev.Target = v
	case flatRequest:
		p.request = v
	case flatHost:
		ev.Host = v
	case flatAgent:
		ev.UserAgent = v
	case flatReferer:
		ev.Referer = v
	case flatUser:
		ev.User = v
	case flatForwarded:
		p.list = v
	case flatMessage:
		p.message = true
	}
	return nil
}

// setTime gives ev its time. Often it is that of the line before, to the letter.
func (p *flatJSON) setTime(v []byte, ev *Event) error {
	if string(v) == string(p.last.text[:p.last.n]) {
		ev.Time = p.last.at
		return nil
	}
	at, n := p.stamps.scan(v)
	if n == 0 || n != len(v) {
		return errTime
	}
	ev.Time = at
	if n <= len(p.last.text) {
		p.last.n, p.last.at = copy(p.last.text[:], v), at
	}
	return nil
}

// lastStamp is a time stamp and what it means.
type lastStamp struct {
	text [len("2006-01-02T15:04:05.999999999+07:00")]byte
	n    int // of text
	at   time.Time
}
