package parse

import "time"

// What the tests of this package look into.
var (
	ParseIPv6   = parseIPv6
	ParseClient = parseClient
)

// Buf is the memory that decoded fields lie in.
func (a *Arena) Buf() []byte { return a.buf[:cap(a.buf)] }

// Scan reads the stamp at the start of b with a fresh reader.
func Scan(o Options, b []byte) (t time.Time, n int) {
	s := newStamps(o)
	return s.scan(b)
}

// NewArena makes an Arena that need not grow for n bytes, so that all it gives out lies in Buf.
func NewArena(n int) *Arena { return &Arena{buf: make([]byte, 0, n)} }

// MarkWindow is the most that marks are looked for in at once.
const MarkWindow = markWindow

// FindMarks finds the marks of b as this processor does, and as any does.
func FindMarks(b []byte) (quick, slow []uint16) {
	var at, other markBuffer
	return at[:findMarks(&at, b)], other[:findMarksSlow(&other, b)]
}

var benchMarks markBuffer

// CountMarks finds the marks of b again and again, for the benchmark.
func CountMarks(b []byte) int { return findMarks(&benchMarks, b) }
