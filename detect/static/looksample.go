package static

import (
	"context"
	"fmt"

	"cidrx/detect/parse"
)

// readAgain shows all events of all logs to views. For the logs that cannot be read again it shows the sample of their lines, and says how
// many those are; weigh is told how many requests the next of them stands for.
func (a *Analysis) readAgain(ctx context.Context, views []view, join func(piece any), weigh func(uint64)) (sampled uint64, err error) {
	for i := range a.logs {
		l := &a.logs[i]
		switch {
		case l.Again:
			if err := a.reread(ctx, l, views, join); err != nil {
				return 0, err
			}
		case l.lines > 0 && a.sample == nil:
			return 0, fmt.Errorf("%s: it can be read only once, and no sample of its lines was kept", l.Name)
		}
	}
	if a.sample == nil || len(a.sample.lines) == 0 {
		return 0, nil
	}
	if err := a.showSample(views[0], weigh); err != nil {
		return 0, err
	}
	join(views[0].piece())
	weigh(1)
	return uint64(len(a.sample.lines)), nil
}

// showSample shows the sample to a view. As a part of the lines cannot be put together, each line of sshd that says how an attempt ended
// counts for itself.
func (a *Analysis) showSample(v view, weigh func(uint64)) error {
	var lines *linesAgain
	s, log := a.sample, -1
	for i, l := range s.lines {
		if l.log != log {
			log = l.log
			var err error
			if lines, err = a.linesAgain(&a.logs[log], v); err != nil {
				return err
			}
		}
		lines.arena.Reset()
		if lines.parser.Parse(l.line, &lines.ev, &lines.arena) != nil {
			continue // cut off
		}
		if kind := lines.ev.Part.Kind; kind != parse.PartNamed && kind != parse.PartClosed {
			weigh(s.weight(i))
			v.see(&lines.ev, false)
		}
	}
	return nil
}

// weight is how many of the lines that were sampled line i stands for: all together they stand for all of them.
func (s *sample) weight(i int) uint64 {
	n := uint64(len(s.lines))
	upTo := func(i uint64) uint64 { return i*(s.of/n) + i*(s.of%n)/n }
	return upTo(uint64(i)+1) - upTo(uint64(i))
}
