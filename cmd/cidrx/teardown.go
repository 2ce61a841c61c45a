package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"cidrx/agent/control"
	"cidrx/firewall/ipset"
	"cidrx/firewall/nftables"
)

func teardownCommand() *cobra.Command {
	client := control.Client{}
	cmd := &cobra.Command{
		Use:   "teardown",
		Short: "Take everything that cidrx has put into the kernel out again",
		Long: `teardown lifts all bans at once by deleting cidrx's table, or with ipset its sets and rules, which a stop of the agent leaves in place.
The packages call it when they are removed. It is for when the agent does not run; while it does, use cidrxctl flush. The bans stay in the state: the next start of the
agent brings back those whose time is not over.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := client.Version(cmd.Context()); err == nil || errors.Is(err, control.ErrForbidden) {
				return errors.New("an agent runs and would put everything back; use cidrxctl flush, or stop it: systemctl stop cidrx")
			}
			return teardown(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&client.Socket, "socket", control.DefaultSocket, "the agent's control `socket`, to see that it does not run")
	return cmd
}

// teardown takes away what either backend left: the table of the one, which has everything in it, and the sets and rules of the other. A kernel without
// nftables that had the other's is all right.
func teardown(ctx context.Context) error {
	found, err := ipset.Clean(ctx, ipset.Options{})
	if tableErr := removeTable(ctx); !found {
		err = errors.Join(err, tableErr)
	}
	return err
}

func removeTable(ctx context.Context) error {
	f, err := nftables.New(nftables.Options{})
	if err != nil {
		return err
	}
	return errors.Join(f.Remove(ctx), f.Close())
}
