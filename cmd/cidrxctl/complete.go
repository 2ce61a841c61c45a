package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

// completionTimeout is how long a person at a prompt waits gladly.
const completionTimeout = time.Second

// completeBans offers the networks that are banned now.
func (a *app) completeBans(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTimeout)
	defer cancel()
	bans, err := a.client.Bans(ctx, false)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveError
	}
	words := make([]string, len(bans))
	for i, b := range bans {
		words[i] = b.Prefix.String()
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

// completeAllowed offers what can be taken off the allowlist.
func (a *app) completeAllowed(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTimeout)
	defer cancel()
	entries, err := a.client.AllowList(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveError
	}
	var words []string
	for _, e := range entries {
		if e.Origin == "run-time" {
			words = append(words, e.Prefix.String())
		}
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}
