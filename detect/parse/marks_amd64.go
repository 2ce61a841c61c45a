package parse

import "golang.org/x/sys/cpu"

// quickMarks tells whether the processor has what findMarksAVX2 is made of: nearly every one since 2013, but not what hypervisors show
// by default.
var quickMarks = cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasPOPCNT

// findMarks fills at with the places of the marks of b, which is at most markWindow long, and returns how many there are.
func findMarks(at *markBuffer, b []byte) (n int) {
	if !quickMarks {
		return findMarksSlow(at, b)
	}
	whole := len(b) &^ 63
	if whole > 0 {
		n = findMarksAVX2(&at[0], &b[0], whole)
	}
	if whole == len(b) {
		return n
	}
	var rest [64]byte
	copy(rest[:], b[whole:])
	end := n + findMarksAVX2(&at[n], &rest[0], len(rest))
	for i := range at[n:end] {
		at[n+i] += uint16(whole)
	}
	return end
}

// findMarksAVX2 is findMarks for the size bytes from b on, a multiple of 64 and not 0.
//
//go:noescape
func findMarksAVX2(at *uint16, b *byte, size int) (n int)
