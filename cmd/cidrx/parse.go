package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"cidrx/agent/tail"
	"cidrx/cmd/internal/term"
	"cidrx/detect/login"
	"cidrx/detect/parse"
)

func parseCommand() *cobra.Command {
	var format, zone string
	var logs []string
	cmd := &cobra.Command{
		Use:   "parse --logfile L...",
		Short: "Show how log lines are read, as JSON, one a line",
		Long:  parseHelp(),
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(logs) == 0 {
				return usageError{errors.New("parse needs --logfile")}
			}
			loc, err := time.LoadLocation(zone)
			if err != nil {
				return usageError{fmt.Errorf("--timezone: %w", err)}
			}
			return runParse(cmd.Context(), format, loc, logs, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&format, "format", "auto", "preset or `format` string")
	cmd.Flags().StringVar(&zone, "timezone", "Local", "time `zone` of stamps without one")
	cmd.Flags().StringArrayVar(&logs, "logfile", nil, "`log` to read; repeatable, globs, - for standard input")
	return cmd
}

func parseHelp() string {
	var b bytes.Buffer
	fmt.Fprintln(&b, "parse prints each line with the event that it makes, or why it makes none. Presets:")
	for _, p := range parse.Presets() {
		fmt.Fprintf(&b, "  %-16s %s\n", p.Name, p.About)
	}
	b.WriteString(`Anything with a % in it is a format string, such as '%h %^ %l [%t] "%r" %s %b "%R" "%u"'.`)
	return b.String()
}

func runParse(ctx context.Context, format string, zone *time.Location, names []string, stdout, stderr io.Writer) error {
	if err := checkFormat(format); err != nil {
		return usageError{err}
	}
	logs, err := openLogs(names)
	if err != nil {
		return err
	}
	defer logs.close()
	out := bufio.NewWriterSize(stdout, 1<<16)
	p := &linePrinter{out: out, format: format, zone: zone}
	for _, l := range logs {
		before := p.counts
		p.first = p.first[:0]
		if err := p.print(ctx, l); err != nil {
			return errors.Join(err, out.Flush())
		}
		if n := p.counts.lines - before.lines; n > 0 && n == p.counts.failed-before.failed {
			err = errors.Join(err, fmt.Errorf("%s: not one of %s parses as %s%s", l.name, plural(n, "line"), format, looksLike(p.first)))
		}
	}
	c := p.counts
	fmt.Fprintf(stderr, "%s: %s parsed, %s ignored, %s failed\n", plural(c.lines, "line"), thousands(c.lines-c.ignored-c.failed), thousands(c.ignored), thousands(c.failed))
	return errors.Join(err, out.Flush())
}

// linePrinter prints what becomes of each line.
type linePrinter struct {
	out      *bufio.Writer
	format   string
	zone     *time.Location
	counts   lineCounts
	first    [][]byte // of a log, while none has parsed
	doc, buf []byte
}

type lineCounts struct{ lines, ignored, failed uint64 }

func (p *linePrinter) print(ctx context.Context, l *oldLog) error {
	parser, err := parse.New(p.format, parse.Options{Location: p.zone, Year: func() time.Time { return l.written }})
	if err != nil {
		return err
	}
	stage := login.New(0)
	var arena parse.Arena
	err = tail.New(tail.Options{Paths: []string{"-"}, Stdin: l}).Run(ctx, func(c tail.Chunk) error {
		defer c.Release()
		for line := range bytes.Lines(c.Data) {
			arena.Reset()
			if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
				continue
			}
			if err := p.line(parser, stage, &arena, line); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", l.name, err)
	}
	stage.Flush()
	return p.due(stage)
}

func (p *linePrinter) line(parser parse.Parser, stage *login.Assembler, arena *parse.Arena, line []byte) error {
	var ev parse.Event
	err := parser.Parse(line, &ev, arena)
	if err == nil && !stage.Add(&ev) {
		err = login.ErrPart
	}
	p.counts.lines++
	if errors.Is(err, parse.ErrIgnored) {
		p.counts.ignored++
	} else if err != nil {
		p.counts.failed++
		if len(p.first) < maxFirstLines {
			p.first = append(p.first, bytes.Clone(line))
		}
	}
	if err := p.result(line, &ev, err); err != nil {
		return err
	}
	return p.due(stage)
}

// result prints what a line, or an attempt, has become.
func (p *linePrinter) result(line []byte, ev *parse.Event, err error) error {
	p.doc = parse.AppendResult(p.doc[:0], line, ev, err)
	p.buf = append(term.AppendPrintableJSON(p.buf[:0], p.doc), '\n')
	_, err = p.out.Write(p.buf)
	return err
}

// due prints the login attempts that no line of their own decided.
func (p *linePrinter) due(stage *login.Assembler) error {
	for _, ev := range stage.Due(nil) {
		if err := p.result(ev.Line, &ev, nil); err != nil {
			return err
		}
	}
	return nil
}
