package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/cmd/internal/term"
)

// explainFlags are the flags of cidrx explain.
type explainFlags struct {
	replayFlags
	line, ip string
}

func explainCommand() *cobra.Command {
	var f explainFlags
	cmd := &cobra.Command{
		Use:   "explain (--line L | --ip A --logfile F...)",
		Short: "Say how a line is read and what it counts for, or how close an address comes to a ban",
		Long: `With --line, explain says how the sources of the configuration read a log line, whether its client can be banned, which strategies the
line enters, and which filter keeps it out of the others. With --ip, it runs the logs through the agent's pipeline in their own time and
says how close the address, and the networks around it, came to each tier: at the closest moment and at the end; and when it would have
been banned. Several logs are merged by time, compressed ones are read as they are, and - is standard input.`,
		Example: `  cidrx explain --line "$(tail -n 1 /var/log/nginx/access.log)"
  cidrx explain --ip 203.0.113.9 --logfile '/var/log/nginx/access.log*'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			return runExplain(ctx, f, cmd.Flags().Changed("line"), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&f.config, "config", config.DefaultFile, "configuration `file`; conf.d/*.toml beside it follow")
	cmd.Flags().StringVar(&f.line, "line", "", "log `line` to explain")
	cmd.Flags().StringVar(&f.ip, "ip", "", "`address` to explain")
	cmd.Flags().StringArrayVar(&f.logs, "logfile", nil, "`log` to read for --ip; repeatable, globs, - for standard input")
	cmd.Flags().StringVar(&f.source, "source", "", "`name` of the configured source that line or logs belong to")
	cmd.Flags().StringVar(&f.format, "logFormat", "", "`format` of line or logs, in place of the source's")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON document")
	return cmd
}

func runExplain(ctx context.Context, f explainFlags, hasLine bool, stdout, stderr io.Writer) error {
	switch {
	case hasLine == (f.ip != ""):
		return usageError{errors.New("explain needs --line, or --ip and --logfile")}
	case f.ip != "" && len(f.logs) == 0:
		return usageError{errors.New("--ip needs --logfile: the logs to look for it in")}
	case hasLine && len(f.logs) > 0:
		return usageError{errors.New("--line is explained by itself, without --logfile")}
	case hasLine && strings.TrimRight(f.line, "\r\n") == "":
		return usageError{errors.New("--line is empty")}
	}
	cfg, warnings, err := config.Load(inputs(f.config))
	if err != nil {
		return err
	}
	for _, w := range warnings {
		term.Note(stderr, "warning: %s", w.Error())
	}
	if hasLine {
		return explainLine(ctx, cfg, f, stdout)
	}
	addr, err := control.ParseAddress(f.ip)
	if err != nil {
		return usageError{fmt.Errorf("--ip: %w", err)}
	}
	return explainAddress(ctx, cfg, f, addr, stdout, stderr)
}
