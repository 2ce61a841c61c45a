package agent

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"cidrx/agent/tail"
	"cidrx/detect"
	"cidrx/detect/parse"
)

// replayLog reads and decodes one log ahead of the run.
type replayLog struct {
	in      ReplayInput
	decoder *decoder
	counts  sourceCounts
	full    chan *replayBatch
	free    chan *replayBatch
	wanted  chan struct{} // closed when the run has come to this log: until then no more than its beginning is read
	batch   *replayBatch  // whose events are being taken
	index   int
	last    time.Time // of the line before

	attempts int // index into replay.attempts
}

type replayBatch struct {
	batch
	release func()
}

func newReplayLog(in ReplayInput, m *detect.Matcher) (*replayLog, error) {
	zone := in.Source.Timezone
	if zone == nil {
		zone = time.Local
	}
	parser, err := parse.New(in.Source.Format, parse.Options{
		Location: zone, Year: func() time.Time { return in.Written }, Fields: in.Source.Fields,
		TrustedProxies: in.Source.TrustedProxies, Forwarded: in.Source.Forwarded,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	l := &replayLog{
		in: in, full: make(chan *replayBatch, batchesPerSource), free: make(chan *replayBatch, batchesPerSource), wanted: make(chan struct{}),
	}
	for range batchesPerSource {
		l.free <- &replayBatch{}
	}
	l.decoder = newDecoder(in.Source.Name, parser, m, &l.counts)
	l.decoder.assembler = nil // the run puts together what may be spread over several logs
	return l, nil
}

// read decodes the log to its end.
func (l *replayLog) read(ctx context.Context) error {
	defer close(l.full)
	follower := tail.New(tail.Options{Paths: []string{"-"}, Stdin: l.in.Reader, Buffers: batchesPerSource + 1})
	err := follower.Run(ctx, func(c tail.Chunk) error {
		l.counts.cut.Add(uint64(c.Cut))
		return l.put(ctx, c)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", l.in.Name, err)
	}
	return nil
}

func (l *replayLog) put(ctx context.Context, c tail.Chunk) error {
	select {
	case b := <-l.free:
		b.release = c.Release
		l.decoder.decode(&b.batch, c.Data, nil)
		l.full <- b // has room for every batch there is
	case <-ctx.Done():
		c.Release()
		return ctx.Err()
	}
	select {
	case <-l.wanted:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// peek makes sure that there is a next event; ok is false at the end of the log.
func (l *replayLog) peek(ctx context.Context) (ok bool, err error) {
	for l.batch == nil || l.index >= len(l.batch.events) {
		if l.batch != nil {
			l.recycle()
		}
		if err := ctx.Err(); err != nil { // select would choose at random
			return false, err
		}
		select {
		case b, open := <-l.full:
			if !open {
				return false, nil
			}
			l.batch, l.index = b, 0
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	return true, nil
}

// recycle gives the batch back. That its events have been taken says that the run has come to this log.
func (l *replayLog) recycle() {
	l.batch.reset()
	l.batch.release()
	l.free <- l.batch
	l.batch = nil
	select {
	case <-l.wanted:
	default:
		close(l.wanted)
	}
}

func (l *replayLog) head() *parse.Event { return &l.batch.events[l.index] }
func (l *replayLog) mask() detect.Mask  { return l.batch.masks[l.index] }

// when is the time of the next line. One that has none comes with the line before it; the zero time says that there was none.
func (l *replayLog) when() time.Time {
	if t := l.head().Time; !t.IsZero() {
		return t
	}
	return l.last
}

// byFirstLine sorts the logs of a source by their beginnings, so that lines of one second that two of them share come in the order in
// which they were written. Of different sources that order is not known: it is that of their names, whatever files there are. Logs
// without lines are left out.
func byFirstLine(ctx context.Context, logs []*replayLog) ([]*replayLog, error) {
	var out []*replayLog
	for _, l := range logs {
		ok, err := l.peek(ctx)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, l)
		}
	}
	slices.SortStableFunc(out, func(a, b *replayLog) int {
		return cmp.Or(cmp.Compare(a.in.Source.Name, b.in.Source.Name), a.when().Compare(b.when()), a.in.Written.Compare(b.in.Written))
	})
	return out, nil
}
