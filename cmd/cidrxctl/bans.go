package main

import "github.com/spf13/cobra"

func (a *app) bans() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "bans",
		Short: "List active bans",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			bans, err := a.client.Bans(cmd.Context(), all)
			if err != nil {
				return err
			}
			if len(bans) == 0 {
				a.term.say("nothing is banned")
			}
			return show(a, bans, (*page).bans)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "those that have ended, too")
	return cmd
}
