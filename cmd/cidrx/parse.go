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
	"cidrx/detect/login"
	"cidrx/detect/parse"
)

func parseCommand() *cobra.Command {
	var format, zone string
	var logs []string
	cmd := &cobra.Command{
		Use:   "parse --format F --logfile L...",
		Short: "Show how log lines are read, as JSON, one a line",
		Long:  parseHelp(),
		Args:  cobra.NoArgs,
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
	cmd.Flags().StringVar(&format, "format", "auto", "preset or format string")
	cmd.Flags().StringVar(&zone, "timezone", "Local", "for stamps without a zone")
	cmd.Flags().StringArrayVar(&logs, "logfile", nil, "log to read; repeatable, globs, - for standard input")
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
	logs, err := openLogs(names)
	if err != nil {
		return err
	}
	defer logs.close()
	out := bufio.NewWriterSize(stdout, 1<<16)
	p := &linePrinter{out: out}
	for _, l := range logs {
		if err := p.print(ctx, l, format, zone); err != nil {
			return errors.Join(err, out.Flush())
		}
	}
	fmt.Fprintf(stderr, "%s lines: %s parsed, %s ignored, %s failed\n", thousands(p.lines), thousands(p.lines-p.ignored-p.failed), thousands(p.ignored), thousands(p.failed))
	return out.Flush()
}

// linePrinter prints what becomes of each line.
type linePrinter struct {
	out                    *bufio.Writer
	lines, ignored, failed uint64
	buf                    []byte
}

func (p *linePrinter) print(ctx context.Context, l *oldLog, format string, zone *time.Location) error {
	parser, err := parse.New(format, parse.Options{Location: zone, Year: func() time.Time { return l.written }})
	if err != nil {
		return usageError{err}
	}
	stage := login.New(0)
	var arena parse.Arena
	err = tail.New(tail.Options{Paths: []string{"-"}, Stdin: l}).Run(ctx, func(c tail.Chunk) error {
		defer c.Release()
		for line := range bytes.Lines(c.Data) {
			arena.Reset()
			if err := p.line(parser, stage, &arena, bytes.TrimRight(line, "\r\n")); err != nil {
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
	p.lines++
	if errors.Is(err, parse.ErrIgnored) {
		p.ignored++
	} else if err != nil {
		p.failed++
	}
	p.buf = append(parse.AppendResult(p.buf[:0], line, &ev, err), '\n')
	if _, err := p.out.Write(p.buf); err != nil {
		return err
	}
	return p.due(stage)
}

// due prints the login attempts that no line of their own decided.
func (p *linePrinter) due(stage *login.Assembler) error {
	for _, ev := range stage.Due(nil) {
		p.buf = append(parse.AppendResult(p.buf[:0], ev.Line, &ev, nil), '\n')
		if _, err := p.out.Write(p.buf); err != nil {
			return err
		}
	}
	return nil
}
