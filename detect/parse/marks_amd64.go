package parse

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// What the processor has of what is written for it. Nearly every one since 2013 has what findMarksAVX2 is made of, but not what hypervisors
// show by default; those for servers since 2019 have what findMarksAVX512 is made of.
var (
	quickMarks    = cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasPOPCNT
	quickestMarks = quickMarks && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VBMI2
)

// findMarks fills at with the places of the marks of b, which is at most markWindow long, and returns how many there are. It has the
// processor fetch what lies so many bytes ahead of each byte; 0: nothing that is not read here.
func findMarks(at *markBuffer, b []byte, ahead int) (n int) {
	if !quickMarks {
		return findMarksSlow(at, b)
	}
	whole := len(b) &^ 63
	if whole > 0 {
		n = findMarksQuick(&at[0], &b[0], whole, ahead)
	}
	if whole == len(b) {
		return n
	}
	var rest [64]byte
	copy(rest[:], b[whole:])
	end := n + findMarksQuick(&at[n], &rest[0], len(rest), 0)
	for i := range at[n:end] {
		at[n+i] += uint16(whole)
	}
	return end
}

// findMarksQuick is findMarks for the size bytes from b on, a multiple of 64 and not 0.
func findMarksQuick(at *uint16, b *byte, size, ahead int) (n int) {
	if quickestMarks {
		return findMarksAVX512(at, b, size, ahead)
	}
	return findMarksAVX2(at, b, size, ahead)
}

//go:noescape
func findMarksAVX2(at *uint16, b *byte, size, ahead int) (n int)

//go:noescape
func findMarksAVX512(at *uint16, b *byte, size, ahead int) (n int)

// fetch has the processor fetch what lies a window behind the line at from: for each line about as much as one is long. All of a window
// at once would take longer, because a processor waits for so much at a time only.
func (w *window) fetch(from int) { fetch(unsafe.SliceData(w.block), from+markWindow) }

// fetch has the processor fetch 256 bytes from b[at] on, which need not be memory.
//
//go:noescape
func fetch(b *byte, at int)
