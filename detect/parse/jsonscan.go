package parse

// scanner walks through one JSON object a line, without building anything. It is strict about the structure of the objects whose
// fields are asked for and about where strings end; of values that are skipped it checks brackets and strings only. Two things that
// nginx writes without escape=json are let pass: \xHH in strings and numbers that are empty or "-".
type scanner struct {
	b []byte
	i int

	marks   []uint16 // of b, nil for long lines
	m       int      // those before it lie before i
	escaped bool     // the last string has a backslash in it
}

// newScanner makes a scanner of line, whose marks it finds in m.
func newScanner(line []byte, m *markBuffer) scanner {
	s := scanner{b: line}
	if len(line) <= markWindow {
		s.marks = m[:findMarks(m, line, 0)]
	}
	return s
}

// enter steps into the object that begins here; false if none does. Its fields are read with next until more is false.
func (s *scanner) enter() bool {
	s.blank()
	if s.i >= len(s.b) || s.b[s.i] != '{' {
		return false
	}
	s.i++
	return true
}

// next reads the next key of the object that was entered and stops before its value. At the end of the object more is false and ok
// true. A key comes as it is written, with its escapes.
func (s *scanner) next(first bool) (key []byte, more, ok bool) {
	s.blank()
	if s.i >= len(s.b) {
		return nil, false, false
	}
	if s.b[s.i] == '}' {
		s.i++
		return nil, false, true
	}
	if !first {
		if s.b[s.i] != ',' {
			return nil, false, false
		}
		s.i++
		s.blank()
	}
	key, ok = s.str()
	if !ok {
		return nil, false, false
	}
	s.blank()
	if s.i >= len(s.b) || s.b[s.i] != ':' {
		return nil, false, false
	}
	s.i++
	s.blank()
	return key, true, true
}

// element stops before the next element of the array that was entered. At its end more is false and ok true.
func (s *scanner) element(first bool) (more, ok bool) {
	s.blank()
	if s.i >= len(s.b) {
		return false, false
	}
	if s.b[s.i] == ']' {
		s.i++
		return false, true
	}
	if !first {
		if s.b[s.i] != ',' {
			return false, false
		}
		s.i++
		s.blank()
	}
	return true, true
}

// blank skips white space.
func (s *scanner) blank() {
	for s.i < len(s.b) && s.b[s.i] <= ' ' && (s.b[s.i] == ' ' || s.b[s.i] == '\t' || s.b[s.i] == '\r' || s.b[s.i] == '\n') {
		s.i++
	}
}

// str reads a string and returns its inside, escapes and all.
func (s *scanner) str() (raw []byte, ok bool) {
	if s.i >= len(s.b) || s.b[s.i] != '"' {
		return nil, false
	}
	if s.marks != nil {
		return s.strMarked()
	}
	start := s.i + 1
	n := indexByte(s.b[start:], '"')
	for n > 0 && s.b[start+n-1] == '\\' && oddBackslashes(s.b[start:start+n]) {
		more := indexByte(s.b[start+n+1:], '"')
		if more < 0 {
			return nil, false
		}
		n += 1 + more
	}
	if n < 0 {
		return nil, false
	}
	raw = s.b[start : start+n]
	s.i, s.escaped = start+n+1, indexByte(raw, '\\') >= 0
	return raw, true
}

// strMarked is str by the marks, of which the quote at i is one.
func (s *scanner) strMarked() (raw []byte, ok bool) {
	m, start := s.m, s.i+1
	for int(s.marks[m]) < start {
		if m++; m == len(s.marks) {
			return nil, false
		}
	}
	s.escaped = false
	for ; m < len(s.marks); m++ {
		at := int(s.marks[m])
		switch s.b[at] {
		case '"':
			s.i, s.m = at+1, m
			return s.b[start:at], true
		case '\\':
			s.escaped = true
			if m+1 < len(s.marks) && int(s.marks[m+1]) == at+1 {
				m++ // what it escapes
			}
		}
	}
	return nil, false
}

// value reads a string's inside or a number, true, false or null as it stands; text says which. Anything else is skipped and nil.
func (s *scanner) value() (raw []byte, text, ok bool) {
	if s.i >= len(s.b) {
		return nil, false, false
	}
	switch s.b[s.i] {
	case '"':
		raw, ok = s.str()
		return raw, true, ok
	case '{', '[':
		return nil, false, s.brackets()
	}
	return s.scalar(), false, true
}

// scalar reads up to the end of a number or word, which may be empty.
func (s *scanner) scalar() []byte {
	start := s.i
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ',', '}', ']', ' ', '\t', '"', '{', '[', ':':
			return s.b[start:s.i]
		}
		s.i++
	}
	return s.b[start:s.i]
}

// brackets passes over an object or an array.
func (s *scanner) brackets() bool {
	depth := 0
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case '"':
			if _, ok := s.str(); !ok {
				return false
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth == 0 {
				s.i++
				return true
			}
		}
		s.i++
	}
	return false
}

// done tells whether nothing is left.
func (s *scanner) done() bool {
	s.blank()
	return s.i == len(s.b)
}
