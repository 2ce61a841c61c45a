package parse

// Briefs reads lines without the fields that are not wanted.
func (p *flatJSON) Briefs(block []byte, from int, want Fields, out []Brief) (n, next int) {
	if p.lines == nil {
		p.lines = new(jsonLines)
	}
	p.want = want
	return p.lines.briefs(p, block, from, out)
}

// slow reads a line of any shape as Parse does.
func (p *flatJSON) slow(line []byte, b *Brief) bool {
	p.brief, p.plain = true, true
	return p.read(line, &p.event, nil) == nil && p.plain && b.of(&p.event)
}

// quick reads a line of the usual shape.
func (p *flatJSON) quick(l *markedJSON, at spot, b *Brief) (next spot) {
	ev := &p.event
	p.begin(l.text[at.i:], ev) // where the line ends does not matter
	at, more := l.enter(at)
	for more {
		keyFrom, keyTo, value := l.key(at)
		if value.i == 0 {
			return value
		}
		from, to, text, next := l.value(value)
		if next.i == 0 || !p.quickPair(l.text[keyFrom:keyTo], l.text[from:to], text, ev) {
			return spot{}
		}
		at, more = l.next(next)
	}
	if at.i == 0 || p.finish(ev) != nil || !b.of(ev) {
		return spot{}
	}
	return l.end(at)
}

// quickPair takes a key and its value; false if the value has an escape or makes the line one that Parse refuses.
func (p *flatJSON) quickPair(key, raw []byte, text bool, ev *Event) bool {
	use := p.keys.find(key)
	switch {
	case use.field == flatNone || !text && string(raw) == "null":
		return true
	case use.field == flatClient:
		return p.setClient(raw, ev) == nil
	}
	raw = present(raw)
	if raw == nil || !p.looksAt(use.field) {
		return true
	}
	if indexByte(raw, '\\') >= 0 {
		return false
	}
	if use.rank >= p.best[use.field] {
		return true
	}
	p.best[use.field] = use.rank
	return p.set(use.field, raw, ev) == nil
}
