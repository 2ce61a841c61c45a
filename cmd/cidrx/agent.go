package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"

	"cidrx/agent"
	"cidrx/agent/config"
	"cidrx/agent/loglimit"
	"cidrx/cmd/internal/term"
	"cidrx/detect/parse"
)

func agentCommand() *cobra.Command {
	var file, mode string
	cmd := &cobra.Command{
		Use:     "agent",
		Aliases: []string{"live"},
		Short:   "Follow the logs and keep attackers out (the daemon, in the foreground)",
		Long: `agent follows the configured logs, bans what its strategies find, and keeps the bans in the kernel. SIGTERM and SIGINT stop it
(the bans stay), SIGHUP reloads the configuration. A mode set with cidrxctl persists; --mode goes before it.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in := inputs(file)
			if cmd.Flags().Changed("mode") {
				in.Flags["agent.mode"] = mode
			}
			return runAgent(cmd.Context(), in, cmd.Flags().Changed("mode"))
		},
	}
	cmd.Flags().StringVar(&file, "config", config.DefaultFile, "configuration `file`; conf.d/*.toml beside it follow")
	cmd.Flags().StringVar(&mode, "mode", "", "`observe` or enforce")
	return cmd
}

// inputs is everything the configuration is made of, with the file as named.
func inputs(file string) config.Inputs {
	return config.Inputs{File: file, Flags: map[string]any{}, Environ: environ(), CheckFormat: checkFormat, CheckFields: checkFields}
}

// environ is the environment without what is cidrxctl's: whoever uses both may have that set for good.
func environ() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "CIDRX_SOCKET=") })
}

// checkFormat says what is wrong with a log format.
func checkFormat(format string) error {
	_, err := parse.New(format, parse.Options{})
	return err
}

// checkFields says what is wrong with the field map of a nginx-json source.
func checkFields(fields map[string]string) error {
	_, err := parse.New("nginx-json", parse.Options{Fields: fields})
	return err
}

func runAgent(ctx context.Context, in config.Inputs, forceMode bool) error {
	cfg, warnings, err := config.Load(in)
	if err != nil {
		return err
	}
	outliveLog()
	log := newLogger(cfg.Log)
	for _, w := range warnings {
		log.Warn("configuration", "warning", w.Error())
	}
	a, err := agent.New(cfg, agent.Options{
		Logger: log, Firewall: openFirewall(log), ForceMode: forceMode, Reload: onHangup(ctx), Notify: notifySystemd(log),
		Load: func() (*config.Config, []config.Warning, error) { return config.Load(in) },
	})
	if err != nil {
		return err
	}
	tuneMemory() // not before: while a large state is read, memory only grows, and there is hardly anything to collect
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal kills
	return a.Run(ctx)
}

// outliveLog keeps the agent alive when nobody reads its log any more, as after a stop of journald: the Go runtime ends programs that
// write to a broken standard error, unless they ask for SIGPIPE (os/signal). Not ignored, since children would inherit that.
func outliveLog() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// tuneMemory makes the garbage collector work more often than its default: what lives long here is large and hardly changes, so that a
// heap of twice its size would be wasted. GOGC overrides it.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(25)
	}
}

// newLogger logs to standard error, within limits, so that what others can provoke does not fill the host's log.
func newLogger(cfg config.Log) *slog.Logger {
	o := &slog.HandlerOptions{Level: cfg.Level}
	var h slog.Handler = slog.NewTextHandler(os.Stderr, o)
	if cfg.Format == "json" {
		h = slog.NewJSONHandler(term.PrintableJSON(os.Stderr), o)
	}
	log, _ := loglimit.Wrap(slog.New(h), time.Now)
	return log
}

// onHangup turns SIGHUP into requests to reload.
func onHangup(ctx context.Context) <-chan struct{} {
	signals, reload := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, syscall.SIGHUP)
	go func() {
		for {
			select {
			case <-signals:
				select {
				case reload <- struct{}{}:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return reload
}

// maxNotes is how much systemd is to be told and has not been yet.
const maxNotes = 16

// notifySystemd tells systemd, if it started us; see sd_notify(3). The agent never waits for it: what systemd has no ear for is dropped.
func notifySystemd(log *slog.Logger) func(string) {
	notes := make(chan string, maxNotes)
	go func() {
		for state := range notes {
			if _, err := daemon.SdNotify(false, state); err != nil {
				log.Debug("sd_notify", "state", state, "error", err)
			}
		}
	}()
	return func(state string) {
		select {
		case notes <- state:
		default:
		}
	}
}
