package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"cidrx/agent"
	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/cmd/internal/term"
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
		Use:   "replay --logfile L...",
		Short: "Run old logs through the agent's pipeline: who would have been banned, when, for how long, why",
		Long: `replay runs detection and jail over old logs in their own time, as if enforcing. Nothing reaches a firewall.
Several logs are merged by time, .gz and .bz2 are read as they are, and - is standard input. Each log is
read as the source whose paths it matches, or else the only one that reads its lines; --source names it.
What happens to bans goes to standard output as it does, and a summary after it; --json prints the events
only, one JSON object a line. The lines of a network that is banned at their time count as stopped.`,
		Example: `  cidrx replay --logfile '/var/log/nginx/access.log*' --logfile /var/log/auth.log
  zcat old.gz | cidrx replay --config new.toml --source web --logfile - --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(f.logs) == 0 {
				return usageError{errors.New("replay needs --logfile")}
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			return runReplay(ctx, f, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&f.config, "config", config.DefaultFile, "configuration `file`; conf.d/*.toml beside it follow")
	cmd.Flags().StringArrayVar(&f.logs, "logfile", nil, "`log` to read; repeatable, globs, - for standard input")
	cmd.Flags().StringVar(&f.source, "source", "", "`name` of the configured source that the logs belong to")
	cmd.Flags().StringVar(&f.format, "logFormat", "", "`format` of the logs, in place of the source's")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the events as JSON, one a line")
	return cmd
}

func runReplay(ctx context.Context, f replayFlags, stdout, stderr io.Writer) error {
	cfg, warnings, err := config.Load(inputs(f.config))
	if err != nil {
		return err
	}
	for _, w := range warnings {
		term.Note(stderr, "warning: %s", w.Error())
	}
	logs, err := openLogs(f.logs)
	if err != nil {
		return err
	}
	defer logs.close()
	in, err := replayInputs(cfg, logs, f, stderr)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(stdout)
	start := time.Now()
	people := sheet{out, width(stdout)}
	sum, err := agent.Replay(ctx, cfg, in, eventPrinter(out, people, f.json))
	if err == nil {
		err = logs.misread(sum)
	}
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted: what was printed is not all")
	}
	if err != nil {
		return errors.Join(err, out.Flush())
	}
	if f.json {
		people = sheet{stderr, width(stderr)}
	}
	people.summary(sum, f.json)
	if err := out.Flush(); err != nil {
		return err
	}
	took := time.Since(start)
	fmt.Fprintf(stderr, "%s in %s (%s a second)\n", plural(sum.Lines, "line"), took.Round(time.Millisecond), thousands(uint64(float64(sum.Lines)/took.Seconds())))
	return nil
}

// replayInputs says of each log how it is read. Empty logs are left out: rotation makes them all the time.
func replayInputs(cfg *config.Config, logs oldLogs, f replayFlags, stderr io.Writer) ([]agent.ReplayInput, error) {
	var in []agent.ReplayInput
	for _, l := range logs {
		if l.firstLines() == nil {
			term.Note(stderr, "%s: empty", l.name)
			continue
		}
		src, err := sourceOf(cfg, l, f)
		if err != nil {
			return nil, err
		}
		if len(cfg.Sources) > 1 && f.source == "" {
			term.Note(stderr, "%s: read as source %s", l.name, src.Name)
		}
		l.looks, _ = parse.Detect(l.firstLines())
		in = append(in, agent.ReplayInput{Name: l.name, Reader: l, Source: src, Written: l.written})
	}
	return in, nil
}

// replay runs the agent's pipeline on the logs, of which in says how they are read, before somebody who looks on.
func (logs oldLogs) replay(ctx context.Context, cfg *config.Config, in []agent.ReplayInput, look agent.Onlooker, event func(control.Event) error) (*agent.ReplaySummary, error) {
	sum, err := agent.ReplayWatched(ctx, cfg, in, look, event)
	if err == nil {
		err = logs.misread(sum)
	}
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	return sum, err
}

// misread is an error if there is a log of which no line parses.
func (logs oldLogs) misread(sum *agent.ReplaySummary) error {
	for _, log := range sum.Logs {
		if log.Lines == 0 || log.Lines > log.Failed {
			continue
		}
		looks := ""
		for _, l := range logs {
			if l.name == log.Name && l.looks != "" && l.looks != log.Format {
				looks = fmt.Sprintf("; it looks like %s: --logFormat %[1]s, or --source with one that reads that", l.looks)
			}
		}
		return fmt.Errorf("%s: not one of %s parses as %s of source %s, such as %q%s", log.Name, plural(log.Lines, "line"), log.Format, log.Source, log.Unparsable[0], looks)
	}
	return nil
}

// eventPrinter prints events as they come.
func eventPrinter(out *bufio.Writer, people sheet, asJSON bool) func(control.Event) error {
	if !asJSON {
		return func(e control.Event) error {
			people.event(e)
			_, err := out.Write(nil) // says whether earlier ones failed
			return err
		}
	}
	var doc bytes.Buffer
	encode := json.NewEncoder(&doc)
	encode.SetEscapeHTML(false)
	var line []byte
	return func(e control.Event) error {
		doc.Reset()
		if err := encode.Encode(e); err != nil {
			return err
		}
		line = append(term.AppendPrintableJSON(line[:0], bytes.TrimSuffix(doc.Bytes(), []byte{'\n'})), '\n')
		_, err := out.Write(line)
		return err
	}
}
