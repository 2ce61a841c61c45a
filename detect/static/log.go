package static

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"cidrx/detect/login"
	"cidrx/detect/match"
	"cidrx/detect/parse"
)

const (
	headBytes = 256 << 10 // of a log, looked at to tell its format
	headLines = 300
	maxShown  = 200 // bytes of a line that is shown
)

// readLog is what is known of a log that was read.
type readLog struct {
	Log
	format string // preset or format string
	looks  string // the preset that reads its first lines; empty: none
	first  string // the first line
	logTally
}

// read reads a log and counts its lines.
func (a *Analysis) read(ctx context.Context, i int, log *Log, workers []*worker, size int) (readLog, error) {
	l := readLog{Log: *log, format: a.options.Format}
	in, err := log.Open()
	if err != nil {
		return l, err
	}
	defer in.Close()
	s, err := l.begin(ctx, in, size)
	if err != nil {
		return l, err
	}
	if !stateless(l.format) {
		workers = workers[:1]
	}
	if err := a.prepare(&l, i, workers); err != nil {
		return l, err
	}
	err = run(ctx, s, workers, a.options.Progress)
	l.collect(s, workers)
	switch {
	case err != nil && errors.Is(err, ctx.Err()):
		return l, err
	case err != nil:
		return l, fmt.Errorf("%s: after %s: %w", log.Name, counted(l.lines, "line"), err)
	case l.lines > 0 && l.accepted+l.ignored == 0:
		return l, &Unreadable{Log: log.Name, Format: a.options.Format, First: l.first, Looks: l.looks, Lines: l.lines}
	}
	return l, nil
}

// begin looks at the first lines, and returns the blocks of the whole.
func (l *readLog) begin(ctx context.Context, in io.Reader, size int) (*blocks, error) {
	if mapped, ok := in.(Mapped); ok {
		all := mapped.Bytes()
		err := shielded(mapped, func() error {
			l.look(all[:min(headBytes, len(all))], len(all) > headBytes)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.Name, err)
		}
		return newBlocks(in, size), nil
	}
	head := make([]byte, headBytes)
	n, err := readFull(ctx, in, head)
	l.look(head[:n], n == headBytes)
	return newBlocks(io.MultiReader(bytes.NewReader(head[:n]), stuck{in, err}), size), nil
}

// stuck ends with the error that the log had behind its head, if it had one.
type stuck struct {
	io.Reader
	err error
}

func (s stuck) Read(b []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	return s.Reader.Read(b)
}

// look tells what is to be known from the first lines.
func (l *readLog) look(head []byte, more bool) {
	if end := bytes.LastIndexByte(head, '\n'); more && end >= 0 {
		head = head[:end] // the last line goes on
	}
	var lines [][]byte
	for line := range bytes.SplitSeq(head, []byte{'\n'}) {
		if line = trim(line); len(line) > 0 {
			lines = append(lines, line)
		}
		if len(lines) == headLines {
			break
		}
	}
	if len(lines) > 0 {
		l.first = string(beginning(nil, lines[0]))
	}
	preset, _ := parse.Detect(lines)
	if l.format == "auto" && preset != "" {
		l.format = preset
	}
	if reads(preset, lines) {
		l.looks = preset
	}
}

// reads tells whether a preset makes an event of one of lines. Of any syslog file one can say that sshd's ignores it.
func reads(preset string, lines [][]byte) bool {
	parser, err := parse.New(preset, parse.Options{})
	if err != nil {
		return false
	}
	var (
		ev parse.Event
		a  parse.Arena
	)
	return slices.ContainsFunc(lines, func(line []byte) bool { return parser.Parse(line, &ev, &a) == nil })
}

// prepare gives each worker what it needs to read a log.
func (a *Analysis) prepare(l *readLog, log int, workers []*worker) error {
	o := a.options.Parse
	written := l.Written
	o.Year = func() time.Time { return written }
	for _, w := range workers {
		parser, err := parse.New(l.format, o)
		if err != nil {
			return err
		}
		w.log, w.parser, w.stage, w.tally, w.sample = log, parse.BrieferOf(parser), nil, logTally{}, nil
		w.completer, _ = parser.(parse.Completer)
		w.inFields, w.found = w.completer != nil && a.counts.sieve.InFields(), [maxBriefs]match.Sets{}
		if !stateless(l.format) {
			w.stage = login.New(0)
		}
		if !l.Again {
			w.sample = a.sample
		}
	}
	return nil
}

// run has all blocks of a log counted.
func run(ctx context.Context, s *blocks, workers []*worker, progress *Progress) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, w := range workers {
		group.Go(func() error {
			return shielded(s.mapped, func() error { return w.blocks(ctx, s, progress) })
		})
	}
	return group.Wait()
}

// blocks counts blocks as long as there are any.
func (w *worker) blocks(ctx context.Context, s *blocks, progress *Progress) error {
	if w.buf == nil {
		w.buf = s.buffer()
	}
	for {
		b, err := s.next(ctx, w.buf)
		if err != nil {
			return w.end(err)
		}
		lines := w.tally.lines
		w.block(b)
		s.done(b)
		if progress != nil {
			progress.Bytes.Add(uint64(len(b.lines)))
			progress.Lines.Add(w.tally.lines - lines)
		}
	}
}

// end is told why there is no further block.
func (w *worker) end(err error) error {
	if !errors.Is(err, io.EOF) {
		return err
	}
	if w.stage != nil {
		w.stage.Flush()
		w.collect()
	}
	return nil
}

// collect adds up what the workers counted of the log.
func (l *readLog) collect(s *blocks, workers []*worker) {
	l.logTally = logTally{lines: s.long, skipped: s.long, long: s.long, exampleAt: s.longAt, example: s.longLine, why: errLong}
	for _, w := range workers {
		l.add(w.tally)
	}
}

func (t *logTally) add(other logTally) {
	if other.skipped > 0 && (t.skipped == 0 || other.exampleAt < t.exampleAt) {
		t.exampleAt, t.example, t.why = other.exampleAt, slices.Clone(other.example), other.why
	}
	t.lines, t.accepted, t.skipped = t.lines+other.lines, t.accepted+other.accepted, t.skipped+other.skipped
	t.ignored, t.long = t.ignored+other.ignored, t.long+other.long
}
