// Command cidrxctl shows, explains and undoes what the cidrx agent does. It talks to the agent's control socket and knows nothing of
// logs, detection or the kernel.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"cidrx/agent/control"
	"cidrx/packaging/manual"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], newTerm(os.Stdin, os.Stdout, os.Stderr)))
}

// app is what every command works with.
type app struct {
	client control.Client
	term   *term
	json   bool
}

// run does one command line and returns its exit code.
func run(ctx context.Context, args []string, t *term) int {
	a := &app{term: t}
	began := false
	root := a.root()
	root.PersistentPreRun = func(*cobra.Command, []string) {
		began = true
		a.client.SSHPeer = control.SSHPeer()
	}
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !began { // cobra did not get as far as the command: the line is wrong
		err = usage(err, fmt.Sprintf("see %s --help", cmd.CommandPath()))
	}
	t.fail(err)
	return exitCode(err)
}

// root is the command line.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "cidrxctl COMMAND",
		Short:         "Show, explain and undo what the cidrx agent does",
		Args:          a.noSuchCommand,
		RunE:          func(*cobra.Command, []string) error { return usagef("see cidrxctl --help", "no command is given") },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(a.term.in)
	root.SetOut(a.term.out)
	root.SetErr(a.term.err)
	root.PersistentFlags().BoolVar(&a.json, "json", false, "print one JSON document")
	root.PersistentFlags().StringVar(&a.client.Socket, "socket", socketDefault(), "the agent's control socket (environment: CIDRX_SOCKET)")
	root.AddCommand(a.status(), a.bans(), a.why(), a.ban(), a.unblock(), a.allow(), a.mode(), a.confirm(), a.reload(), a.events(), a.top(), a.flush(),
		a.selftest(), a.version(), manual.NewCommand())
	fitHelp(root)
	return root
}

func socketDefault() string {
	if path := os.Getenv("CIDRX_SOCKET"); path != "" {
		return path
	}
	return control.DefaultSocket
}

// noSuchCommand refuses a word that is no command, on one line, unlike cobra.
func (a *app) noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	near := cmd.SuggestionsFor(args[0])
	if len(near) == 0 {
		return usagef("see cidrxctl --help", "there is no command %q", args[0])
	}
	return usagef("did you mean "+near[0]+"?", "there is no command %q", args[0])
}

// none is for commands that take no arguments.
func none(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("see "+cmd.CommandPath()+" --help", "%s takes no arguments, and there is %q", cmd.Name(), args[0])
	}
	return nil
}

// one is for commands that take one argument, and what that is.
func one(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usagef("see "+cmd.CommandPath()+" --help", "%s takes one %s, not %d", cmd.Name(), what, len(args))
		}
		return nil
	}
}

// show prints what the agent answered: as JSON if asked for, else as render writes it. What render is given is safe to print.
func show[T any](a *app, v T, render func(*page, T)) error {
	if a.json {
		return a.term.document(v)
	}
	p := a.term.page()
	render(p, printable(v))
	return a.term.write(p)
}
