package main

import "github.com/spf13/cobra"

func (a *app) confirm() *cobra.Command {
	return &cobra.Command{
		Use:   "confirm",
		Short: "Keep the mode that was set with mode enforce --confirm",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := a.client.Confirm(cmd.Context())
			if err != nil {
				return err
			}
			if !m.Changed {
				return a.nothing(m, "nothing waits to be confirmed", "mode enforce --confirm 10m makes something wait")
			}
			return show(a, m, (*page).confirmed)
		},
	}
}
