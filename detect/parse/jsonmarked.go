package parse

import "encoding/binary"

// markedJSON is a window of lines of one JSON object each, to be read by their marks: the way from one string to the next is then one
// step, and what stands between them is held against the few things that servers write there. A line with anything else is left to
// scanner, which decides. As in scanner, strings come as they are written, with their escapes.
//
// Every byte between strings is looked at, and none may be a backslash; so whoever stands at a quote stands at the next unused mark.
type markedJSON struct {
	text  []byte   // from where the window begins to the end of the block
	marks []uint16 // of whole lines: the last one is that of a newline
	base  uint32   // where in the block the window begins
}

// spot is where reading stands: at byte i, before which the marks up to m lie. The zero spot says that the line is not for markedJSON.
type spot struct{ i, m int }

// jsonSlack is how many bytes there must be behind the last mark of a window, so that a few bytes can be looked at at once anywhere.
const jsonSlack = 32

// enter steps into the object that begins at at: to its first key or, if it has none, behind it.
func (l *markedJSON) enter(at spot) (_ spot, more bool) {
	if l.text[at.i] != '{' {
		return spot{}, false
	}
	switch at.i = l.blank(at.i + 1); l.text[at.i] {
	case '"':
		return at, true
	case '}':
		return spot{at.i + 1, at.m}, false
	}
	return spot{}, false
}

// blank passes over one blank.
func (l *markedJSON) blank(i int) int {
	if l.text[i] == ' ' {
		i++
	}
	return i
}

// key reads the key whose quote is at at, up to its value. A key with an escape is none.
func (l *markedJSON) key(at spot) (from, to int, value spot) {
	to = int(l.marks[at.m+1])
	if binary.LittleEndian.Uint16(l.text[to:]) != '"'|':'<<8 {
		return 0, 0, spot{}
	}
	return at.i + 1, to, spot{l.blank(to + 2), at.m + 2}
}

// next steps behind the value that ends at at: to the next key of the object, or, at its end, behind the object.
func (l *markedJSON) next(at spot) (_ spot, more bool) {
	switch binary.LittleEndian.Uint16(l.text[at.i:]) {
	case ',' | '"'<<8:
		return spot{at.i + 1, at.m}, true
	case ',' | ' '<<8:
		if l.text[at.i+2] == '"' {
			return spot{at.i + 2, at.m}, true
		}
	case ' ' | '}'<<8:
		return spot{at.i + 2, at.m}, false
	default:
		if l.text[at.i] == '}' {
			return spot{at.i + 1, at.m}, false
		}
	}
	return spot{}, false
}

// value reads a string's inside or a number or word as it stands; text says which.
func (l *markedJSON) value(at spot) (from, to int, text bool, next spot) {
	switch l.text[at.i] {
	case '"':
		to, next = l.str(at)
		return at.i + 1, to, true, next
	case '{', '[':
		return 0, 0, false, l.brackets(at)
	}
	to = at.i
	for isScalar[l.text[to]] {
		to++
	}
	return at.i, to, false, spot{to, at.m}
}

// str reads the string whose quote is at at; to is where its other quote is.
func (l *markedJSON) str(at spot) (to int, next spot) {
	to = int(l.marks[at.m+1])
	if l.text[to] != '"' {
		return l.escaped(at)
	}
	return to, spot{to + 1, at.m + 2}
}

// escaped is str for strings with escapes.
func (l *markedJSON) escaped(at spot) (to int, next spot) {
	for m := at.m + 1; ; m++ {
		to = int(l.marks[m])
		switch l.text[to] {
		case '"':
			return to, spot{to + 1, m + 1}
		case '\n':
			return 0, spot{}
		}
		if int(l.marks[m+1]) == to+1 && l.text[to+1] != '\n' {
			m++ // what the backslash escapes
		}
	}
}

// texts passes over the strings of an array, the first of which begins at at.
func (l *markedJSON) texts(at spot) spot {
	for {
		if _, at = l.str(at); at.i == 0 {
			return at
		}
		switch binary.LittleEndian.Uint16(l.text[at.i:]) {
		case ',' | '"'<<8:
			at.i++
		default:
			if l.text[at.i] != ']' {
				return spot{}
			}
			return spot{at.i + 1, at.m}
		}
	}
}

// brackets passes over an object or an array.
func (l *markedJSON) brackets(at spot) spot {
	for depth := 0; ; {
		switch l.text[at.i] {
		case '"':
			if _, at = l.str(at); at.i == 0 {
				return at
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return spot{at.i + 1, at.m}
			}
		case '\\', '\n':
			return spot{}
		}
		at.i++
	}
}

// end steps over the newline behind the object that ends before at.
func (l *markedJSON) end(at spot) spot {
	if l.text[at.i] == '\r' {
		at.i++
	}
	if l.text[at.i] != '\n' {
		return spot{}
	}
	return spot{at.i + 1, at.m + 1}
}

// span is a piece of the window as one of the block.
func (l *markedJSON) span(from, to int) Span { return Span{l.base + uint32(from), l.base + uint32(to)} }

// isScalar says which bytes numbers and words are made of.
var isScalar = func() (is [256]bool) {
	for _, c := range "+-.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" {
		is[c] = true
	}
	return is
}()
