package main

import "github.com/spf13/cobra"

func (a *app) flush() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "flush",
		Short: "Lift all bans, empty the kernel, switch to observe",
		Long:  "Lift all bans for good, take everything of ours out of the kernel, and switch to observe. On a terminal it asks first.",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.sure(yes); err != nil {
				return err
			}
			r, err := a.client.Flush(cmd.Context())
			if err != nil {
				return err
			}
			return show(a, r, (*page).flushed)
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask; scripts need it")
	return cmd
}

// sure asks before bans are lifted that cannot be brought back. Where nobody can answer, the command line has to.
func (a *app) sure(yes bool) error {
	if yes {
		return nil
	}
	if !a.term.canAsk {
		return usagef("say flush --yes", "flush lifts every ban, and there is no terminal to ask on")
	}
	if !a.term.ask("Lift all bans, take everything out of the kernel and switch to observe?") {
		return failure("nothing was changed", "")
	}
	return nil
}
