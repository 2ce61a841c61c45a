// Command cidrx finds attackers in logs and keeps them out: the agent, and the tools that need no running agent.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/cmd/internal/term"
	"cidrx/configs"
	"cidrx/packaging/manual"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:]))
}

// Exit codes, the same as cidrxctl's where they mean the same.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func run(ctx context.Context, args []string) int {
	root := rootCommand()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && cmd.Name() == "agent" {
		tellSystemd(err)
	}
	var code exitCode
	var list config.Errors
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, new(usageError)):
		term.Note(os.Stderr, "cidrx: %v; %s --help shows how", err, cmd.CommandPath())
		return exitUsage
	case errors.As(err, &list): // file and line come first, for editors
		fmt.Fprintln(os.Stderr, term.ErrorText(list))
		return exitFailed
	}
	fmt.Fprintln(os.Stderr, "cidrx:", strings.ReplaceAll(term.ErrorText(err), "\n", "\ncidrx: ")) // of several, each has its line
	return exitFailed
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "cidrx",
		Short:         "Find attackers in logs, as hosts and as networks, and keep them out with nftables",
		Version:       control.Build().Version,
		SilenceErrors: true,
		SilenceUsage:  true,

		SuggestionsMinimumDistance: 2,
		Args:                       knownCommand,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.AddCommand(agentCommand(), checkCommand(), explainCommand(), doctorCommand(), replayCommand(), parseCommand(), staticCommand(), demoCommand(), teardownCommand(), versionCommand())
	root.AddCommand(manual.NewCommand(manual.Document{Title: "The agent", Text: configs.Reference()}, manual.Document{Title: "Whole logs", Text: configs.Static()}))
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{flagFault(err)} })
	return root
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Say which build this is", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "cidrx", build(control.Build()))
			return err
		},
	}
}

// exitCode ends the program without another word: what was to say has been said.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit status %d", int(c)) }

// exitAs passes on how a child process ended.
func exitAs(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exitCode(max(exit.ExitCode(), exitFailed))
	}
	return err
}

// usageError is a mistake in the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// flagFault says in words what is wrong with the value of a flag that must be a number.
func flagFault(err error) error {
	var (
		value  *pflag.InvalidValueError
		number *strconv.NumError
	)
	if !errors.As(err, &value) || !errors.As(err, &number) || number.Func == "ParseBool" {
		return err
	}
	switch text := value.GetValue(); {
	case errors.Is(number, strconv.ErrRange) && text[0] != '-':
		return fmt.Errorf("--%s: %s is too large", value.GetFlag().Name, text)
	case errors.Is(number, strconv.ErrRange):
		return fmt.Errorf("--%s: %s is too small", value.GetFlag().Name, text)
	default:
		return fmt.Errorf("--%s: %q is not a number", value.GetFlag().Name, text)
	}
}

// noArgs refuses arguments that are no flags.
func noArgs(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case cmd.Flags().Lookup("logfile") != nil:
		return usageError{fmt.Errorf("what is %q? Logs are named with --logfile", args[0])}
	}
	return usageError{fmt.Errorf("what is %q? There are only flags", args[0])}
}

// knownCommand refuses arguments that are no command, with the one that is likely meant.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return usageError{fmt.Errorf("there is no command %q; did you mean %q?", args[0], near[0])}
	}
	return usageError{fmt.Errorf("there is no command %q", args[0])}
}
