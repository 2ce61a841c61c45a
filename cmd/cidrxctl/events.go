package main

import (
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"cidrx/agent/control"
)

func (a *app) events() *cobra.Command {
	var follow bool
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Print the audit trail as JSON lines, oldest first",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			return a.client.Events(ctx, follow, func(e control.Event) error { return a.term.line(e) })
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what happens from now on, until interrupted")
	return cmd
}
