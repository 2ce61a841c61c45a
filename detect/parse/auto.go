package parse

import "errors"

// autoParser settles on the first preset that accepts a line and hands all further lines to it. Lines before that are ignored when a
// preset knows them as none of its business, else they fail.
type autoParser struct {
	parsers []Parser
	settled Parser
}

const errNoPreset = failure("no preset accepts the line: name the format")

func newAuto(opts Options) (Parser, error) {
	p := &autoParser{}
	for _, preset := range presets() {
		one, err := preset.make(opts)
		if err != nil {
			return nil, err
		}
		p.parsers = append(p.parsers, one)
	}
	return p, nil
}

func (p *autoParser) Parse(line []byte, ev *Event, a *Arena) error {
	if p.settled != nil {
		return p.settled.Parse(line, ev, a)
	}
	var first error = errNoPreset
	for _, one := range p.parsers {
		err := one.Parse(line, ev, a)
		if err == nil {
			p.settled, p.parsers = one, nil
			return nil
		}
		if errors.Is(err, ErrIgnored) && first == errNoPreset {
			first = err
		}
	}
	return first
}

// Detect says which preset accepts the most of lines; a later one of Presets must accept over twice as many as an earlier one, because
// common accepts what combined does, and that what traefik does. If none accepts any, it is the one that ignores the most: the beginning
// of an auth.log may be about anything; lines of other programs weigh half. ok is false when none does that either.
func Detect(lines [][]byte) (format string, ok bool) {
	accepted, ignored := "", ""
	mostAccepted, mostIgnored := 0, 0
	for _, p := range presets() {
		if 2*mostAccepted >= len(lines) {
			break // no later one can accept enough, and most logs have no other lines
		}
		n, m := p.count(lines)
		if n > 2*mostAccepted {
			accepted, mostAccepted = p.Name, n
		}
		if m > mostIgnored {
			ignored, mostIgnored = p.Name, m
		}
	}
	if mostAccepted > 0 {
		return accepted, true
	}
	return ignored, mostIgnored > 0
}

// count says how many of lines the preset accepts and ignores.
func (p preset) count(lines [][]byte) (accepted, ignored int) {
	parser, err := p.make(Options{})
	if err != nil {
		return 0, 0 // presets take the zero Options
	}
	var a Arena
	for _, line := range lines {
		var ev Event
		switch err := parser.Parse(line, &ev, &a); {
		case err == nil:
			accepted++
		case err == errOtherProgram: // which says little: every syslog file has those
			ignored++
		case errors.Is(err, ErrIgnored):
			ignored += 2
		}
		a.Reset()
	}
	return accepted, ignored
}
