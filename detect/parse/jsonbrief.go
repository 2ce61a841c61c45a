package parse

// quickJSON reads lines of one JSON object each.
type quickJSON interface {
	// quick reads the line at at into b, whose Begin is set. It returns where the next line begins, or the zero spot: then slow tells.
	quick(l *markedJSON, at spot, b *Brief) (next spot)

	// slow reads a line into b; false: only Parse can tell what it is.
	slow(line []byte, b *Brief) bool
}

// jsonLines reads Briefs window by window.
type jsonLines struct {
	markedJSON
	found marks
	tail  [markWindow]byte // the end of a block, with what a window needs behind it
}

// briefs reads lines as Briefer says.
func (l *jsonLines) briefs(p quickJSON, block []byte, from int, out []Brief) (n, next int) {
	for n < len(out) && from < len(block) {
		read, end := 0, from
		if l.window(block, from, len(out)-n) {
			read, end = l.briefWindow(p, out[n:])
		} else { // long
			read, end = briefs(block, from, out[n:n+1], p.slow)
		}
		n, from = n+read, min(end, len(block))
	}
	return n, from
}

// window finds the marks of about so many lines from from on; false if no line ends there.
func (l *jsonLines) window(block []byte, from, lines int) bool {
	l.base = uint32(from)
	if end := len(block) - jsonSlack; from < end && l.wholeLines(block[from:], end-from, lines) {
		return true
	}
	rest := block[from:]
	if len(rest) >= len(l.tail)-jsonSlack {
		return false
	}
	n := copy(l.tail[:], rest)
	if rest[n-1] != '\n' {
		l.tail[n] = '\n'
		n++
	}
	return l.wholeLines(l.tail[:], n, len(l.tail))
}

// wholeLines makes text[:n] the window, as far as lines end there that do not begin too far on.
func (l *jsonLines) wholeLines(text []byte, n, lines int) bool {
	l.text, l.marks = text, l.found.window(text[:n], 0, lines, markWindow).marks
	for n := len(l.marks); n > 0; n-- {
		if l.text[l.marks[n-1]] == '\n' {
			l.marks = l.marks[:n]
			return true
		}
	}
	return false
}

// briefWindow reads the lines of the window. end is where in the block the next line begins.
func (l *jsonLines) briefWindow(p quickJSON, out []Brief) (n, end int) {
	at := spot{}
	for ; n < len(out) && at.m < len(l.marks); n++ {
		b := &out[n]
		b.Begin = l.base + uint32(at.i)
		next := p.quick(&l.markedJSON, at, b)
		b.Usual = next.i > 0
		if !b.Usual {
			next = l.lineEnd(at)
			b.Usual = p.slow(l.text[at.i:next.i-1], b)
		}
		b.End = l.base + uint32(next.i) - 1
		at = next
	}
	return n, int(l.base) + at.i
}

// lineEnd finds where the line after the one at at begins.
func (l *markedJSON) lineEnd(at spot) spot {
	for m := at.m; ; m++ {
		if i := int(l.marks[m]); l.text[i] == '\n' {
			return spot{i + 1, m + 1}
		}
	}
}

// Briefs are those of the preset that was settled on. Until then no line is usual.
func (p *autoParser) Briefs(block []byte, from int, want Fields, out []Brief) (n, next int) {
	if p.settled == nil {
		return briefless{p}.Briefs(block, from, want, out)
	}
	return BrieferOf(p.settled).Briefs(block, from, want, out)
}
