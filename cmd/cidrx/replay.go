package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cidrx/agent"
	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/detect/parse"
)

// replayFlags are the flags of cidrx replay.
type replayFlags struct {
	config, source, format string
	logs                   []string
	json                   bool
}

func replayCommand() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay --config F --logfile L...",
		Short: "Run the agent's pipeline over old logs: what would have been banned when, for how long and why",
		Long: `replay runs detection and jail over old logs in their own time, as if enforcing. Nothing reaches a firewall. Several logs are merged
by time; .gz is read as it is, and - is standard input. Each log is read as the source whose paths it matches; --source says so where
none does. With --json the events go to stdout, one a line; without, an account for people with a summary.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(f.logs) == 0 {
				return usageError{errors.New("replay needs --logfile")}
			}
			return runReplay(cmd.Context(), f, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&f.config, "config", config.DefaultFile, "configuration file")
	cmd.Flags().StringArrayVar(&f.logs, "logfile", nil, "log to read; repeatable, globs, - for standard input")
	cmd.Flags().StringVar(&f.source, "source", "", "configured source that the logs belong to")
	cmd.Flags().StringVar(&f.format, "logFormat", "", "format of the logs, in place of the source's")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the events as JSON, one a line")
	return cmd
}

func runReplay(ctx context.Context, f replayFlags, stdout, stderr io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	cfg, warnings, err := config.Load(inputs(f.config))
	if err != nil {
		return err
	}
	for _, w := range warnings {
		fmt.Fprintln(stderr, "warning:", w.Error())
	}
	logs, err := openLogs(f.logs)
	if err != nil {
		return err
	}
	defer logs.close()
	var in []agent.ReplayInput
	for _, l := range logs {
		src, err := sourceOf(cfg, l, f)
		if err != nil {
			return err
		}
		in = append(in, agent.ReplayInput{Name: l.name, Reader: l, Source: src, Written: l.written})
	}
	out := bufio.NewWriter(stdout)
	start := time.Now()
	sum, err := agent.Replay(ctx, cfg, in, eventPrinter(out, f.json))
	if err == nil && sum.Lines > 0 && sum.Lines == sum.Failed {
		err = fmt.Errorf("%s: not one of %d lines parses, such as %s", strings.Join(f.logs, ", "), sum.Lines, sum.Unparsable[0])
	}
	if err != nil {
		return errors.Join(err, out.Flush())
	}
	if f.json {
		fmt.Fprintln(stderr, replayLine(sum, time.Since(start)))
	} else {
		printSummary(out, sum, time.Since(start))
	}
	return out.Flush()
}

// eventPrinter prints events as they come.
func eventPrinter(out *bufio.Writer, asJSON bool) func(control.Event) error {
	if asJSON {
		encode := json.NewEncoder(out)
		encode.SetEscapeHTML(false)
		return func(e control.Event) error { return encode.Encode(e) }
	}
	return func(e control.Event) error {
		_, err := fmt.Fprintln(out, eventLine(e))
		return err
	}
}

// oldLog is a log file opened for reading, decompressed if need be.
type oldLog struct {
	*bufio.Reader
	name    string
	written time.Time
	closers []io.Closer
}

type oldLogs []*oldLog

func (l oldLogs) close() {
	for _, log := range l {
		for _, c := range log.closers {
			c.Close() // only read from
		}
	}
}

// openLogs opens files, globs and standard input.
func openLogs(names []string) (oldLogs, error) {
	var out oldLogs
	for _, name := range names {
		paths, err := expand(name)
		if err != nil {
			return nil, err
		}
		for _, p := range paths {
			l, err := openLog(p)
			if err != nil {
				out.close()
				return nil, err
			}
			out = append(out, l)
		}
	}
	return out, nil
}

// expand is the files that a name stands for.
func expand(name string) ([]string, error) {
	if name == "-" || !strings.ContainsAny(name, "*?[") {
		return []string{name}, nil
	}
	paths, err := filepath.Glob(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s: no such file", name)
	}
	return paths, nil
}

// peekBytes is how much of a log is looked at to tell its format.
const peekBytes = 64 << 10

func openLog(path string) (*oldLog, error) {
	l := &oldLog{name: path, written: time.Now()}
	var r io.Reader = os.Stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		l.closers = append(l.closers, f)
		if info, err := f.Stat(); err == nil {
			l.written = info.ModTime()
		}
		r = f
	}
	l.Reader = bufio.NewReaderSize(r, peekBytes)
	if magic, _ := l.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return l, nil
	}
	z, err := gzip.NewReader(l.Reader)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	l.Reader, l.closers = bufio.NewReaderSize(z, peekBytes), append(l.closers, z)
	return l, nil
}

// firstLines are the whole lines at the start of the log, without consuming them.
func (l *oldLog) firstLines() [][]byte {
	head, _ := l.Peek(peekBytes)
	lines := bytes.Split(head, []byte{'\n'})
	if len(lines) > 1 {
		lines = lines[:len(lines)-1]
	}
	return lines[:min(len(lines), 100)]
}

// sourceOf is the source as which a log is read: the one named, the one whose paths it matches, the one whose format it has.
func sourceOf(cfg *config.Config, l *oldLog, f replayFlags) (config.Source, error) {
	src, ok := pickSource(cfg, l, f.source)
	if !ok && f.source != "" {
		return src, fmt.Errorf("--source %s: the configuration has no such source; it has %s", f.source, sourceNames(cfg))
	}
	if !ok {
		return src, fmt.Errorf("%s: cannot tell which source it belongs to; name it: --source %s", l.name, strings.ReplaceAll(sourceNames(cfg), ", ", " or --source "))
	}
	if f.format != "" {
		src.Format = f.format
	}
	return src, checkFormat(src.Format)
}

func pickSource(cfg *config.Config, l *oldLog, name string) (config.Source, bool) {
	for _, s := range cfg.Sources {
		if s.Name == name || name == "" && (len(cfg.Sources) == 1 || matchesPath(s, l.name)) {
			return s, true
		}
	}
	if name != "" {
		return config.Source{}, false
	}
	format, _ := parse.Detect(l.firstLines())
	for _, s := range cfg.Sources {
		if s.Format == format {
			return s, true
		}
	}
	return config.Source{}, false
}

// matchesPath says that a log is one of the source's, or a rotated one beside it.
func matchesPath(s config.Source, path string) bool {
	abs, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	for _, pattern := range s.Paths {
		for _, p := range []string{pattern, pattern + ".*", pattern + "-*"} {
			if ok, _ := filepath.Match(p, abs); ok {
				return true
			}
		}
	}
	return false
}

func sourceNames(cfg *config.Config) string {
	var names []string
	for _, s := range cfg.Sources {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}
