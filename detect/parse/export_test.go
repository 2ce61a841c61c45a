package parse

import (
	"encoding/binary"
	"time"
)

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
	return at[:findMarks(&at, b, 0)], other[:findMarksSlow(&other, b)]
}

var benchMarks markBuffer

// CountMarks finds the marks of b again and again, for the benchmark.
func CountMarks(b []byte) int { return findMarks(&benchMarks, b, 0) }

// QuickIPv4, QuickAddr, QuickIPv6, BriefNumbers and AllDigits are the quick ways, ScanIPv4 the plain one.
func QuickIPv4(b []byte) (ip uint32, n int) { return quickIPv4(b) }
func SwarIPv4(b []byte) (ip uint32, n int)  { return swarIPv4(b) }
func QuickAddr(b []byte, n int) (ip uint32, ok bool) {
	one := [1]Brief{{Usual: true, Lo: uint64(n), Is6: true}}
	ok = quickAddrs(b, one[:]) == 1
	return one[0].V4, ok && !one[0].Is6
}
func QuickIPv6(b []byte, n int) (hi, lo uint64, ok bool) { return quickIPv6(b, n) }
func BriefNumbers(b []byte) (status uint16, ok bool)     { return briefNumbers(b) }
func AllDigits(b []byte) bool                            { return allDigits(b) }
func ScanIPv4(b []byte) (ip uint32, n int) {
	addr, n := scanIPv4(b)
	if n == 0 {
		return 0, 0
	}
	v4 := addr.As4()
	return binary.BigEndian.Uint32(v4[:]), n
}

// QuickJSON tells whether p, a parser of JSON, reads the first line of block by its marks.
func QuickJSON(p Parser, block []byte, want Fields) bool {
	p.(Briefer).Briefs(nil, 0, want, nil)
	var l jsonLines
	return l.window(block, 0, 1<<10) && p.(quickJSON).quick(&l.markedJSON, spot{}, new(Brief)).i > 0
}
