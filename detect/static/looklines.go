package static

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
)

// Bounds of the sample lines of a range.
const (
	maxSamples = 5
	maxSample  = 1 << 10 // bytes of a line
)

// lineSample keeps a few of any number of lines: those with the smallest hashes. So it depends on the lines alone, not on their order
// nor on who read them, a burst does not fill it, and equal lines count as one. Whoever writes lines to have them shown can: they are
// their own.
type lineSample []sampleLine // by hash

type sampleLine struct {
	hash uint64
	unix int64
	line string
}

// add considers a line.
func (s *lineSample) add(line []byte, unix int64) {
	line = line[:min(len(line), maxSample)]
	h := hashLine(line)
	if len(*s) == maxSamples && h >= (*s)[maxSamples-1].hash {
		return
	}
	s.insert(sampleLine{hash: h, unix: unix}, func() string { return string(line) })
}

// insert puts a line in its place, unless it is there; text is asked for only when it is kept.
func (s *lineSample) insert(l sampleLine, text func() string) {
	at, there := slices.BinarySearchFunc(*s, l, func(a, b sampleLine) int { return cmp.Compare(a.hash, b.hash) })
	if there || at == maxSamples {
		return
	}
	l.line = text()
	*s = slices.Insert(*s, at, l)
	*s = (*s)[:min(len(*s), maxSamples)]
}

// merge adds what another sample kept.
func (s *lineSample) merge(other lineSample) {
	for _, l := range other {
		s.insert(l, func() string { return l.line })
	}
}

// lines returns what was kept, in the order of time.
func (s lineSample) lines() []string {
	sorted := slices.SortedFunc(slices.Values(s), func(a, b sampleLine) int {
		return cmp.Or(cmp.Compare(a.unix, b.unix), strings.Compare(a.line, b.line))
	})
	var out []string
	for _, l := range sorted {
		out = append(out, l.line)
	}
	return out
}

// hashLine spreads lines evenly, eight bytes at a time (multiply and fold, as wyhash does). It is the same in every run.
func hashLine(line []byte) uint64 {
	h := uint64(len(line)) + 0x9e37_79b9_7f4a_7c15
	for ; len(line) >= 8; line = line[8:] {
		h = fold(h ^ binary.LittleEndian.Uint64(line))
	}
	var tail [8]byte
	copy(tail[:], line)
	return fold(fold(h ^ binary.LittleEndian.Uint64(tail[:])))
}

func fold(x uint64) uint64 {
	hi, lo := bits.Mul64(x, 0xa076_1d64_78bd_642f)
	return hi ^ lo
}
