package static

import (
	"context"
	"encoding/binary"
	"runtime"
	"strconv"

	"cidrx/detect/report"
)

// Bounds of what is counted for one second look. A text costs its counter up to 400 bytes, so all take up to 26 MiB, and a text with more
// than a 64th of the range's requests is always listed, unless ten others have more.
const (
	maxCounters  = 64 << 10 // of texts, in all ranges together
	leastRoom    = 128      // for the user agents, and for the endpoints, of a range
	mostRoom     = 1024
	mostTops     = 10
	mostTopHosts = 100
)

// Look reads the logs a second time and tells more of each range that a tier detected. The result is in a.Report.Detail too. Its memory is
// bounded, whatever the logs hold. Where a log can be read only once, the sample of its lines stands for it, if Options.Sample had one
// kept. The error names the log.
func (a *Analysis) Look(ctx context.Context) (*report.Detail, error) {
	l, err := a.look()
	if err != nil {
		return nil, err
	}
	views := make([]view, len(l.views))
	for i, v := range l.views {
		views[i] = v
	}
	if l.sampled, err = a.readAgain(ctx, views, l.join, l.weigh); err != nil {
		return nil, err
	}
	l.line = a.sample.line()
	a.Report.Detail = l.detail(a)
	return a.Report.Detail, nil
}

// look is a second look under way.
type look struct {
	targets *targets
	time    buckets
	views   []*lookView
	texts   [][textKinds]*frequent // of each target
	sampled uint64
	line    uint64 // requests that a line of the sample stands for; 0: all lines were read
}

func (a *Analysis) look() (*look, error) {
	l := &look{targets: targetsOf(a.Report.Sections), time: bucketsOf(a.Report.First, a.Report.Last)}
	for range a.workers() {
		v, err := a.lookView(l.targets, l.time)
		if err != nil {
			return nil, err
		}
		l.views = append(l.views, v)
	}
	room := min(max(maxCounters/max(textKinds*len(l.targets.list), 1), leastRoom), mostRoom)
	l.texts = make([][textKinds]*frequent, len(l.targets.list))
	for i := range l.texts {
		l.texts[i] = [textKinds]*frequent{newFrequent(room), newFrequent(room)}
	}
	return l, nil
}

// workers is how many goroutines read.
func (a *Analysis) workers() int {
	if a.options.Workers > 0 {
		return a.options.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// weigh tells all views how many requests a line stands for.
func (l *look) weigh(n uint64) {
	for _, v := range l.views {
		v.weight = n
	}
}

// join counts the texts of a block.
func (l *look) join(piece any) {
	for _, t := range piece.([]textCount) {
		of, kind := binary.BigEndian.Uint16([]byte(t.key[:2])), t.key[2]
		l.texts[of][kind].add(t.key[keyBytes:], t.n)
	}
}

// detail puts together what all views saw.
func (l *look) detail(a *Analysis) *report.Detail {
	d := &report.Detail{Omitted: l.targets.omitted, Sampled: l.sampled, Approximate: l.sampled > 0}
	if l.time.n > 0 {
		d.Start, d.Bucket = l.time.begin(), l.time.length()
		d.Requests = make([]uint64, l.time.n)
	}
	for _, v := range l.views {
		for i, n := range v.all {
			d.Requests[i] += n
		}
	}
	for i, of := range l.targets.list {
		d.Ranges = append(d.Ranges, l.rangeDetail(i, of))
		d.Ranges[i].Hosts = a.Hosts(of.section, of.prefix, mostTopHosts)
	}
	return d
}

func (l *look) rangeDetail(i int, of target) report.RangeDetail {
	sum := rangeSeen{times: make([]uint64, l.time.n), statuses: map[int]uint64{}}
	for _, v := range l.views {
		if v.ranges[i] != nil {
			sum.merge(v.ranges[i])
		}
	}
	c := chance{line: l.line, seen: sum.requests}
	d := report.RangeDetail{
		Section: of.section, Prefix: of.prefix, Requests: sum.requests, Ordinary: sum.ordinary, Times: sum.times,
		Agents: l.texts[i][agentText].top(c), Endpoints: l.texts[i][endpointText].top(c), Statuses: topStatuses(sum.statuses, c),
		Samples: sum.samples.lines(),
	}
	if l.sampled > 0 { // the requests are known, and how many of them look ordinary, or have a text, is their share of the estimate
		d.Requests, d.Ordinary = of.requests, uint64(share(sum.ordinary, sum.requests)*float64(of.requests)+0.5)
		for _, t := range []*report.Tops{&d.Agents, &d.Endpoints, &d.Statuses} {
			*t = c.scaled(*t, of.requests)
		}
	}
	return d
}

// topStatuses lists the most frequent statuses, an absent one as an empty text.
func topStatuses(counts map[int]uint64, c chance) report.Tops {
	r := ranking{chance: c}
	for code, n := range counts {
		text := strconv.Itoa(code)
		switch code {
		case 0:
			text = ""
		case oddStatus:
			text = "other"
		}
		r.texts = append(r.texts, report.Top{Text: text, Requests: n})
	}
	return r.tops()
}
