package main

import (
	"errors"

	"github.com/spf13/cobra"

	"cidrx/agent/control"
)

// versions are those of both ends.
type versions struct {
	Cidrxctl control.Version  `json:"cidrxctl"`
	Agent    *control.Version `json:"agent"` // null: not reachable
}

func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of cidrxctl and of the running agent",
		Long:  "Print the versions of cidrxctl and of the running agent. Without an agent it prints its own and ends with exit code 3.",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := versions{Cidrxctl: control.Build()}
			agent, err := a.client.Version(cmd.Context())
			if err == nil {
				v.Agent = &agent
			}
			// Our own version is an answer all the same; that the other is missing is told by message and exit code.
			return errors.Join(show(a, v, (*page).versions), err)
		},
	}
}
