package parse

import "bytes"

// Lines of text formats are held together by three bytes: quotes around fields, backslashes before what is escaped, and newlines. Their
// places, the marks, are found for many lines at once; then a line of known shape is read by looking where its marks are.

// markBuffer holds places in a window.
type markBuffer [markWindow + markSlack]uint16

const (
	markWindow = 8 << 10 // bytes, a multiple of 64; with the marks of usual lines it stays in the first-level cache
	markSlack  = 64      // findMarks may write so many beyond the last
)

// isMark tells whether c is one of the three.
func isMark(c byte) bool { return c == '"' || c == '\\' || c == '\n' }

// marks finds windows.
type marks struct{ at markBuffer }

// window is a piece of a block that begins where a line does, with its marks that are not yet used. At the end of a block without a
// newline there stands a mark, too.
type window struct {
	block []byte
	from  int
	marks []uint16 // from from on
}

// window finds the marks of about so many lines from from on, and fetches what lies so many bytes ahead. It holds until the next one is
// made.
func (m *marks) window(block []byte, from, lines, ahead int) window {
	const usual, least = 512, 2048 // bytes
	size := markWindow
	if lines < markWindow/usual {
		size = max(lines*usual, least)
	}
	end := min(from+size, len(block))
	n := findMarks(&m.at, block[from:end], ahead)
	if end == len(block) && block[end-1] != '\n' {
		m.at[n] = uint16(end - from)
		n++
	}
	return window{block: block, from: from, marks: m.at[:n]}
}

// ends tells whether the mark at i of the block ends a line.
func (w *window) ends(i int) bool { return i == len(w.block) || w.block[i] == '\n' }

// toEnd counts the marks up to the end of the line whose first used marks are known; 0 if it is not in the window.
func (w *window) toEnd(used int) int {
	for ; used < len(w.marks); used++ {
		if w.ends(w.from + int(w.marks[used])) {
			return used + 1
		}
	}
	return 0
}

// quotesToEnd is toEnd for what has no backslash; 0 if there is one.
func (w *window) quotesToEnd(used int) int {
	for ; used < len(w.marks); used++ {
		i := w.from + int(w.marks[used])
		if w.ends(i) {
			return used + 1
		}
		if w.block[i] == '\\' {
			return 0
		}
	}
	return 0
}

// findMarksSlow is findMarks with no vector instructions but those of bytes.IndexByte.
func findMarksSlow(at *markBuffer, b []byte) (n int) {
	for from := 0; from < len(b); {
		end := lineEnd(b, from)
		line := b[from:end]
		if bytes.IndexByte(line, '\\') >= 0 {
			n = markEach(at, n, from, line)
		} else {
			n = markQuotes(at, n, from, line)
		}
		if end < len(b) {
			at[n] = uint16(end)
			n++
		}
		from = end + 1
	}
	return n
}

// markQuotes appends the quotes of line, which begins at from.
func markQuotes(at *markBuffer, n, from int, line []byte) int {
	for i := bytes.IndexByte(line, '"'); i >= 0; i = bytes.IndexByte(line, '"') {
		at[n] = uint16(from + i)
		n, from, line = n+1, from+i+1, line[i+1:]
	}
	return n
}

// markEach appends all marks of b, which begins at from.
func markEach(at *markBuffer, n, from int, b []byte) int {
	for i, c := range b {
		if isMark(c) {
			at[n] = uint16(from + i)
			n++
		}
	}
	return n
}
