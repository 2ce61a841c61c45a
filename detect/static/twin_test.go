package static

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"cidrx/detect/cidr"
	"cidrx/detect/login"
	"cidrx/detect/match"
	"cidrx/detect/parse"
)

// slow is Analyze as one would write it without a thought of time or memory: a whole log in memory, a line after the other, each parsed,
// each held against each filter, and maps.
type slow struct {
	*Analysis
	filters  []*match.Filter
	hosts    []map[cidr.Key]count
	used     []map[cidr.Key]count
	lines    []sampledLine
	accepted uint64
}

func analyzeSlowly(o Options, logs []Log) (*Analysis, error) {
	s := &slow{Analysis: &Analysis{options: o}}
	var err error
	if s.sections, err = compile(o); err != nil {
		return nil, err
	}
	if s.counts, err = newCounts(o, s.sections); err != nil {
		return nil, err
	}
	for _, p := range s.counts.populations {
		f, err := match.New(p.question.filter)
		if err != nil {
			return nil, err
		}
		s.filters = append(s.filters, f)
		s.hosts, s.used = append(s.hosts, map[cidr.Key]count{}), append(s.used, map[cidr.Key]count{})
	}
	for i := range logs {
		if err := s.log(i, logs[i]); err != nil {
			return nil, err
		}
	}
	if err := s.allEmpty(); err != nil {
		return nil, err
	}
	s.settle()
	s.answer(time.Time{})
	return s.Analysis, nil
}

func (s *slow) log(i int, log Log) error {
	in, err := log.Open()
	if err != nil {
		return err
	}
	all, failed := io.ReadAll(in)
	l := &readLog{Log: log, format: s.options.Format}
	l.look(all[:min(len(all), headBytes)], len(all) >= headBytes)
	o := s.options.Parse
	o.Year = func() time.Time { return log.Written }
	parser, err := parse.New(l.format, o)
	if err != nil {
		return err
	}
	stage := login.New(0)
	at := 0
	for line := range bytes.SplitAfterSeq(all, []byte{'\n'}) {
		at += len(line)
		end := bytes.HasSuffix(line, []byte{'\n'})
		if !end && failed != nil {
			break
		}
		place := at
		if end {
			place--
		}
		s.line(l, i, int64(place), bytes.TrimSuffix(line, []byte{'\n'}), parser, stage)
	}
	if failed != nil {
		return fmt.Errorf("%s: after %s: %w", log.Name, counted(l.lines, "line"), failed)
	}
	stage.Flush()
	s.due(stage)
	if l.lines > 0 && l.accepted+l.ignored == 0 {
		return &Unreadable{Log: log.Name, Format: s.options.Format, First: l.first, Looks: l.looks, Lines: l.lines}
	}
	s.logs = append(s.logs, *l)
	return nil
}

func (s *slow) line(l *readLog, log int, at int64, line []byte, parser parse.Parser, stage *login.Assembler) {
	long := len(bytes.TrimLeft(line, "\x00")) > maxLine
	if line = trim(line); len(line) == 0 {
		return
	}
	l.lines++
	var ev parse.Event
	err := error(errLong)
	if long {
		l.long++
	} else {
		err = parser.Parse(line, &ev, new(parse.Arena))
	}
	switch {
	case errors.Is(err, parse.ErrIgnored):
		l.ignored++
		return
	case err != nil:
		if l.skipped++; l.skipped == 1 {
			l.example, l.why = beginning(nil, line), err
		}
		return
	}
	l.accepted++
	if !l.Again && s.options.Sample {
		s.accepted++
		s.lines = append(s.lines, sampledLine{log, at, placeHash(log, at), line[:min(len(line), sampleCut)]})
	}
	whole := stage.Add(&ev)
	s.due(stage)
	if whole {
		s.event(&ev)
	} else {
		l.ignored++
	}
}

func (s *slow) due(stage *login.Assembler) {
	for _, ev := range stage.Due(nil) {
		s.event(&ev)
	}
}

func (s *slow) event(ev *parse.Event) {
	c := s.counts
	k, n := cidr.KeyOf(ev.Client), uint64(max(1, ev.Repeat))
	known := !ev.Time.IsZero()
	unix := ev.Time.Unix()
	c.requests += n
	if known {
		c.widen(unix, unix)
	} else {
		c.untimed += n
	}
	allowed := slices.ContainsFunc(s.options.AllowAgents, func(w string) bool { return w != "" && strings.Contains(string(ev.UserAgent), w) })
	denied := slices.ContainsFunc(s.options.DenyAgents, func(w string) bool { return w != "" && strings.Contains(string(ev.UserAgent), w) })
	if denied && !allowed {
		c.denied[k] = true
	}
	spent := slices.ContainsFunc(s.options.Spent, func(one Spent) bool {
		return known && unix <= one.Until.Unix() && one.Prefix.Masked().Overlaps(k.Host())
	})
	for i, p := range c.populations {
		if p.timed && (!known || unix < p.from || unix > p.to) || !s.filters[i].Match(ev, "", new(match.Scratch)) {
			continue
		}
		p.total += n
		if allowed && !p.anyone {
			p.allowed += n
			continue
		}
		s.hosts[i][k] = addSlowly(s.hosts[i][k], n, unix, known)
		if spent {
			s.used[i][k] = addSlowly(s.used[i][k], n, unix, known)
		}
	}
}

func addSlowly(c count, n uint64, unix int64, known bool) count {
	c.requests += n
	if !known {
		return c
	}
	at := uint32(min(max(unix, 1), 1<<32-1))
	if c.first == 0 || at < c.first {
		c.first = at
	}
	c.last = max(c.last, at)
	return c
}

// settle removes the allowed clients and what is spent host by host.
func (s *slow) settle() {
	for i, p := range s.counts.populations {
		if i == 0 {
			s.counts.everyone = sortSlowly(s.hosts[i])
		}
		hosts, left := map[cidr.Key]count{}, map[cidr.Key]count{}
		for k, c := range s.hosts[i] {
			if slices.ContainsFunc(s.options.Allow, k.Host().Overlaps) {
				p.allowed += c.requests
				continue
			}
			hosts[k] = c
			c.requests -= s.used[i][k].requests
			if c.first > 0 {
				c.first = min(max(c.first, s.used[i][k].last), c.last)
			}
			left[k] = c
		}
		p.hosts, p.unspent = sortSlowly(hosts), sortSlowly(left)
	}
	if s.options.Sample {
		s.sample = &sample{lines: s.lines, of: s.accepted}
	}
}

func sortSlowly(hosts map[cidr.Key]count) *cidr.Sorted {
	var all []cidr.HostCount
	for k, c := range hosts {
		all = append(all, cidr.HostCount{Key: k, Requests: c.requests, First: c.first, Last: c.last})
	}
	return cidr.NewSorted(all)
}
