package static

import (
	"bytes"
	"encoding/binary"
	"slices"

	"cidrx/detect/cidr"
	"cidrx/detect/parse"
)

// rangeSeen is what was seen of one range; all of it comes out the same in whatever order it is put together.
type rangeSeen struct {
	requests, ordinary uint64
	times              []uint64
	statuses           map[int]uint64 // at most 1,001: what is no three-digit status counts as oddStatus
	samples            lineSample
}

const oddStatus = -1

// texts are the user agents and endpoints of a block, which must be put together in the order of the log because there is not room for
// all. A key is that of textKey.
type texts struct {
	counts map[string]int // index into list
	list   []textCount
}

type textCount struct {
	key string
	n   uint64
}

// Kinds of texts.
const (
	agentText = iota
	endpointText
	textKinds
)

// keyBytes stand before the text in a key: the range (2) and the kind of text (1).
const keyBytes = 3

// textKey appends the key of a text, of which maxText bytes count.
func textKey(dst []byte, of int, kind byte, text []byte) []byte {
	dst = append(binary.BigEndian.AppendUint16(dst, uint16(of)), kind)
	return append(dst, text[:min(len(text), maxText)]...)
}

// lookView looks at what was detected.
type lookView struct {
	a       *Analysis
	targets *targets
	time    buckets
	judge   *onlooker
	weight  uint64 // requests that a line stands for, besides what it says itself

	all    []uint64     // requests a bucket, of the whole log
	ranges []*rangeSeen // of each target; nil: nothing
	passes []bool       // of each section: the event passes
	asked  []bool       // and that was asked already
	texts  texts
	key    []byte
}

func (a *Analysis) lookView(t *targets, time buckets) (*lookView, error) {
	judge, err := newOnlooker()
	return &lookView{
		a: a, targets: t, time: time, judge: judge, weight: 1, all: make([]uint64, time.n), ranges: make([]*rangeSeen, len(t.list)),
		passes: make([]bool, len(a.sections)), asked: make([]bool, len(a.sections)), texts: texts{counts: map[string]int{}},
	}, err
}

func (v *lookView) brief(b *parse.Brief) bool {
	v.at(b.Unix, v.weight)
	return v.targets.holds(b)
}

// at counts n requests of the whole log.
func (v *lookView) at(unix int64, n uint64) {
	if v.time.n > 0 {
		v.all[v.time.of(unix)] += n
	}
}

func (v *lookView) see(ev *parse.Event, known bool) {
	n := v.weight * uint64(max(1, ev.Repeat))
	if !known && !ev.Time.IsZero() {
		v.at(ev.Time.Unix(), n)
	}
	around := v.targets.of(ev.Client)
	if len(around) == 0 || holdsAny(ev.UserAgent, v.a.options.AllowAgents) {
		return
	}
	clear(v.asked)
	looks := v.judge.kind(ev)
	for _, i := range around {
		if v.pass(v.targets.list[i].section, ev) {
			v.count(i, ev, n, looks)
		}
	}
}

// holdsAny tells whether a text contains one of the words.
func holdsAny(text []byte, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return w != "" && bytes.Contains(text, []byte(w)) })
}

// pass tells whether the event is one of a section's.
func (v *lookView) pass(section int, ev *parse.Event) bool {
	if !v.asked[section] {
		v.asked[section] = true
		v.passes[section] = v.judge.passes(v.a, section, ev)
	}
	return v.passes[section]
}

// passes tells whether the event counts in a section.
func (o *onlooker) passes(a *Analysis, section int, ev *parse.Event) bool {
	p := a.counts.populations[a.sections[section].who]
	if !p.inTime(ev.Time.Unix(), !ev.Time.IsZero()) || p.filter != nil && !p.filter.Match(ev, "", &o.scratch) {
		return false
	}
	if len(a.options.Allow) == 0 {
		return true
	}
	requests, _ := p.hosts.Count(cidr.Host(ev.Client)) // none of the allowed clients
	return requests > 0
}

// count counts an event of the target i.
func (v *lookView) count(i int, ev *parse.Event, n uint64, looks kind) {
	if v.ranges[i] == nil {
		v.ranges[i] = &rangeSeen{times: make([]uint64, v.time.n), statuses: map[int]uint64{}}
	}
	s := v.ranges[i]
	s.requests += n
	if looks == ordinary {
		s.ordinary += n
	}
	if v.time.n > 0 && !ev.Time.IsZero() {
		s.times[v.time.of(ev.Time.Unix())] += n
	}
	s.statuses[status(ev.Status)] += n
	s.samples.add(ev.Line, ev.Time.Unix())
	v.text(i, agentText, ev.UserAgent, n)
	v.text(i, endpointText, path(ev.Target), n)
}

func status(code int) int {
	if code == 0 || 100 <= code && code <= 999 {
		return code
	}
	return oddStatus
}

// path of a target as logged, without its query.
func path(target []byte) []byte {
	if end := bytes.IndexByte(target, '?'); end >= 0 {
		return target[:end]
	}
	return target
}

// text counts a text of the target i.
func (v *lookView) text(i int, kind byte, text []byte, n uint64) {
	v.key = textKey(v.key[:0], i, kind, text)
	at, known := v.texts.counts[string(v.key)]
	if !known {
		at = len(v.texts.list)
		key := string(v.key)
		v.texts.counts[key] = at
		v.texts.list = append(v.texts.list, textCount{key: key})
	}
	v.texts.list[at].n += n
}

// piece hands over the texts.
func (v *lookView) piece() any {
	list := v.texts.list
	v.texts = texts{counts: make(map[string]int, min(len(list), 1<<10))}
	return list
}

// merge adds what another view saw of a range.
func (s *rangeSeen) merge(other *rangeSeen) {
	s.requests, s.ordinary = s.requests+other.requests, s.ordinary+other.ordinary
	for i, n := range other.times {
		s.times[i] += n
	}
	for code, n := range other.statuses {
		s.statuses[code] += n
	}
	s.samples.merge(other.samples)
}
