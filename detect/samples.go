package detect

import (
	"net/netip"
	"slices"

	"cidrx/detect/cidr"
)

const (
	maxSamples   = 3
	searchBudget = 1 << 20 // lines that all searches of a second look at; then verdicts go out with the line at hand alone
)

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
		if l.overwritten(kept) {
			continue // its text is overwritten; that of an older one of the same second need not be
		}
		if p.wants(kept) {
			from := kept.at % keptText
			p.take(kept.key, l.text[from:][:kept.len])
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
