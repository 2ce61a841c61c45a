package static

import (
	"bytes"
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
)

// Bounds of a sample.
const (
	sampleLines = 50_000
	sampleBytes = 12 << 20
	sampleCut   = 4 << 10 // of one line
)

// sample is a part of the accepted lines of those logs that cannot be read again: the lines whose places have the smallest hashes, so
// that it does not depend on who read them, or in which order. Each line is as likely to be in it as any other.
type sample struct {
	lines []sampledLine // by log and place once the reading is done
	of    uint64        // accepted lines that they are a sample of

	maxLines, maxBytes int

	limit atomic.Uint64 // lines with larger hashes are not wanted any more
	mu    sync.Mutex
	bytes int
}

// sampledLine is a line without its newline, cut at sampleCut bytes.
type sampledLine struct {
	log  int   // index of the log
	at   int64 // where in the log the line ends
	hash uint64
	line []byte
}

func newSample(lines, bytes int) *sample {
	s := &sample{maxLines: lines, maxBytes: bytes}
	s.limit.Store(^uint64(0))
	return s
}

// placeHash spreads the place of a line evenly (the finish of splitmix64, by Sebastiano Vigna).
func placeHash(log int, at int64) uint64 {
	h := uint64(at) + uint64(log+1)*0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// wants tells whether the line that ends at that place belongs to the sample, as far as it is known.
func (s *sample) wants(log int, at int64) bool { return placeHash(log, at) <= s.limit.Load() }

// add puts a line into the sample.
func (s *sample) add(log int, at int64, line []byte) {
	line = bytes.Clone(line[:min(len(line), sampleCut)])
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, sampledLine{log: log, at: at, hash: placeHash(log, at), line: line})
	s.bytes += len(line)
	if len(s.lines) >= s.maxLines*3/2 || s.bytes >= s.maxBytes*3/2 {
		s.prune()
	}
}

// prune keeps the lines with the smallest hashes, as many as the bounds allow. Pruning twice is pruning once: what does not fit behind
// smaller hashes never fits behind more of them.
func (s *sample) prune() {
	slices.SortFunc(s.lines, func(a, b sampledLine) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.log, b.log), cmp.Compare(a.at, b.at))
	})
	n, sum := 0, 0
	for n < min(len(s.lines), s.maxLines) && sum+len(s.lines[n].line) <= s.maxBytes {
		sum += len(s.lines[n].line)
		n++
	}
	if n < len(s.lines) {
		s.limit.Store(s.lines[n].hash)
		clear(s.lines[n:])
	}
	s.lines, s.bytes = s.lines[:n], sum
}

// settle ends the sampling: of lines were there to choose from.
func (s *sample) settle(of uint64) {
	s.prune()
	s.of = of
	slices.SortFunc(s.lines, func(a, b sampledLine) int { return cmp.Or(cmp.Compare(a.log, b.log), cmp.Compare(a.at, b.at)) })
}
