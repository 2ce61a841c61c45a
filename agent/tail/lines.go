package tail

import "bytes"

// wholeLines is the length of the whole lines that b begins with. If bound lies inside b, they end with the last line that begins
// before it, so that no chunk holds lines of two kinds.
func wholeLines(b []byte, bound int64) int {
	if bound > 0 && bound < int64(len(b)) {
		if i := bytes.IndexByte(b[bound-1:], '\n'); i >= 0 {
			return int(bound) + i
		}
	}
	return bytes.LastIndexByte(b, '\n') + 1
}

// dropNULs removes the NUL bytes that stand before a line: the hole that a writer leaves which goes on at its old offset after a
// truncation, or what a crash left of the last block. NULs inside a line are part of it: to end a line there would let whoever can
// get a NUL into the log forge lines. It works in place.
func dropNULs(b []byte) []byte {
	if bytes.IndexByte(b, 0) < 0 {
		return b
	}
	out := b[:0]
	for len(b) > 0 {
		end := bytes.IndexByte(b, '\n') + 1
		if end == 0 {
			end = len(b)
		}
		out = append(out, bytes.TrimLeft(b[:end], "\x00")...)
		b = b[end:]
	}
	return out
}
