package main

import (
	"github.com/spf13/cobra"

	"cidrx/agent/control"
)

func (a *app) ban() *cobra.Command {
	var length span
	var reason string
	cmd := &cobra.Command{
		Use:     "ban NETWORK",
		Short:   "Ban an address or network by hand",
		Example: "  cidrxctl ban 203.0.113.0/24 --for 12h --reason \"abuse report 4711\"",
		Args:    one("network or address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := network(args[0])
			if err != nil {
				return err
			}
			done, err := a.client.Ban(cmd.Context(), control.BanRequest{Prefix: p, ForS: length.seconds(), Reason: reason})
			return a.done(done, err, banned)
		},
	}
	cmd.Flags().Var(&length, "for", "how long, such as 30m, 12h, 2d, 1w (default: the first stage)")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the audit trail")
	return cmd
}
