package parse

import "unicode/utf8"

// Header appends a request header to those that the arena holds.
func (a *Arena) header(name, value []byte) { a.headers = append(a.headers, Header{name, value}) }

// headersFrom returns the headers added since there were start of them, nil if none were.
func (a *Arena) headersFrom(start int) []Header {
	if start == len(a.headers) {
		return nil
	}
	return a.headers[start:len(a.headers):len(a.headers)]
}

// since returns the bytes added since there were start of them. Its capacity is cut, so that nobody appends over a neighbour.
func (a *Arena) since(start int) []byte { return a.buf[start:len(a.buf):len(a.buf)] }

// unescape undoes what nginx and Apache do to bytes that could end a field or a line: \xHH, \", \\ and the letters of C. A backslash
// before anything else stands for itself. b is returned as it is when it holds no backslash.
func (a *Arena) unescape(b []byte) []byte {
	i := indexByte(b, '\\')
	if i < 0 {
		return b
	}
	start := len(a.buf)
	for i >= 0 {
		a.buf = append(a.buf, b[:i]...)
		c, n := escapedByte(b[i:])
		a.buf = append(a.buf, c)
		b = b[i+n:]
		i = indexByte(b, '\\')
	}
	a.buf = append(a.buf, b...)
	return a.since(start)
}

// escapedByte decodes the escape at the start of b, which begins with a backslash, and says how long it is.
func escapedByte(b []byte) (c byte, n int) {
	if len(b) >= 4 && b[1] == 'x' {
		if hi, lo := hexValue[b[2]], hexValue[b[3]]; hi|lo < 16 {
			return hi<<4 | lo, 4
		}
	}
	if len(b) >= 2 && plainEscape[b[1]] != 0 {
		return plainEscape[b[1]], 2
	}
	return '\\', 1
}

// plainEscape maps the letter of a two-byte escape to what it stands for, 0 for none.
var plainEscape = [256]byte{'"': '"', '\\': '\\', '/': '/', 'n': '\n', 'r': '\r', 't': '\t', 'b': '\b', 'f': '\f', 'v': '\v'}

// hexValue maps a hexadecimal digit to its value, any other byte to 255.
var hexValue = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i := byte(0); i < 10; i++ {
		t['0'+i] = i
	}
	for i := byte(0); i < 6; i++ {
		t['a'+i], t['A'+i] = 10+i, 10+i
	}
	return t
}()

// unquoteJSON undoes the escapes of a JSON string's inside, and \xHH besides, which nginx writes into JSON logs made without
// escape=json. Lone surrogates become U+FFFD. Bytes that are not UTF-8 stay as they are.
func (a *Arena) unquoteJSON(b []byte) []byte {
	i := indexByte(b, '\\')
	if i < 0 {
		return b
	}
	start := len(a.buf)
	for i >= 0 {
		a.buf = append(a.buf, b[:i]...)
		b = b[i:]
		n := 0
		if r, k := unicodeEscape(b); k > 0 {
			a.buf, n = utf8.AppendRune(a.buf, r), k
		} else {
			var c byte
			c, n = escapedByte(b)
			a.buf = append(a.buf, c)
		}
		b = b[n:]
		i = indexByte(b, '\\')
	}
	a.buf = append(a.buf, b...)
	return a.since(start)
}

// unicodeEscape decodes \uhhhh, or two of them that make a surrogate pair, at the start of b; n is 0 if there is none.
func unicodeEscape(b []byte) (r rune, n int) {
	hi, ok := hex4(b)
	if !ok {
		return 0, 0
	}
	if hi < 0xD800 || hi > 0xDFFF {
		return hi, 6
	}
	if lo, ok := hex4(b[6:]); ok && hi < 0xDC00 && lo >= 0xDC00 && lo <= 0xDFFF {
		return (hi-0xD800)<<10 + (lo - 0xDC00) + 0x10000, 12
	}
	return utf8.RuneError, 6
}

// hex4 reads the number of a \uhhhh at the start of b.
func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for _, c := range b[2:6] {
		v := hexValue[c]
		if v > 15 {
			return 0, false
		}
		r = r<<4 | rune(v)
	}
	return r, true
}

// EscapedByte is what the escape at the start of b becomes when a field is read, and how long it is; b begins with a backslash. One
// that begins no escape stands for itself and is one byte long. \uhhhh, which JSON has besides, it does not know.
func EscapedByte(b []byte) (c byte, n int) { return escapedByte(b) }
