package match

import (
	"bytes"
	"encoding/binary"
)

// A request reaches the same resource under many spellings. normalize brings a target into the one that applications see:
//
//  1. of the absolute form (http://host/path?query) the scheme and the host are taken off, what is left begins with a slash;
//  2. a fragment (#…), which no client sends in earnest and servers cut, is cut;
//  3. path and query are percent-decoded, once; the path ends at the first question mark as logged, so %3F belongs to the path. What
//     is not two hexadecimal digits stays, and so does the plus sign;
//  4. in a path that begins with a slash, repeated slashes count as one and the segments . and .. are resolved (RFC 3986, 5.2.4, as
//     nginx does it: after decoding, and never above the root). The query keeps its slashes and dots.
//
// The case of letters stays as it is.
//
// The result is written over buf, which grows as needed.
func normalize(buf, target []byte) []byte {
	target, absolute := originForm(target)
	if i := bytes.IndexByte(target, '#'); i >= 0 {
		target = target[:i]
	}
	path, query := target, []byte(nil)
	if i := bytes.IndexByte(target, '?'); i >= 0 {
		path, query = target[:i], target[i:]
	}
	if absolute && len(path) == 0 {
		path = []byte("/")
	}
	return decode(resolve(decode(buf[:0], path)), query)
}

// originForm takes scheme and authority off a target in absolute form, and reports whether it had them.
func originForm(target []byte) (rest []byte, absolute bool) {
	i := bytes.Index(target, []byte("://"))
	if i < 1 || !isScheme(target[:i]) {
		return target, false
	}
	rest = target[i+3:]
	if end := bytes.IndexAny(rest, "/?#"); end >= 0 {
		return rest[end:], true
	}
	return nil, true
}

// isScheme reports whether b is a URI scheme (RFC 3986, 3.1).
func isScheme(b []byte) bool {
	for i, c := range b {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || c != '+' && c != '-' && c != '.' && (c < '0' || c > '9')) {
			return false
		}
	}
	return len(b) > 0
}

// decode appends b to dst, percent-decoded once.
func decode(dst, b []byte) []byte {
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c == '%' && i+2 < len(b) {
			if hi, lo := hexValue(b[i+1]), hexValue(b[i+2]); hi >= 0 && lo >= 0 {
				c = byte(hi<<4 | lo)
				i += 2
			}
		}
		dst = append(dst, c)
	}
	return dst
}

func hexValue(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// resolve merges slashes and resolves dot segments of a decoded path, in place.
func resolve(path []byte) []byte {
	if len(path) == 0 || path[0] != '/' {
		return path
	}
	out := path[:1] // always ends with a slash between two segments
	for rest := path[1:]; len(rest) > 0; {
		end := bytes.IndexByte(rest, '/')
		segment, more := rest, end >= 0
		if more {
			segment = rest[:end]
		}
		switch {
		case len(segment) == 0 || string(segment) == ".":
		case string(segment) == "..":
			out = parent(out)
		case more:
			out = append(append(out, segment...), '/')
		default:
			out = append(out, segment...)
		}
		if !more {
			break
		}
		rest = rest[end+1:]
	}
	return out
}

// parent takes the last segment off a path that ends with a slash; the root stays.
func parent(path []byte) []byte {
	return path[:bytes.LastIndexByte(path[:max(1, len(path)-1)], '/')+1]
}

// plain reports whether normalize would return target as it is, or at least very likely so: it looks for what the steps act on (a
// percent sign, a number sign, a slash before a slash or a dot, anything but a slash at the start), eight bytes at a time. A false
// "no" (for ! and ', or for dots in the query) costs time only.
func plain(target []byte) bool {
	if len(target) == 0 || target[0] != '/' {
		return false
	}
	var slash uint64 // bit 7 of its lowest byte: the word before ended with a slash
	i := 0
	for ; i+8 <= len(target); i += 8 {
		act, last := actsOn(binary.LittleEndian.Uint64(target[i:]), slash)
		if act != 0 {
			return false
		}
		slash = last
	}
	var tail [8]byte
	copy(tail[:], target[i:])
	act, _ := actsOn(binary.LittleEndian.Uint64(tail[:]), slash)
	return act == 0
}

// actsOn returns something other than 0 if the eight bytes of x hold what normalize acts on, and whether they end with a slash.
// carry says so of the eight bytes before.
func actsOn(x, carry uint64) (act, ends uint64) {
	slash := isByte(x, '/')
	slashOrDot := isByte(x|ones, '/') // '.' is '/' without the lowest bit
	special := isByte(x|6*ones, '\'') // '#' and '%', but also '!' and '\''
	return special | (slash<<8|carry)&slashOrDot, slash >> 56
}

const ones = 0x0101010101010101

// isByte sets bit 7 of every byte of x that is c (Warren, Hacker's Delight, 6-1; exact, no byte disturbs its neighbour).
func isByte(x uint64, c byte) uint64 {
	const low7 = 0x7f * ones
	x ^= ones * uint64(c)
	return ^((x&low7 + low7) | x | low7)
}
