package parse

import (
	"encoding/binary"
	"math/bits"
)

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

// seek reads members from the one whose key begins at at, until its key is one of keys: use says which, from and to where its value
// is, a string's inside, or a number or word as it stands, and next what is behind it. Of an object or an array next is the beginning.
// When there is no such key left use is 0 and next is behind the object. A key with an escape is none.
//
// This is one long function because calls would take most of the time.
func (l *markedJSON) seek(at spot, keys *keyTable) (use uint8, kind jsonKind, from, to int, next spot) {
	text, marks := l.text, l.marks
	for more := true; more; {
		key := int(marks[at.m+1])
		after := binary.LittleEndian.Uint32(text[key:])
		switch {
		case after&0xffffff == '"'|':'<<8|'"'<<16:
			kind, from, to = jsonString, key+3, int(marks[at.m+3])
			next = spot{to + 1, at.m + 4}
			if text[to] != '"' {
				to, next = l.escaped(spot{key + 2, at.m + 2})
			}
		case after&0xffff == '"'|':'<<8:
			from, to, kind, next = l.value(spot{l.blank(key + 2), at.m + 2})
		default:
			return 0, kind, 0, 0, spot{}
		}
		if next.i == 0 {
			return 0, kind, 0, 0, next
		}
		if slot := hashEnds(text[at.i+1], text[key-1], key-at.i-1); keys.slots[slot] != 0 {
			if use = keys.probe(text[at.i+1:key], slot); use != 0 {
				return use, kind, from, to, next
			}
		}
		if kind == jsonNested {
			next = l.brackets(next)
		}
		if binary.LittleEndian.Uint16(text[next.i:]) == ','|'"'<<8 && next.i > 0 {
			at = spot{next.i + 1, next.m}
		} else {
			at, more = l.next(next)
		}
	}
	return 0, kind, 0, 0, at
}

// jsonKind is what a value is.
type jsonKind uint8

const (
	jsonString jsonKind = iota
	jsonScalar
	jsonNested // an object or an array
)

// value reads the value of a member.
func (l *markedJSON) value(at spot) (from, to int, kind jsonKind, next spot) {
	switch l.text[at.i] {
	case '"':
		to, next = l.str(at)
		return at.i + 1, to, jsonString, next
	case '{', '[':
		return 0, 0, jsonNested, at
	}
	to = at.i
	for isScalar[l.text[to]] {
		to++
	}
	return at.i, to, jsonScalar, spot{to, at.m}
}

// next steps behind the value that ends at at: to the next key of the object, or, at its end, behind the object.
func (l *markedJSON) next(at spot) (_ spot, more bool) {
	switch at.i = l.blank(at.i); {
	case at.i == 0:
	case l.text[at.i] == '}':
		return spot{at.i + 1, at.m}, false
	case l.text[at.i] == ',' && l.text[l.blank(at.i+1)] == '"':
		return spot{l.blank(at.i + 1), at.m}, true
	}
	return spot{}, false
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
//
//go:noinline
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

// brackets passes over an object or an array. What stands between two strings seldom ends it, and needs no look at each byte then.
func (l *markedJSON) brackets(at spot) spot {
	i, m := at.i+1, at.m
	for depth := 1; ; {
		end := int(l.marks[m])
		opened, closed := 0, depth
		if end-i <= 8 {
			opened, closed = countBrackets(binary.LittleEndian.Uint64(l.text[i:]) << (64 - 8*uint(end-i)))
		}
		if depth > closed {
			depth += opened - closed
		} else if i, depth = closing(l.text[i:end], i, depth); depth == 0 {
			return spot{i, m}
		}
		if l.text[end] != '"' {
			return spot{}
		}
		_, next := l.str(spot{end, m})
		if next.i == 0 {
			return next
		}
		i, m = next.i, next.m
	}
}

// countBrackets counts the brackets of both kinds among eight bytes.
func countBrackets(x uint64) (opened, closed int) {
	x |= 0x20 * everyByte // makes brackets braces, and nothing else
	return bits.OnesCount64(zeroBytes(x ^ '{'*everyByte)), bits.OnesCount64(zeroBytes(x ^ '}'*everyByte))
}

// zeroBytes sets the top bit of every byte of x that is zero, and no other bit.
func zeroBytes(x uint64) uint64 { return ^((x&^tops + 0x7f*everyByte) | x | 0x7f*everyByte) }

// closing follows the brackets in text, which begins at i and has no strings, from a depth on. When that is 0, i is behind the bracket.
func closing(text []byte, i, depth int) (int, int) {
	for n, c := range text {
		switch c {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + n + 1, 0
			}
		}
	}
	return i + len(text), depth
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
