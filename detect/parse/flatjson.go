package parse

import (
	"fmt"
	"slices"
	"strings"
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
	flatFields
)

// flatNames are the fields as Options.Fields names them, and the keys that are taken for them when it is nil: those of nginx's
// variables and the ones that people like to write instead, the best first. The client is only ever nginx's own variable: other
// names are given to forwarded headers as well.
var flatNames = [flatFields]struct {
	name string
	keys []string
}{
	flatTime:      {"time", []string{"time_iso8601", "msec", "time_local", "time", "timestamp", "@timestamp", "ts"}},
	flatClient:    {"client", []string{"remote_addr"}},
	flatMethod:    {"method", []string{"request_method", "method"}},
	flatTarget:    {"target", []string{"request_uri", "uri"}},
	flatRequest:   {"request", []string{"request"}},
	flatStatus:    {"status", []string{"status"}},
	flatBytes:     {"bytes", []string{"body_bytes_sent", "bytes_sent", "bytes"}},
	flatHost:      {"host", []string{"host", "http_host", "server_name"}},
	flatAgent:     {"user_agent", []string{"http_user_agent", "user_agent"}},
	flatReferer:   {"referer", []string{"http_referer", "referer"}},
	flatUser:      {"user", []string{"remote_user", "user"}},
	flatForwarded: {"forwarded", []string{"http_x_forwarded_for", "x_forwarded_for"}},
}

// flatUse is what a key is good for.
type flatUse struct {
	key   string
	field flatField
	rank  uint8 // of several keys of one line for the same field the lowest wins, of equals the first
}

// flatJSON reads one flat JSON object a line, as nginx writes with a log_format of that shape. Objects and arrays in it are passed
// over. Any key that begins with http_ is a request header besides. "-" and "" mean that a field is absent.
type flatJSON struct {
	uses   map[string]flatUse
	order  []flatUse // what the keys of the last line were good for: the next line has the same ones
	stamps stamps
	opts   Options

	best    [flatFields]uint8 // ranks of what is set
	request []byte
	list    []byte // forwarded list

	marks markBuffer
	want  Fields // brief: what is looked at
	brief bool   // only what a Brief needs is looked at; the arena stays as it is
	plain bool   // none of it has an escape
	event Event  // for Briefs
}

func newFlatJSON(opts Options) (Parser, error) {
	uses, err := flatUses(opts.Fields)
	if err != nil {
		return nil, err
	}
	return &flatJSON{uses: uses, order: make([]flatUse, 0, 64), stamps: newStamps(opts), opts: opts}, nil
}

// flatUses turns a field map, or the usual names if it is nil, into what each key is good for.
func flatUses(fields map[string]string) (map[string]flatUse, error) {
	uses := map[string]flatUse{}
	if fields == nil {
		for f, n := range flatNames {
			for rank, key := range n.keys {
				uses[key] = flatUse{key, flatField(f), uint8(rank)}
			}
		}
		return uses, nil
	}
	for name, key := range fields {
		f := slices.IndexFunc(flatNames[:], func(n struct {
			name string
			keys []string
		}) bool {
			return n.name == name && name != ""
		})
		if f < 0 {
			return nil, fmt.Errorf("nginx-json fields: there is no %q: there are %s", name, strings.Join(flatFieldNames(), ", "))
		}
		if other, ok := uses[key]; ok {
			return nil, fmt.Errorf("nginx-json fields: key %q stands for both %s and %s", key, flatNames[other.field].name, name)
		}
		uses[key] = flatUse{key, flatField(f), 0}
	}
	if _, ok := fields["client"]; !ok {
		return nil, fmt.Errorf(`nginx-json fields: no client: give the key that holds the peer's address, such as client = "remote_addr"`)
	}
	return uses, nil
}

func flatFieldNames() (names []string) {
	for _, n := range flatNames[1:] {
		names = append(names, n.name)
	}
	return names
}

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
	ev.reset(line)
	if len(line) == 0 {
		return errEmpty
	}
	p.request, p.list = nil, nil
	for i := range p.best {
		p.best[i] = 255
	}
	if err := p.object(ev, a); err != nil {
		return err
	}
	if p.request != nil && p.best[flatTarget] > 0 { // $request_uri is best; $request is closer to it than the decoded $uri
		method := ev.Method
		if splitRequest(p.request, ev); method != nil {
			ev.Method = method
		}
	}
	if !ev.Client.IsValid() {
		return errNoClient
	}
	ev.Forwarded = p.opts.Forwarded
	return p.opts.forward(ev, p.list)
}

// object reads the line's object.
func (p *flatJSON) object(ev *Event, a *Arena) error {
	s := newScanner(ev.Line, &p.marks)
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
		raw, _, ok := s.value()
		if !ok {
			return errJSON
		}
		if err := p.pair(n, key, raw, ev, a); err != nil {
			return err
		}
	}
	if !s.done() {
		return errTail
	}
	return nil
}

// pair takes the n-th key and its value.
func (p *flatJSON) pair(n int, key, raw []byte, ev *Event, a *Arena) error {
	use := p.use(n, key)
	isHeader := len(key) > 5 && string(key[:5]) == "http_"
	if use.field == flatNone && !isHeader {
		return nil
	}
	if use.field == flatClient {
		return setOnce(&ev.Client, raw)
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
		a.header(key[5:], raw)
	}
	if use.field == flatNone || use.rank >= p.best[use.field] {
		return nil
	}
	p.best[use.field] = use.rank
	return p.set(use.field, raw, ev)
}

// looksAt tells whether a Brief needs the field.
func (p *flatJSON) looksAt(f flatField) bool {
	switch f {
	case flatTime, flatStatus, flatBytes, flatForwarded: // those that may be refused
		return true
	case flatMethod, flatTarget, flatRequest:
		return p.want&(WantMethod|WantTarget) != 0
	case flatAgent:
		return p.want&WantUserAgent != 0
	}
	return false
}

// use looks up what the n-th key is good for, first where it was in the line before.
func (p *flatJSON) use(n int, key []byte) flatUse {
	if n < len(p.order) && p.order[n].key == string(key) {
		return p.order[n]
	}
	use := p.uses[string(key)]
	if n == len(p.order) && n < cap(p.order) {
		p.order = append(p.order, use)
	} else if n < len(p.order) {
		p.order[n] = use
	}
	return use
}

// set gives ev a field that is present.
func (p *flatJSON) set(f flatField, v []byte, ev *Event) error {
	switch f {
	case flatTime:
		at, n := p.stamps.scan(v)
		if n == 0 || n != len(v) {
			return errTime
		}
		ev.Time = at
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
	}
	return nil
}
