package main

import "github.com/spf13/cobra"

func (a *app) selftest() *cobra.Command {
	return &cobra.Command{
		Use:   "selftest",
		Short: "Try the whole way from a log line to the kernel",
		Long:  "Send a line from a test address through a source, see the element in the kernel, and remove it.",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := a.client.Selftest(cmd.Context())
			if err != nil {
				return err
			}
			if err := show(a, r, (*page).selftest); err != nil {
				return err
			}
			if !r.OK {
				return failure("the self-test failed", "cidrxctl status and journalctl -u cidrx say more")
			}
			return nil
		},
	}
}
