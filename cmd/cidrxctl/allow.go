package main

import (
	"github.com/spf13/cobra"

	"cidrx/agent/control"
)

func (a *app) allow() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "allow list|add|remove",
		Short: "Show and change what is never banned",
		Long:  "Show the allowlist, and change its run-time part, which is kept across restarts. What is allowed is never banned, whatever is said.",
		RunE: func(_ *cobra.Command, args []string) error {
			return usagef("say allow list, allow add NETWORK or allow remove NETWORK", "allow does not say what to do (%q)", args)
		},
	}
	cmd.AddCommand(a.allowList(), a.allowAdd(), a.allowRemove())
	return cmd
}

func (a *app) allowList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List what is never banned, and where that is said",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			entries, err := a.client.AllowList(cmd.Context())
			if err != nil {
				return err
			}
			if len(entries) == 0 {
				a.term.say("the allowlist is empty")
			}
			return show(a, entries, (*page).allowlist)
		},
	}
}

func (a *app) allowAdd() *cobra.Command {
	var length span
	var note string
	cmd := &cobra.Command{
		Use:     "add NETWORK",
		Short:   "Never ban an address or network, and lift what is banned of it now",
		Example: "  cidrxctl allow add 198.51.100.0/24 --for 2d --note \"pentest\"",
		Args:    one("network or address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := network(args[0])
			if err != nil {
				return err
			}
			done, err := a.client.AllowAdd(cmd.Context(), control.AllowRequest{Prefix: p, ForS: length.seconds(), Note: note})
			return a.done(done, err, allowed)
		},
	}
	cmd.Flags().Var(&length, "for", "how long, such as 12h, 2d, 1w (default: until removed)")
	cmd.Flags().StringVar(&note, "note", "", "whose it is, or why")
	return cmd
}

func (a *app) allowRemove() *cobra.Command {
	return &cobra.Command{
		Use:               "remove NETWORK",
		Short:             "Take a network off the run-time allowlist",
		Args:              one("network or address"),
		ValidArgsFunction: a.completeAllowed,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := network(args[0])
			if err != nil {
				return err
			}
			done, err := a.client.AllowRemove(cmd.Context(), control.AllowRequest{Prefix: p})
			return a.done(done, err, disallowed)
		},
	}
}
