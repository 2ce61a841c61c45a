package main

import "github.com/spf13/cobra"

func (a *app) reload() *cobra.Command {
	return &cobra.Command{
		Use:   "reload",
		Short: "Read the configuration again; bans and windows stay",
		Long:  "Read the configuration again. Bans, windows and positions stay. A bad configuration changes nothing and says why.",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := a.client.Reload(cmd.Context())
			if err != nil {
				return err
			}
			return show(a, r, (*page).reloaded)
		},
	}
}
