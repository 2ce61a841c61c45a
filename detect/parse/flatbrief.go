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
	if line := l.text[at.i:]; p.kind.contained && line[4] == '-' && line[10] == 'T' { // cutRuntime may find a head
		return spot{}
	}
	ev := &p.event
	p.begin(l.text[at.i:], ev) // where the line ends does not matter
	at, more := l.enter(at)
	for more {
		use, kind, from, to, next := l.seek(at, p.keys)
		if use == 0 {
			at = next
			break
		}
		if !p.quickPair(p.uses[use], l.text[from:to], kind, ev) {
			return spot{}
		}
		if kind == jsonNested {
			next = l.brackets(next)
		}
		at, more = l.next(next)
	}
	if at.i == 0 || p.finish(ev) != nil || !b.of(ev) {
		return spot{}
	}
	return l.end(at)
}

// quickPair takes the value of a key that is good for something; false if it has an escape or makes the line one that Parse refuses.
func (p *flatJSON) quickPair(use flatUse, raw []byte, kind jsonKind, ev *Event) bool {
	switch {
	case kind == jsonScalar && string(raw) == "null":
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
