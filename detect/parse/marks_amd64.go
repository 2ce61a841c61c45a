package parse

import "golang.org/x/sys/cpu"

// quickMarks tells whether the processor has what findMarksAVX2 is made of: nearly every one since 2013, but not what hypervisors show
// by default.
var quickMarks = cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasPOPCNT

// findMarks fills at with the places of the marks of b, which is at most markWindow long, and returns how many there are.
func findMarks(at *markBuffer, b []byte) int {
	whole := len(b) &^ 63
	if !quickMarks || whole == 0 {
		return findMarksSlow(at, b)
	}
	n := findMarksAVX2(at, &b[0], whole)
	return markEach(at, n, whole, b[whole:])
}

// findMarksAVX2 is findMarks for the size bytes from b on, a multiple of 64 and not 0.
//
//go:noescape
func findMarksAVX2(at *markBuffer, b *byte, size int) (n int)
