package main

import "github.com/spf13/cobra"

func (a *app) status() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Say whether the agent enforces, and how everything is",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.client.Status(cmd.Context())
			if err != nil {
				return err
			}
			return show(a, s, (*page).status)
		},
	}
}
