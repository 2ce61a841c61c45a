package main

import (
	"github.com/spf13/cobra"

	"cidrx/agent/control"
)

func (a *app) unblock() *cobra.Command {
	var r control.UnblockRequest
	grace := span{zero: true}
	cmd := &cobra.Command{
		Use:     "unblock NETWORK...",
		Aliases: []string{"unban"},
		Short:   "Lift bans, or carve addresses out of wider ones",
		Long: "Lift the bans on networks and whatever is banned inside them, and carve them out of wider bans. It answers when the kernel has " +
			"confirmed it and it is saved. For the grace time a new ban there needs five times the evidence.",
		Example:           "  cidrxctl unblock 203.0.113.7\n  cidrxctl unblock --all",
		ValidArgsFunction: a.completeBans,
		RunE: func(cmd *cobra.Command, args []string) error {
			if r.All == (len(args) > 0) {
				return usagef("name what to unblock, or say --all", "unblock takes networks or --all, one of the two")
			}
			for _, arg := range args {
				p, err := network(arg)
				if err != nil {
					return err
				}
				r.Prefixes = append(r.Prefixes, p)
			}
			if cmd.Flags().Changed("grace") {
				r.GraceS = new(grace.seconds())
			}
			done, err := a.client.Unblock(cmd.Context(), r)
			return a.done(done, err, unblocked)
		},
	}
	cmd.Flags().BoolVar(&r.All, "all", false, "lift every ban")
	cmd.Flags().Var(&grace, "grace", "how long a new ban needs five times the evidence (default: jail.unblockGrace)")
	return cmd
}
