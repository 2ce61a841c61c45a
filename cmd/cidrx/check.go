package main

import (
	"context"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"cidrx/agent/config"
	"cidrx/cmd/internal/term"
	"cidrx/detect/static"
)

func checkCommand() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Validate the configuration; with --logfile, measure its tiers against real traffic",
		Long: `check reads the configuration as the agent would and names what is wrong by file, line and key. Exit 0 if it is valid, 1 if not.
With --logfile it also runs the logs through the strategies in their own time, with nobody banned, and says of each tier how many
requests it takes at the measured traffic, which condition decides, and what the tier would have reported; it warns of tiers that
report nobody or everybody and of formats that do not parse. Warnings do not change the exit code; a log of which no line parses does.

` + static.OrdinaryRule,
		Example: `  cidrx check
  cidrx check --config new.toml --logfile '/var/log/nginx/access.log*'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(f.logs) == 0 && (f.source != "" || f.format != "" || f.json) {
				return usageError{fmt.Errorf("--source, --logFormat and --json go with --logfile only")}
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			return runCheck(ctx, f, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&f.config, "config", config.DefaultFile, "configuration `file`; conf.d/*.toml beside it follow")
	cmd.Flags().StringArrayVar(&f.logs, "logfile", nil, "`log` to measure the tiers with; repeatable, globs, - for standard input")
	cmd.Flags().StringVar(&f.source, "source", "", "`name` of the configured source that the logs belong to")
	cmd.Flags().StringVar(&f.format, "logFormat", "", "`format` of the logs, in place of the source's")
	cmd.Flags().BoolVar(&f.json, "json", false, "print what was measured as one JSON document")
	return cmd
}

func runCheck(ctx context.Context, f replayFlags, stdout, stderr io.Writer) error {
	cfg, warnings, err := config.Load(inputs(f.config))
	if err != nil {
		return err
	}
	for _, w := range warnings {
		term.Note(stderr, "warning: %s", w.Error())
	}
	for _, w := range mismatches(cfg) {
		term.Note(stderr, "warning: %s: %s", f.config, w)
	}
	verdict := io.Writer(stdout)
	if f.json {
		verdict = stderr
	}
	var b strings.Builder
	sheet{&b, width(verdict)}.say("", "%s: valid (%s, %s, mode %s)", f.config, plural(len(cfg.Sources), "source"), strategies(len(cfg.Live)), cfg.Agent.Mode)
	if _, err := io.WriteString(verdict, b.String()); err != nil || len(f.logs) == 0 {
		return err
	}
	return checkLogs(ctx, cfg, f, stdout, stderr)
}

func strategies(n int) string {
	if n == 1 {
		return "1 strategy"
	}
	return thousands(n) + " strategies"
}
