package jail

import "slices"

// maxSamples bounds the sample lines that all bans keep together, in bytes: three of 1 KiB each for 100,000 bans would be 300 MB.
// maxLines bounds those of one ban.
const (
	maxSamples = 16 << 20
	maxLines   = 3
)

// samples are the bans that keep sample lines, in the order in which they got their first.
type samples struct {
	bytes int
	order []*ban
	empty int // of order: those that have lost them
}

// sampled counts the sample lines of b's evidence, and drops those of the oldest bans if it is too much together.
func (j *Jail) sampled(b *ban) {
	s := &j.samples
	s.bytes -= b.sampled
	b.Evidence.Samples, b.sampled = boundedLines(b.Evidence.Samples)
	s.bytes += b.sampled
	if b.sampled > 0 && !b.queued {
		b.queued = true
		s.order = append(s.order, b)
	}
	for s.bytes > maxSamples {
		s.dropOldest()
		j.counts.Samples++
	}
}

// boundedLines cuts lines to what is kept of them. It does not write to them: they belong to the verdict.
func boundedLines(lines []string) (kept []string, bytes int) {
	kept = lines[:min(len(lines), maxLines):min(len(lines), maxLines)]
	for i, line := range kept {
		if len(line) > maxText {
			kept = slices.Clone(kept)
			kept[i] = short(line)
		}
		bytes += len(kept[i])
	}
	return kept, bytes
}

// dropOldest drops the lines of the ban that has kept its the longest. There must be one.
func (s *samples) dropOldest() {
	b := s.leave()
	for b.sampled == 0 {
		s.empty--
		b = s.leave()
	}
	s.bytes -= b.sampled
	b.sampled, b.Evidence.Samples = 0, nil
}

// leave takes the first ban out of the order.
func (s *samples) leave() *ban {
	b := s.order[0]
	b.queued = false
	s.order[0] = nil
	s.order = s.order[1:]
	return b
}

// drop lets go of b's sample lines. Where most of the order has none any more, it is tidied.
func (s *samples) drop(b *ban) {
	if b.sampled == 0 {
		return
	}
	s.bytes -= b.sampled
	b.sampled, b.Evidence.Samples = 0, nil
	s.empty++
	if s.empty > 64 && s.empty > len(s.order)/2 {
		s.order = slices.DeleteFunc(s.order, func(b *ban) bool {
			b.queued = b.sampled > 0
			return !b.queued
		})
		s.empty = 0
	}
}
