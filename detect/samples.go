package detect

import (
	"net/netip"
	"slices"

	"cidrx/detect/cidr"
)

const (
	maxSamples   = 3
	maxLine      = 1 << 10
	keptText     = 3 << 19 // bytes of lines
	keptLines    = 1 << 13
	perHost      = 3       // lines of one host kept in a second: a loud host must not push out the quiet ones
	perSecond    = 1 << 10 // lines kept in a second, of those that passed some filter, and of those that passed none
	searchBudget = 1 << 20 // lines that all searches of a second look at; then verdicts go out with the line at hand alone
)

// lines keeps the newest matched lines of all strategies, in less than 2 MiB.
type lines struct {
	text   []byte
	at     uint64 // bytes ever written, gaps included: text[at%len] is next
	kept   []line // a ring
	n      uint64 // lines ever kept
	recent [1 << 10]recent
	second int64 // that the budgets are for
	search int
	keep   [2]int // without and with a filter passed
}

// line is one kept line.
type line struct {
	key  cidr.Key
	mask Mask
	at   uint64 // as lines.at was
	len  int
}

// recent counts the lines of one host in one second.
type recent struct {
	key cidr.Key
	sec int64
	n   int
}

// renew sets the budgets at the start of a second.
func (l *lines) renew(sec int64) {
	if l.second != sec {
		l.second, l.search, l.keep = sec, searchBudget, [2]int{perSecond, perSecond}
	}
}

// add keeps a line of the host k for the strategies of mask. kind is 1 if it passed a filter: those say more.
func (l *lines) add(k cidr.Key, mask Mask, kind int, sec int64, text []byte) {
	l.renew(sec)
	if l.keep[kind] == 0 || len(text) == 0 || l.enough(k, sec) {
		return
	}
	l.keep[kind]--
	if l.text == nil {
		l.text, l.kept = make([]byte, keptText), make([]line, keptLines)
	}
	text = text[:min(len(text), maxLine)]
	if room := keptText - l.at%keptText; room < uint64(len(text)) {
		l.at += room
	}
	copy(l.text[l.at%keptText:], text)
	l.kept[l.n%keptLines] = line{key: k, mask: mask, at: l.at, len: len(text)}
	l.at += uint64(len(text))
	l.n++
}

// enough tells whether the second has enough lines of k, as far as it can be told in a small table.
func (l *lines) enough(k cidr.Key, sec int64) bool {
	r := &l.recent[k.Hash()%uint64(len(l.recent))]
	if r.key != k || r.sec != sec {
		*r = recent{key: k, sec: sec}
	}
	r.n++
	return r.n > perHost
}

// picker chooses sample lines of a prefix: each of another host, if the prefix has several.
type picker struct {
	net     cidr.Net
	mask    Mask // of any of these strategies
	samples []string
	hosts   []cidr.Key
}

func (p *picker) take(k cidr.Key, text []byte) {
	p.samples = append(p.samples, string(text[:min(len(text), maxLine)]))
	p.hosts = append(p.hosts, k)
}

func (p *picker) wants(l *line) bool {
	return l.mask&p.mask != 0 && p.net.Contains(l.key) && (p.net.IsHost() || !slices.Contains(p.hosts, l.key))
}

// pick lets p choose from the newest lines to the oldest.
func (l *lines) pick(p *picker, sec int64) {
	l.renew(sec)
	for i := l.n; i > 0 && l.n-i < keptLines && len(p.samples) < maxSamples && l.search > 0; i-- {
		l.search--
		kept := &l.kept[(i-1)%keptLines]
		if l.at-kept.at > keptText {
			return // its text is overwritten
		}
		if p.wants(kept) {
			from := kept.at % keptText
			p.take(kept.key, l.text[from:from+uint64(kept.len)])
		}
	}
}

// Samples returns up to 3 of the newest kept lines of clients inside p, as logged, newest first.
func (e *Engine) Samples(p netip.Prefix) []string {
	var samples []string
	for _, n := range cidr.Nets(p) {
		pick := picker{net: n, mask: ^Mask(0), samples: samples}
		e.lines.pick(&pick, e.sec)
		samples = pick.samples
	}
	return samples
}
