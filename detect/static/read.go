package static

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"cidrx/detect/login"
	"cidrx/detect/parse"
)

const (
	maxLine      = 1 << 20   // bytes; longer lines do not parse
	headBytes    = 256 << 10 // of a log, looked at to tell its format
	headLines    = 1000
	maxFirstLine = 200 // bytes of a line that is shown
)

// readLog is what is known of a log that was read.
type readLog struct {
	Log
	format  string // preset or format string
	lines   uint64 // that are not empty
	parsed  uint64 // lines that gave an event, or a part of one
	skipped uint64
	ignored uint64
	long    uint64 // of skipped: longer than maxLine
	example string // the first line that did not parse
	why     error  // it did not
	first   string // the first line
	looks   string // the preset that its first lines have
}

// lineReader reads one log.
type lineReader struct {
	*readLog
	counts *counts
	parser parse.Parser
	stage  *login.Assembler
	arena  parse.Arena
	due    []parse.Event
}

// read reads a log and counts its lines.
func (a *Analysis) read(ctx context.Context, i int, log *Log) (readLog, error) {
	l := readLog{Log: *log, format: a.options.Format}
	in, err := log.Open()
	if err != nil {
		return l, err
	}
	defer in.Close()
	r := bufio.NewReaderSize(in, headBytes)
	head := firstLines(r)
	l.look(head)
	if err := a.lines(ctx, &l, r); err != nil {
		return l, fmt.Errorf("%s: %w, after %d lines", log.Name, err, l.lines)
	}
	if l.lines > 0 && l.parsed+l.ignored == 0 {
		return l, &Unreadable{Log: log.Name, Format: a.options.Format, First: l.first, Looks: l.looks, Lines: l.lines}
	}
	return l, nil
}

// firstLines are the whole lines at the beginning of the log.
func firstLines(r *bufio.Reader) [][]byte {
	head, err := r.Peek(headBytes)
	lines := bytes.Split(head, []byte{'\n'})
	if err == nil && len(lines) > 1 {
		lines = lines[:len(lines)-1] // the last one goes on
	}
	var out [][]byte
	for _, line := range lines {
		if line = trim(line); len(line) > 0 && len(out) < headLines {
			out = append(out, line)
		}
	}
	return out
}

// trim takes off what stands around a line: NULs that a writer left which went on at its old place after a truncation, and the carriage
// return of other systems.
func trim(line []byte) []byte { return bytes.TrimSuffix(bytes.TrimLeft(line, "\x00"), []byte{'\r'}) }

// look tells the format by the first lines, if it is not given.
func (l *readLog) look(head [][]byte) {
	l.looks, _ = parse.Detect(head)
	if l.format == "auto" && l.looks != "" {
		l.format = l.looks
	}
	if len(head) > 0 {
		l.first = string(head[0][:min(len(head[0]), maxFirstLine)])
	}
}

// lines counts all lines.
func (a *Analysis) lines(ctx context.Context, l *readLog, in *bufio.Reader) error {
	o := a.options.Parse
	o.Year = func() time.Time { return l.Written }
	parser, err := parse.New(l.format, o)
	if err != nil {
		return err
	}
	r := lineReader{readLog: l, counts: a.counts, parser: parser, stage: login.New(0)}
	for {
		line, err := in.ReadSlice('\n')
		if err == nil || errors.Is(err, io.EOF) {
			r.line(bytes.TrimSuffix(line, []byte{'\n'}))
		} else if errors.Is(err, bufio.ErrBufferFull) {
			line, err = rest(bytes.Clone(line), in)
			r.line(line)
		}
		a.progress(len(line))
		if errors.Is(err, io.EOF) {
			r.stage.Flush()
			r.collect()
			return nil
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
	}
}

// rest reads the rest of a line, and keeps a little more of it than a line may have.
func rest(line []byte, in *bufio.Reader) ([]byte, error) {
	for {
		more, err := in.ReadSlice('\n')
		line = append(bytes.TrimLeft(line, "\x00"), more...)
		line = line[:min(len(line), maxLine+2)]
		if !errors.Is(err, bufio.ErrBufferFull) {
			return bytes.TrimSuffix(line, []byte{'\n'}), err
		}
	}
}

func (a *Analysis) progress(bytes int) {
	if p := a.options.Progress; p != nil {
		p.Lines.Add(1)
		p.Bytes.Add(uint64(bytes))
	}
}

// line counts one line.
func (l *lineReader) line(line []byte) {
	long := len(bytes.TrimLeft(line, "\x00")) > maxLine
	if line = trim(line); len(line) == 0 {
		return
	}
	l.lines++
	if long {
		l.long++
		l.skip(line, errLong)
		return
	}
	var ev parse.Event
	l.arena.Reset()
	if err := l.parser.Parse(line, &ev, &l.arena); err != nil {
		l.skip(line, err)
		return
	}
	l.parsed++
	whole := l.stage.Add(&ev)
	l.collect()
	if whole {
		l.counts.add(&ev)
	} else {
		l.ignored++
	}
}

// collect counts the login attempts that no line of their own decided.
func (l *lineReader) collect() {
	l.due = l.stage.Due(l.due[:0])
	for i := range l.due {
		l.counts.add(&l.due[i])
	}
}

var errLong = errors.New("the line is longer than 1 MiB")

// skip counts a line that is no event.
func (l *lineReader) skip(line []byte, err error) {
	if errors.Is(err, parse.ErrIgnored) {
		l.ignored++
		return
	}
	if l.skipped++; l.skipped == 1 {
		l.example, l.why = string(line[:min(len(line), maxFirstLine)]), err
	}
}
