// Command cidrx finds attackers in logs and keeps them out: the agent, and the tools that need no running agent.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/spf13/cobra"

	"cidrx/agent/control"
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
	err := root.ExecuteContext(ctx)
	var code exitCode
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, new(usageError)):
		fmt.Fprintf(os.Stderr, "cidrx: %v; cidrx --help shows how\n", err)
		return exitUsage
	}
	fmt.Fprintln(os.Stderr, "cidrx:", err)
	return exitFailed
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "cidrx",
		Short:         "Find attackers in logs, as hosts and as networks, and keep them out with nftables",
		Version:       control.Build().Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.AddCommand(agentCommand(), checkCommand(), replayCommand(), parseCommand(), demoCommand(), versionCommand())
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	for _, c := range root.Commands() {
		c.Args = usageArgs(c.Args)
	}
	root.Args = usageArgs(root.Args)
	return root
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Say which build this is", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := control.Build()
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "cidrx %s (%s, %s)\n", v.Version, v.Commit, v.Go)
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

func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}
